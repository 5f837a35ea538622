// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/io/onnx_model.hpp>
#include <equant/nn/shapes.hpp>
#include <equant/nn/strided.hpp>

#include <cmath>
#include <functional>

/// Constants of an ONNX graph, and the arithmetic on shapes that exporters leave in their models, done while reading.
namespace equant::inline EQUANT_ABI::nn::importing {

/// Numbers known while reading; integers up to 2^53 are exact, and one that is not known (a batch's size) is NaN.
struct known {
  std::vector<index_t> sizes;
  std::vector<double> values;
  bool real = false;

  index_t count() const { return static_cast<index_t>(values.size()); }
};

inline index_t to_index(double x) {
  constexpr double most = 9.2e18;
  return x >= most ? std::numeric_limits<index_t>::max() : x <= -most ? std::numeric_limits<index_t>::min() : static_cast<index_t>(x);
}

inline known to_known(const io::onnx::tensor& t) {
  known k;
  k.sizes.assign(t.dims.begin(), t.dims.end());
  using io::onnx::data_type;
  k.real = t.type == data_type::float32 || t.type == data_type::float64 || t.type == data_type::float16 || t.type == data_type::bfloat16;
  if (k.real) {
    for (float x : io::onnx::floats(t)) k.values.push_back(static_cast<double>(x));
  } else {
    for (std::int64_t x : io::onnx::integers(t)) k.values.push_back(static_cast<double>(x));
  }
  return k;
}

inline shape to_shape(const std::vector<index_t>& sizes) {
  shape s;
  s.rank = static_cast<int>(sizes.size());
  for (int i = 0; i < s.rank; ++i) s[i] = sizes[static_cast<std::size_t>(i)];
  return s;
}
inline std::vector<index_t> to_vector(const shape& s) {
  return {s.values.begin(), s.values.begin() + s.rank};
}

/// What is told about the node that fails.
using failure = std::function<void(const std::string&)>;

inline index_t axis_in(index_t axis, std::size_t rank, const failure& fail) {
  const auto n = static_cast<index_t>(rank);
  if (axis < -n || axis >= n) fail(contract::joined("axis ", axis, " of ", n));
  return axis < 0 ? axis + n : axis;
}

inline known gathered(const known& x, const known& at, index_t axis, const failure& fail) {
  const auto a = static_cast<std::size_t>(axis_in(axis, x.sizes.size(), fail));
  index_t outer = 1, inner = 1;
  for (std::size_t i = 0; i < a; ++i) outer *= x.sizes[i];
  for (std::size_t i = a + 1; i < x.sizes.size(); ++i) inner *= x.sizes[i];
  known y{{x.sizes.begin(), x.sizes.begin() + axis_in(axis, x.sizes.size(), fail)}, {}, x.real};
  y.sizes.insert(y.sizes.end(), at.sizes.begin(), at.sizes.end());
  y.sizes.insert(y.sizes.end(), x.sizes.begin() + static_cast<index_t>(a) + 1, x.sizes.end());
  for (index_t o = 0; o < outer; ++o) {
    for (double raw : at.values) {
      const index_t place = to_index(raw) + (raw < 0 ? x.sizes[a] : 0);
      if (!(place >= 0 && place < x.sizes[a])) fail(contract::joined("place ", raw, " of ", x.sizes[a]));
      const auto from = x.values.begin() + (o * x.sizes[a] + place) * inner;
      y.values.insert(y.values.end(), from, from + inner);
    }
  }
  return y;
}

/// ONNX's Slice, axis by axis; steps may be negative.
inline known sliced(known x, const std::vector<index_t>& starts, const std::vector<index_t>& ends,
                    const std::vector<index_t>& axes, const std::vector<index_t>& steps, const failure& fail) {
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const index_t axis = axis_in(axes[i], x.sizes.size(), fail), size = x.sizes[static_cast<std::size_t>(axis)], step = steps[i];
    if (step == 0) fail("a step of 0");
    const index_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? size : size - 1;
    const auto place = [&](index_t at) { return std::clamp(at < 0 ? std::max(at, -size - 1) + size : at, lowest, highest); };
    known at;
    for (index_t p = place(starts[i]); step > 0 ? p < place(ends[i]) : p > place(ends[i]); p += step) {
      at.values.push_back(static_cast<double>(p));
    }
    at.sizes = {at.count()};
    x = gathered(x, at, axis, fail);
  }
  return x;
}

inline known transposed(const known& x, const std::vector<int>& axes, const failure& fail) {
  const shape from = to_shape(x.sizes), own = row_major_strides(from);
  shape to = from, strides = own;
  std::vector<bool> used(x.sizes.size(), false);
  if (axes.size() != x.sizes.size()) fail(contract::joined(axes.size(), " axes of ", x.sizes.size()));
  for (int i = 0; i < to.rank; ++i) {
    const int a = axes[static_cast<std::size_t>(i)];
    if (a < 0 || a >= to.rank || used[static_cast<std::size_t>(a)]) fail(contract::joined("axis ", a, " at ", i));
    used[static_cast<std::size_t>(a)] = true;
    to[i] = from[a];
    strides[i] = own[a];
  }
  known y{to_vector(to), std::vector<double>(x.values.size()), x.real};
  copy_strided(to, x.values.data(), strides, y.values.data(), row_major_strides(to));
  return y;
}

inline known joined(const std::vector<const known*>& parts, index_t axis, const failure& fail) {
  known y = *parts[0];
  const auto a = static_cast<std::size_t>(axis_in(axis, y.sizes.size(), fail));
  index_t outer = 1;
  for (std::size_t i = 0; i < a; ++i) outer *= y.sizes[i];
  y.values.clear();
  y.sizes[a] = 0;
  for (const known* p : parts) {
    if (p->sizes.size() != y.sizes.size()) fail("parts of different rank");
    y.sizes[a] += p->sizes[a];
  }
  for (index_t o = 0; o < outer; ++o) {
    for (const known* p : parts) {
      const index_t run = outer == 0 ? 0 : p->count() / outer;
      if (run * outer != p->count()) fail("parts that do not fit");
      y.values.insert(y.values.end(), p->values.begin() + o * run, p->values.begin() + (o + 1) * run);
    }
  }
  return y;
}

/// One of them a single number, or both of the same sizes.
template <class F>
known combined(const known& a, const known& b, F&& f, const failure& fail) {
  const bool spread_a = a.count() == 1 && b.count() != 1, spread_b = b.count() == 1;
  if (!spread_a && !spread_b && a.sizes != b.sizes) fail("constants of different sizes");
  known y = spread_a ? b : a;
  if (spread_b && b.sizes.size() > a.sizes.size()) y.sizes = b.sizes;
  y.real = a.real || b.real;
  for (std::size_t i = 0; i < y.values.size(); ++i) y.values[i] = f(a.values[spread_a ? 0 : i], b.values[spread_b ? 0 : i]);
  return y;
}

}  // namespace equant::inline EQUANT_ABI::nn::importing
