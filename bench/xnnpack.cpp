// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Requantized products and depthwise convolutions of s8 by s8, a scale per channel, beside XNNPACK's operators (qc8):
// one thread, weights packed once, results verified before they are timed.

#include "multiply_limit.hpp"
#include "pair.hpp"

#include <equant/gemm/depthwise.hpp>
#include <equant/gemm/gemm.hpp>

#include <xnnpack.h>

#include <array>
#include <cmath>
#include <memory>
#include <stdexcept>

namespace {

using namespace equant;

/// XNNPACK's convolution of NHWC images; a product is one of 1 x 1 over rows of pixels.
class xnn_convolution {
 public:
  struct sizes {
    index_t height, width, kernel, stride, groups, inputs, outputs;  ///< inputs and outputs per group
  };

  xnn_convolution(const sizes& s, const std::int8_t* x, const std::int8_t* weights, const std::int32_t* bias,
                  const std::vector<float>& scales, std::int8_t* out) {
    const auto u = [](index_t n) { return static_cast<std::uint32_t>(n); };
    const auto z = [](index_t n) { return static_cast<std::size_t>(n); };
    const std::uint32_t pad = u(s.kernel / 2);
    check(xnn_initialize(nullptr));
    check(xnn_create_convolution2d_nhwc_qc8(pad, pad, pad, pad, u(s.kernel), u(s.kernel), u(s.stride), u(s.stride), 1,
                                            1, u(s.groups), z(s.inputs), z(s.outputs), z(s.groups * s.inputs),
                                            z(s.groups * s.outputs), 0, 1.0f, scales.data(), weights, bias, 0, 1.0f,
                                            -128, 127, 0, &op_));
    check(xnn_setup_convolution2d_nhwc_qc8(op_, 1, z(s.height), z(s.width), x, out, nullptr));
  }
  ~xnn_convolution() { xnn_delete_operator(op_); }
  xnn_convolution(const xnn_convolution&) = delete;
  xnn_convolution& operator=(const xnn_convolution&) = delete;

  void run() { xnn_run_operator(op_, nullptr); }

 private:
  static void check(xnn_status status) {
    if (status != xnn_status_success) throw std::runtime_error("XNNPACK: status " + std::to_string(status));
  }
  xnn_operator_t op_ = nullptr;
};

/// What both take and give. XNNPACK reads a few bytes beyond its input's end.
struct operands {
  std::vector<std::int8_t> x, weights, ours, theirs;
  std::vector<std::int32_t> bias;
  std::vector<float> scales;

  operands(index_t inputs, index_t weight_count, index_t channels, index_t outputs, double spread)
      : x(static_cast<std::size_t>(inputs) + XNN_EXTRA_BYTES),
        weights(static_cast<std::size_t>(weight_count)),
        ours(static_cast<std::size_t>(outputs)),
        theirs(ours) {
    std::uint32_t state = 1;
    const auto next = [&] { return state = state * 1664525u + 1013904223u, state >> 24; };
    for (auto& v : x) v = static_cast<std::int8_t>(next());
    for (auto& v : weights) v = static_cast<std::int8_t>(next());
    for (index_t c = 0; c < channels; ++c) {
      bias.push_back(static_cast<std::int32_t>(next()) * 8 - 1024);
      scales.push_back(static_cast<float>((1 + next() % 7) / (300.0 * spread)));
    }
  }
  /// A code may differ by one where the peer rounds elsewhere.
  bool same() const {
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (std::abs(ours[i] - theirs[i]) > 1) return false;
    }
    return true;
  }
};

void add(const std::string& name, double operations, std::function<bool()> verify, std::function<void()> ours,
         std::function<void()> peer) {
  bench::contest c;
  c.name = name;
  c.elements = operations;
  c.verify = std::move(verify);
  c.ours = std::move(ours);
  c.peer = std::move(peer);
  c.limit = [operations] { bench::multiply(operations); };
  c.peer_name = "XNNPACK";
  c.unit = "GOP/s";
  bench::add(c);
}

struct product {
  index_t rows, columns, depth;
  operands o;
  std::vector<std::int8_t> columns_first;  ///< the weights as XNNPACK takes them
  gemm::packed_matrix<> packed;
  std::unique_ptr<xnn_convolution> peer;

  product(index_t m, index_t n, index_t k)
      : rows(m), columns(n), depth(k), o(m * k, k * n, n, m * n, std::sqrt(static_cast<double>(k))) {
    for (index_t j = 0; j < n; ++j) {
      for (index_t i = 0; i < k; ++i) columns_first.push_back(o.weights[static_cast<std::size_t>(i * n + j)]);
    }
    packed = gemm::packed_matrix<>(view<const std::int8_t>{o.weights.data(), {k, n}, {n, 1}});
    peer = std::make_unique<xnn_convolution>(xnn_convolution::sizes{m, 1, 1, 1, 1, k, n}, o.x.data(),
                                             columns_first.data(), o.bias.data(), o.scales, o.theirs.data());
  }
  void run() {
    gemm::multiply(view<const std::int8_t>{o.x.data(), {rows, depth}, {depth, 1}}, packed, {.bias = o.bias},
                   gemm::scale_columns({o.scales.data(), 1}) >> gemm::round_to(0, -128, 127) >>
                       gemm::store<std::int8_t>(o.ours.data(), columns));
  }
};

void add_product(index_t m, index_t n, index_t k) {
  auto p = std::make_shared<product>(m, n, k);
  const auto text = [](index_t i) { return std::to_string(i); };
  add("gemm_s8s8s8/" + text(m) + "x" + text(n) + "x" + text(k), 2.0 * double(m) * double(n) * double(k),
      [p] { return p->run(), p->peer->run(), p->o.same(); }, [p] { p->run(); }, [p] { p->peer->run(); });
}

struct depthwise {
  shape image, result;
  gemm::padding pads;
  std::unique_ptr<operands> o;
  std::vector<std::int8_t> channels_first;
  gemm::depthwise_weights<> packed;
  std::unique_ptr<xnn_convolution> peer;

  depthwise(index_t edge, index_t channels, index_t kernel, index_t stride)
      : image{1, edge, edge, channels}, pads{kernel / 2, kernel / 2, kernel / 2, kernel / 2} {
    const index_t taps = kernel * kernel, out = (edge - 1) / stride + 1;
    o = std::make_unique<operands>(image.count(), taps * channels, channels, out * out * channels, kernel);
    packed = gemm::depthwise_weights<>(
        view<const std::int8_t>{o->weights.data(), {kernel, kernel, channels}, {kernel * channels, channels, 1}},
        stride);
    result = gemm::depthwise_sizes(image, packed, pads);
    for (index_t c = 0; c < channels; ++c) {
      for (index_t t = 0; t < taps; ++t) {
        channels_first.push_back(o->weights[static_cast<std::size_t>(t * channels + c)]);
      }
    }
    peer = std::make_unique<xnn_convolution>(xnn_convolution::sizes{edge, edge, kernel, stride, channels, 1, 1},
                                             o->x.data(), channels_first.data(), o->bias.data(), o->scales,
                                             o->theirs.data());
  }
  void run() {
    const view<const std::int8_t> images{o->x.data(), image, {image.count(), image[2] * image[3], image[3], 1}};
    gemm::depthwise(images, packed, pads, 0, o->bias,
                    gemm::scale_columns{{o->scales.data(), 1}} >> gemm::round_to{0, -128, 127} >>
                        gemm::store<std::int8_t>{o->ours.data(), image[3]});
  }
};

void add_depthwise(index_t edge, index_t channels, index_t kernel, index_t stride) {
  auto d = std::make_shared<depthwise>(edge, channels, kernel, stride);
  const auto text = [](index_t i) { return std::to_string(i); };
  add(
      "depthwise/" + text(kernel) + "x" + text(kernel) + "_stride_" + text(stride) + "_" + text(edge) + "x" +
          text(edge) + "x" + text(channels) + "_int8",
      2.0 * static_cast<double>(kernel * kernel * d->result.count()),
      [d] { return d->run(), d->peer->run(), d->o->same(); }, [d] { d->run(); }, [d] { d->peer->run(); });
}

}  // namespace

int main(int argc, char** argv) {
  for (const auto& [m, n, k] : std::vector<std::array<index_t, 3>>{
           {256, 256, 256}, {1024, 1024, 1024}, {3136, 64, 576}, {784, 128, 1152}, {196, 256, 2304}, {12544, 32, 27},
           {1024, 8, 256}, {1024, 16, 256}, {1, 4096, 4096}}) {
    add_product(m, n, k);
  }
  for (const auto& [edge, channels] : {std::pair<index_t, index_t>{56, 144}, {14, 576}}) {
    add_depthwise(edge, channels, 3, 1);
    add_depthwise(edge, channels, 3, 2);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
