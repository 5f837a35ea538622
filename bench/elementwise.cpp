// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// quantize, dequantize, fake_quantize and min/max of int8 beside the plain Eigen expression (a reciprocal, `.rint()`,
// two-pass min/max) and a loop that only moves the same bytes: 64 Ki elements (in the second-level cache) and 64 Mi (in
// memory, on the pages an Eigen matrix has and on huge ones), row- and column-major, per tensor and per axis on either
// axis.

#include "limits.hpp"
#include "pair.hpp"

#include <equant/equant.hpp>

#include <memory>

namespace {

using namespace equant;

/// Eigen's broadcasts: a number, one per row (axis 0), or one per column (axis 1).
template <int Axis, class X>
auto times(const X& x, const Eigen::ArrayXf& v) {
  if constexpr (Axis == 0) {
    return x.colwise() * v;
  } else if constexpr (Axis == 1) {
    return x.rowwise() * v.transpose();
  } else {
    return x * v[0];
  }
}
template <int Axis, class X>
auto plus(const X& x, const Eigen::ArrayXf& v) {
  if constexpr (Axis == 0) {
    return x.colwise() + v;
  } else if constexpr (Axis == 1) {
    return x.rowwise() + v.transpose();
  } else {
    return x + v[0];
  }
}

/// Where the floats lie: in Eigen's own memory, or on huge pages.
enum class pages { plain, huge };

/// One tensor, its parameters, and room for every result. Axis -1 is per tensor.
template <int Order, int Axis>
struct arena {
  using floats = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Order>;
  using bytes = Eigen::Array<std::int8_t, Eigen::Dynamic, Eigen::Dynamic, Order>;

  std::array<floats, 3> own;
  std::array<byte_buffer, 3> huge;
  Eigen::Map<floats> x, ours, peers;
  bytes peer_codes;
  quantized<int8> q;
  uniform_quantizer<int8> quantizer;
  Eigen::ArrayXf scale, inverse, zero;
  Eigen::ArrayXf low, high;

  Eigen::Map<floats> room(std::size_t i, index_t rows, index_t cols, pages on) {
    if (on == pages::plain) {
      own[i].resize(rows, cols);
      return {own[i].data(), rows, cols};
    }
    huge[i] = byte_buffer(sizeof(float) * static_cast<std::size_t>(rows * cols));
    return {reinterpret_cast<float*>(huge[i].data()), rows, cols};
  }

  arena(index_t rows, index_t cols, pages on)
      : x(room(0, rows, cols, on)),
        ours(room(1, rows, cols, on)),
        peers(room(2, rows, cols, on)),
        peer_codes(rows, cols) {
    std::uint32_t state = 1;
    for (float& v : x.reshaped()) {
      state = state * 1664525u + 1013904223u;
      v = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31f;
    }
    const auto params = observed();
    quantizer = uniform_quantizer<int8>(params);
    q = quantizer.quantize(x);
    for (auto* v : {&scale, &inverse, &zero, &low, &high}) v->resize(params.count());
    for (index_t i = 0; i < params.count(); ++i) {
      scale[i] = params[i].scale;
      inverse[i] = 1 / params[i].scale;
      zero[i] = static_cast<float>(params[i].zero_point);
    }
  }

  auto observer() const {
    if constexpr (Axis < 0) {
      return min_max{};
    } else {
      return granular{min_max{}, per_axis{Axis}};
    }
  }
  parameters<affine> observed() const {
    auto o = observer();
    o.observe(x);
    return o.template params<int8>(asymmetric);
  }

  void peer_quantize() {
    peer_codes = plus<Axis>(times<Axis>(x, inverse).rint(), zero).max(-128.f).min(127.f).template cast<std::int8_t>();
  }
  void peer_dequantize() {
    peers = times<Axis>(plus<Axis>(peer_codes.template cast<float>(), -zero), scale);
  }
  void peer_fake_quantize() {
    peers = times<Axis>(
        plus<Axis>(plus<Axis>(times<Axis>(x, inverse).rint(), zero).max(-128.f).min(127.f), -zero), scale);
  }
  void peer_min_max() {
    if constexpr (Axis == 0) {
      low = x.rowwise().minCoeff();
      high = x.rowwise().maxCoeff();
    } else if constexpr (Axis == 1) {
      low = x.colwise().minCoeff().transpose();
      high = x.colwise().maxCoeff().transpose();
    } else {
      low[0] = x.minCoeff();
      high[0] = x.maxCoeff();
    }
  }

  // The peer multiplies by a reciprocal, so that a code in a million may differ by one.
  bool same_codes() {
    quantizer.quantize_into(x, q);
    peer_quantize();
    const auto difference =
        (q.codes().template cast<int>() - peer_codes.matrix().template cast<int>()).cwiseAbs().eval();
    return difference.maxCoeff() <= 1 &&
           static_cast<double>(difference.count()) <= 1e-4 * static_cast<double>(x.size());
  }
  bool same_values() {
    quantizer.quantize_into(x, q);  // the loop at the limit has written there
    dequantize_into(q, ours);
    peer_quantize();
    peer_dequantize();
    return ((ours - peers).abs() > 1e-2f * scale.maxCoeff()).count() <= x.size() / 10000;
  }
  bool same_fakes() {
    quantizer.fake_quantize_into(x, ours);
    peer_fake_quantize();
    return ((ours - peers).abs() > 1e-2f * scale.maxCoeff()).count() <= x.size() / 10000;
  }
  bool same_ranges() {
    peer_min_max();
    auto o = observer();
    o.observe(x);
    if constexpr (Axis < 0) {
      return o.range() == interval{low[0], high[0]};
    } else {
      for (index_t i = 0; i < low.size(); ++i) {
        if (!(o.each()[static_cast<std::size_t>(i)].range() == interval{low[i], high[i]})) return false;
      }
      return true;
    }
  }
};

template <int Order, int Axis>
void add(const std::string& name, index_t rows, index_t cols, pages on = pages::plain) {
  // Made when the first of its contests is verified, given back before the next tensor's.
  auto made = std::make_shared<std::unique_ptr<arena<Order, Axis>>>();
  auto get = [made, rows, cols, on]() -> arena<Order, Axis>& {
    if (!*made) *made = std::make_unique<arena<Order, Axis>>(rows, cols, on);
    return **made;
  };
  const auto n = static_cast<std::size_t>(rows * cols);
  const auto elements = static_cast<double>(n);
  // What is larger than the caches our kernels write past them, and so does the loop they are held to.
  const bool past = n > (1 << 20);
  bench::add({"quantize/" + name, elements, [get] { return get().same_codes(); },
              [get] { get().quantizer.quantize_into(get().x, get().q); }, [get] { get().peer_quantize(); },
              [get, n, past] { bench::move<4, 1>(get().x.data(), get().q.bytes().data(), n, past); }});
  bench::add({"dequantize/" + name, elements, [get] { return get().same_values(); },
              [get] { dequantize_into(get().q, get().ours); }, [get] { get().peer_dequantize(); },
              [get, n, past] { bench::move<1, 4>(get().q.bytes().data(), get().ours.data(), n, past); }});
  bench::add({"fake_quantize/" + name, elements, [get] { return get().same_fakes(); },
              [get] { get().quantizer.fake_quantize_into(get().x, get().ours); },
              [get] { get().peer_fake_quantize(); },
              [get, n, past] { bench::move<4, 4>(get().x.data(), get().ours.data(), n, past); }});
  bench::add({"min_max/" + name, elements, [get] { return get().same_ranges(); },
              [get] {
                auto o = get().observer();
                o.observe(get().x);
                benchmark::DoNotOptimize(o);
              },
              [get] {
                get().peer_min_max();
                benchmark::ClobberMemory();
              },
              [get, n] { bench::read(get().x.data(), n * sizeof(float)); }});
  benchmark::RegisterBenchmark(("free/" + name).c_str(), [made](benchmark::State& state) {
    for (auto _ : state) made->reset();
  })->Iterations(1);
}

template <int Order>
void add_order(const std::string& order) {
  for (const auto& [size, edge] : {std::pair<std::string, index_t>{"64Ki", 256}, {"64Mi", 8192}}) {
    add<Order, -1>(size + "/" + order + "/per_tensor", edge, edge);
    add<Order, 0>(size + "/" + order + "/per_axis_0", edge, edge);
    add<Order, 1>(size + "/" + order + "/per_axis_1", edge, edge);
  }
  add<Order, -1>("64Mi/" + order + "/per_tensor/huge_pages", 8192, 8192, pages::huge);
}

}  // namespace

int main(int argc, char** argv) {
  add_order<Eigen::ColMajor>("column_major");
  add_order<Eigen::RowMajor>("row_major");
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
