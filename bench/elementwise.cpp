// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// quantize, dequantize, fake_quantize and min/max of int8 beside the plain Eigen expression (a reciprocal, `.rint()`,
// two-pass min/max) and a memcpy of the floats: 64 Ki elements (in the second-level cache) and 64 Mi (in memory),
// row- and column-major, per tensor and per axis on either axis.

#include "pair.hpp"

#include <equant/equant.hpp>

#include <cstring>
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

/// One tensor, its parameters, and room for every result. Axis -1 is per tensor.
template <int Order, int Axis>
struct arena {
  using floats = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Order>;
  using bytes = Eigen::Array<std::int8_t, Eigen::Dynamic, Eigen::Dynamic, Order>;

  floats x, ours, peers;
  bytes peer_codes;
  quantized<int8> q;
  uniform_quantizer<int8> quantizer;
  Eigen::ArrayXf scale, inverse, zero;
  Eigen::ArrayXf low, high;

  arena(index_t rows, index_t cols) : x(rows, cols), ours(rows, cols), peers(rows, cols), peer_codes(rows, cols) {
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
    const auto difference = (q.codes().template cast<int>() - peer_codes.matrix().template cast<int>()).cwiseAbs().eval();
    return difference.maxCoeff() <= 1 && static_cast<double>(difference.count()) <= 1e-4 * static_cast<double>(x.size());
  }
  bool same_values() {
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
void add(const std::string& name, index_t rows, index_t cols) {
  // Made when the first of its contests is verified, given back before the next tensor's.
  auto made = std::make_shared<std::unique_ptr<arena<Order, Axis>>>();
  auto get = [made, rows, cols]() -> arena<Order, Axis>& {
    if (!*made) *made = std::make_unique<arena<Order, Axis>>(rows, cols);
    return **made;
  };
  const double n = static_cast<double>(rows * cols);
  auto copy = [get] {
    auto& a = get();
    std::memcpy(a.peers.data(), a.x.data(), sizeof(float) * static_cast<std::size_t>(a.x.size()));
    benchmark::ClobberMemory();
  };
  bench::add({"quantize/" + name, n, [get] { return get().same_codes(); },
              [get] { get().quantizer.quantize_into(get().x, get().q); }, [get] { get().peer_quantize(); }, copy});
  bench::add({"dequantize/" + name, n, [get] { return get().same_values(); },
              [get] { dequantize_into(get().q, get().ours); }, [get] { get().peer_dequantize(); }, copy});
  bench::add({"fake_quantize/" + name, n, [get] { return get().same_fakes(); },
              [get] { get().quantizer.fake_quantize_into(get().x, get().ours); },
              [get] { get().peer_fake_quantize(); }, copy});
  bench::add({"min_max/" + name, n, [get] { return get().same_ranges(); },
              [get] {
                auto o = get().observer();
                o.observe(get().x);
                benchmark::DoNotOptimize(o);
              },
              [get] {
                get().peer_min_max();
                benchmark::ClobberMemory();
              },
              copy});
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
}

}  // namespace

int main(int argc, char** argv) {
  add_order<Eigen::ColMajor>("column_major");
  add_order<Eigen::RowMajor>("row_major");
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
