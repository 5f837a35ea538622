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
  return x >= most    ? std::numeric_limits<index_t>::max()
         : x <= -most ? std::numeric_limits<index_t>::min()
                      : static_cast<index_t>(x);
}

inline known to_known(const io::onnx::tensor& t) {
  known k;
  k.sizes.assign(t.dims.begin(), t.dims.end());
  using io::onnx::data_type;
  k.real = t.type == data_type::float32 || t.type == data_type::float64 || t.type == data_type::float16 ||
           t.type == data_type::bfloat16;
  if (k.real) {
    const std::vector<float> values = io::onnx::floats(t);
    k.values.assign(values.begin(), values.end());
  } else {
    const std::vector<std::int64_t> values = io::onnx::integers(t);
    k.values.assign(values.begin(), values.end());
  }
  return k;
}

inline shape to_shape(const std::vector<index_t>& sizes) {
  shape s;
  s.rank = static_cast<int>(sizes.size());
  for (int i = 0; i < s.rank; ++i) s[i] = sizes[static_cast<std::size_t>(i)];
  return s;
}
inline std::vector<index_t> to_vector(const shape& s) { return {s.values.begin(), s.values.begin() + s.rank}; }

/// What is told about the node that fails.
using failure = std::function<void(const std::string&)>;

inline index_t axis_in(index_t axis, std::size_t rank, const failure& fail) {
  const auto n = static_cast<index_t>(rank);
  if (axis < -n || axis >= n) fail(contract::joined("axis ", axis, " of ", n));
  return axis < 0 ? axis + n : axis;
}

/// ONNX's Gather; refused where the result would have more than `most` values.
inline known gathered(const known& x, const known& at, index_t axis, index_t most, const failure& fail) {
  const auto a = static_cast<std::size_t>(axis_in(axis, x.sizes.size(), fail));
  index_t outer = 1, inner = 1;
  for (std::size_t i = 0; i < a; ++i) outer *= x.sizes[i];
  for (std::size_t i = a + 1; i < x.sizes.size(); ++i) inner *= x.sizes[i];
  known y{{x.sizes.begin(), x.sizes.begin() + axis_in(axis, x.sizes.size(), fail)}, {}, x.real};
  y.sizes.insert(y.sizes.end(), at.sizes.begin(), at.sizes.end());
  y.sizes.insert(y.sizes.end(), x.sizes.begin() + static_cast<index_t>(a) + 1, x.sizes.end());
  if (x.count() != 0 && at.count() > most / x.count() * std::max<index_t>(x.sizes[a], 1)) fail("too many values");
  std::vector<index_t> places;
  for (double raw : at.values) {
    if (raw != raw) fail("a place that is not known");
    places.push_back(to_index(raw) + (raw < 0 ? x.sizes[a] : 0));
    if (places.back() < 0 || places.back() >= x.sizes[a]) fail(contract::joined("place ", raw, " of ", x.sizes[a]));
  }
  for (index_t o = 0; o < outer && inner > 0; ++o) {
    for (index_t place : places) {
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
    const index_t axis = axis_in(axes[i], x.sizes.size(), fail), size = x.sizes[static_cast<std::size_t>(axis)],
                  step = steps[i];
    if (step == 0) fail("a step of 0");
    const index_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? size : size - 1;
    const auto place = [&](index_t at) {
      return std::clamp(at < 0 ? std::max(at, -size - 1) + size : at, lowest, highest);
    };
    const index_t first = place(starts[i]), last = place(ends[i]), span = step > 0 ? last - first : first - last;
    const index_t stride = step > 0 ? step : -std::max(step, -size - 1);
    known at;
    for (index_t p = 0; p < span; p += std::min(stride, size + 1)) {
      at.values.push_back(static_cast<double>(step > 0 ? first + p : first - p));
    }
    at.sizes = {at.count()};
    x = gathered(x, at, axis, x.count(), fail);
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

/// ONNX's Concat; refused where the result would have more than `most` values.
inline known joined(const std::vector<const known*>& parts, index_t axis, index_t most, const failure& fail) {
  known y{parts[0]->sizes, {}, parts[0]->real};
  const auto a = static_cast<std::size_t>(axis_in(axis, y.sizes.size(), fail));
  index_t outer = 1;
  for (std::size_t i = 0; i < a; ++i) outer *= y.sizes[i];
  y.sizes[a] = 0;
  index_t count = 0;
  for (const known* p : parts) {
    bool fits = p->sizes.size() == y.sizes.size();
    for (std::size_t i = 0; fits && i < y.sizes.size(); ++i) fits = i == a || p->sizes[i] == y.sizes[i];
    if (!fits) fail("parts that do not fit");
    y.sizes[a] += p->sizes[a];
    count += p->count();
    if (count > most) fail("too many values");
  }
  for (index_t o = 0; o < outer; ++o) {
    for (const known* p : parts) {
      const index_t run = p->count() / outer;
      y.values.insert(y.values.end(), p->values.begin() + o * run, p->values.begin() + (o + 1) * run);
    }
  }
  return y;
}

/// f of two constants that broadcast; refused where the result would have more than `most` values.
template <class F>
known combined(const known& a, const known& b, F&& f, index_t most, const failure& fail) {
  const std::size_t rank = std::max(a.sizes.size(), b.sizes.size());
  shape to = shape::filled(static_cast<int>(rank), 1), strides_a = to, strides_b = to;
  const auto lay = [&](const known& x, shape& strides) {
    index_t stride = 1;
    for (std::size_t i = x.sizes.size(); i-- > 0;) {
      const int axis = static_cast<int>(i + rank - x.sizes.size());
      const index_t size = x.sizes[i];
      if (size != 1 && to[axis] != 1 && size != to[axis]) fail("constants whose sizes do not broadcast");
      if (size != 1) to[axis] = size;
      strides[axis] = size == 1 ? 0 : stride;
      stride *= size;
    }
    for (int i = 0; i < to.rank - static_cast<int>(x.sizes.size()); ++i) strides[i] = 0;
  };
  lay(a, strides_a);
  lay(b, strides_b);
  index_t count = 1;
  for (int i = 0; i < to.rank; ++i) {
    if (to[i] > 0 && count > most / to[i]) fail("too many values");
    count *= to[i];
  }
  known y{to_vector(to), std::vector<double>(static_cast<std::size_t>(count)), a.real || b.real};
  for_each_line<3>(to, {row_major_strides(to), strides_a, strides_b}, [&](const auto& at, const auto& step, index_t n) {
    for (index_t i = 0; i < n; ++i) {
      const auto place = [&](std::size_t o) { return static_cast<std::size_t>(at[o] + i * step[o]); };
      y.values[place(0)] = f(a.values[place(1)], b.values[place(2)]);
    }
  });
  return y;
}

}  // namespace equant::inline EQUANT_ABI::nn::importing
