// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/layers.hpp>
#include <equant/nn/strided.hpp>

#include <algorithm>
#include <span>

/// Layers that only move values, for values of any type.
namespace equant::inline EQUANT_ABI::nn::moving {

template <class T>
struct source {
  const T* data;
  shape sizes;
};

template <class T>
void run(const reshape&, std::span<const source<T>> x, T* y, const shape& to) {
  const shape& from = x[0].sizes;
  const auto plain = [](const shape& s) { return s.rank != 4 || s[1] == 1 || s[2] * s[3] == 1; };
  if (plain(from) && plain(to)) {
    std::copy(x[0].data, x[0].data + from.count(), y);
  } else if (plain(to)) {
    copy_strided(from, x[0].data, memory_strides(from), y, row_major_strides(from));
  } else if (plain(from)) {
    copy_strided(to, x[0].data, row_major_strides(to), y, memory_strides(to));
  } else {
    std::vector<T> between(static_cast<std::size_t>(from.count()));
    copy_strided(from, x[0].data, memory_strides(from), between.data(), row_major_strides(from));
    copy_strided<T>(to, between.data(), row_major_strides(to), y, memory_strides(to));
  }
}

template <class T>
void run(const transpose& t, std::span<const source<T>> x, T* y, const shape& to) {
  const shape own = memory_strides(x[0].sizes);
  shape strides = own;
  for (int i = 0; i < to.rank; ++i) strides[i] = own[t.axes[static_cast<std::size_t>(i)]];
  copy_strided(to, x[0].data, strides, y, memory_strides(to));
}

template <class T>
void run(const concat& c, std::span<const source<T>> x, T* y, const shape& to) {
  const int axis = c.axis < 0 ? c.axis + to.rank : c.axis;
  const shape strides = memory_strides(to);
  for (const source<T>& part : x) {
    copy_strided(part.sizes, part.data, memory_strides(part.sizes), y, strides);
    y += part.sizes[axis] * strides[axis];
  }
}

template <class T>
void run(const slice& s, std::span<const source<T>> x, T* y, const shape& to) {
  shape strides = memory_strides(x[0].sizes);
  const T* from = x[0].data;
  for (std::size_t i = 0; i < s.axes.size(); ++i) {
    const int axis = s.axes[i] < 0 ? s.axes[i] + to.rank : s.axes[i];
    const index_t size = x[0].sizes[axis], start = s.starts[i] < 0 ? s.starts[i] + size : s.starts[i];
    from += std::clamp<index_t>(start, 0, size) * strides[axis];
    strides[axis] *= s.steps[i];
  }
  copy_strided(to, from, strides, y, memory_strides(to));
}

/// `value` is the pad's, as T.
template <class T>
void run(const pad& p, std::span<const source<T>> x, T* y, const shape& to, T value) {
  std::fill(y, y + to.count(), value);
  const shape strides = memory_strides(to);
  for (int i = 0; i < to.rank; ++i) y += p.before[static_cast<std::size_t>(i)] * strides[i];
  copy_strided(x[0].sizes, x[0].data, memory_strides(x[0].sizes), y, strides);
}

}  // namespace equant::inline EQUANT_ABI::nn::moving
