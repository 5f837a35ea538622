// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Depthwise convolutions of u8 images with s8 weights beside oneDNN's convolution primitive (weights reordered once),
// and the fraction of the peak of byte products, counting 2 * K * K operations per value of the result.

#include "multiply_limit.hpp"
#include "pair.hpp"

#include <equant/gemm/depthwise.hpp>

#include <Eigen/Core>
#include <dnnl.hpp>

#include <memory>

namespace {

using namespace equant;

/// oneDNN's depthwise convolution of u8 images by s8 weights into C, int32 or, by a scale per channel, int8.
template <class C>
class onednn_depthwise {
 public:
  onednn_depthwise(const shape& image, const shape& result, index_t kernel, index_t stride, const std::uint8_t* x,
                   const std::int8_t* weights, const std::int32_t* bias, C* out, const std::vector<float>& scales)
      : cpu_(dnnl::engine::kind::cpu, 0), stream_(cpu_) {
    using memory = dnnl::memory;
    using tag = memory::format_tag;
    const index_t channels = image[3], pad = kernel / 2;
    const auto out_type = sizeof(C) == 4 ? memory::data_type::s32 : memory::data_type::s8;
    const memory::desc from({image[0], channels, image[1], image[2]}, memory::data_type::u8, tag::nhwc);
    const memory::desc to({result[0], channels, result[1], result[2]}, out_type, tag::nhwc);
    const memory::dims sizes{channels, 1, 1, kernel, kernel};
    const memory::desc any(sizes, memory::data_type::s8, tag::any), plain(sizes, memory::data_type::s8, tag::hwigo);
    const memory::desc offsets({channels}, memory::data_type::s32, tag::x);
    dnnl::primitive_attr attributes;
    if (sizeof(C) == 1) attributes.set_output_scales(2, scales);
    const dnnl::convolution_forward::desc what(dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
                                               from, any, offsets, to, {stride, stride}, {pad, pad}, {pad, pad});
    const dnnl::convolution_forward::primitive_desc how(what, attributes, cpu_);
    convolution_ = dnnl::convolution_forward(how);
    memory given(plain, cpu_, const_cast<std::int8_t*>(weights));
    weights_ = memory(how.weights_desc(), cpu_);
    dnnl::reorder(given, weights_).execute(stream_, given, weights_);
    stream_.wait();
    x_ = memory(from, cpu_, const_cast<std::uint8_t*>(x));
    bias_ = memory(offsets, cpu_, const_cast<std::int32_t*>(bias));
    out_ = memory(to, cpu_, out);
  }

  void run() {
    convolution_.execute(stream_, {{DNNL_ARG_SRC, x_},
                                   {DNNL_ARG_WEIGHTS, weights_},
                                   {DNNL_ARG_BIAS, bias_},
                                   {DNNL_ARG_DST, out_}});
    stream_.wait();
  }

 private:
  dnnl::engine cpu_;
  dnnl::stream stream_;
  dnnl::convolution_forward convolution_;
  dnnl::memory x_, weights_, bias_, out_;
};

/// One convolution, with padding of half the kernel; C is the type of the result.
template <class C>
struct arena {
  shape image, result;
  Eigen::Array<std::uint8_t, Eigen::Dynamic, 1> x;
  std::vector<std::int8_t> weights;
  std::vector<std::int32_t> bias;
  std::vector<float> scales;
  Eigen::Array<C, Eigen::Dynamic, 1> ours, peers;  // as x on a line of the cache, where Eigen puts its own
  gemm::padding pads;
  gemm::depthwise_weights<> packed;
  std::unique_ptr<onednn_depthwise<C>> peer;

  arena(index_t edge, index_t channels, index_t kernel, index_t stride)
      : image{1, edge, edge, channels}, pads{kernel / 2, kernel / 2, kernel / 2, kernel / 2} {
    std::uint32_t state = 1;
    const auto next = [&] { return state = state * 1664525u + 1013904223u, state >> 24; };
    x.resize(image.count());
    weights.resize(static_cast<std::size_t>(kernel * kernel * channels));
    for (auto& v : x) v = static_cast<std::uint8_t>(next());
    for (auto& v : weights) v = static_cast<std::int8_t>(next());
    for (index_t c = 0; c < channels; ++c) {
      bias.push_back(static_cast<std::int32_t>(next()) * 64 - 8192);
      scales.push_back(0x1p-12f * static_cast<float>(64 + next()) * 0x1p-6f);
    }
    packed = gemm::depthwise_weights<>(
        view<const std::int8_t>{weights.data(), {kernel, kernel, channels}, {kernel * channels, channels, 1}}, stride);
    result = gemm::depthwise_sizes(image, packed, pads);
    ours.resize(result.count());
    peers.resize(result.count());
    peer = std::make_unique<onednn_depthwise<C>>(image, result, kernel, stride, x.data(), weights.data(), bias.data(),
                                                 peers.data(), scales);
  }

  void run() {
    const view<const std::uint8_t> images{x.data(), image, {image.count(), image[2] * image[3], image[3], 1}};
    const index_t channels = image[3];
    if constexpr (sizeof(C) == 4) {
      gemm::depthwise(images, packed, pads, 0, bias, gemm::pipeline<gemm::store<C>>{{{ours.data(), channels}}});
    } else {
      const gemm::stepped<float> by_channel{scales.data(), 1};
      const auto requantize = gemm::scale_columns{by_channel} >> gemm::round_to{0, -128, 127};
      gemm::depthwise(images, packed, pads, 0, bias, requantize >> gemm::store<C>{ours.data(), channels});
    }
  }

  bool verify() {
    run();
    peer->run();
    return (ours == peers).all();
  }
};

template <class C>
void add(index_t edge, index_t channels, index_t kernel, index_t stride) {
  auto made = std::make_shared<arena<C>>(edge, channels, kernel, stride);
  const auto text = [](index_t n) { return std::to_string(n); };
  const double operations = 2.0 * static_cast<double>(kernel * kernel * made->result.count());
  bench::contest c;
  c.name = "depthwise/" + text(kernel) + "x" + text(kernel) + "_stride_" + text(stride) + "_" + text(edge) + "x" +
           text(edge) + "x" + text(channels) + (sizeof(C) == 4 ? "_int32" : "_int8");
  c.elements = operations;
  c.verify = [made] { return made->verify(); };
  c.ours = [made] { made->run(); };
  c.peer = [made] { made->peer->run(); };
  c.limit = [operations] { bench::multiply(operations); };
  c.peer_name = "oneDNN";
  c.unit = "GOP/s";
  bench::add(c);
}

}  // namespace

int main(int argc, char** argv) {
  for (const auto& [edge, channels] : {std::pair<index_t, index_t>{56, 144}, {14, 576}, {112, 32}, {7, 960}}) {
    for (index_t kernel : {3, 5}) {
      for (index_t stride : {1, 2}) {
        add<std::int32_t>(edge, channels, kernel, stride);
        add<std::int8_t>(edge, channels, kernel, stride);
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
