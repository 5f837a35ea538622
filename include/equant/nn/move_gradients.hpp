// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/conv_gradient.hpp>
#include <equant/nn/moves.hpp>

/// Backward passes of layers that only move values: the gradient moves back.
namespace equant::inline EQUANT_ABI::nn::in_reverse {

/// to[i] += from[i] for every place of `sizes`.
inline void add_strided(const shape& sizes, const float* from, const shape& from_strides, float* to,
                        const shape& to_strides) {
  for_each_line<2>(sizes, {to_strides, from_strides}, [&](const auto& at, const auto& step, index_t n) {
    for (index_t i = 0; i < n; ++i) to[at[0] + i * step[0]] += from[at[1] + i * step[1]];
  });
}

inline void run(const reshape& r, std::span<const float_input> x, const float_input&, const float_input& dy,
                std::span<const float_output> dx, layer_gradient&) {
  if (dx[0].data == nullptr) return;
  std::vector<float> back(static_cast<std::size_t>(dy.count()));
  const moving::source<float> from{dy.data, dy.sizes};
  moving::run(r, std::span<const moving::source<float>>(&from, 1), back.data(), x[0].sizes);
  in_float::all(dx[0]) += in_float::const_array(back.data(), dy.count());
}

inline void run(const transpose& t, std::span<const float_input> x, const float_input&, const float_input& dy,
                std::span<const float_output> dx, layer_gradient&) {
  if (dx[0].data == nullptr) return;
  const shape own = memory_strides(x[0].sizes);
  shape strides = own;
  for (int i = 0; i < dy.sizes.rank; ++i) strides[i] = own[t.axes[static_cast<std::size_t>(i)]];
  add_strided(dy.sizes, dy.data, memory_strides(dy.sizes), dx[0].data, strides);
}

inline void run(const concat& c, std::span<const float_input>, const float_input&, const float_input& dy,
                std::span<const float_output> dx, layer_gradient&) {
  const int axis = c.axis < 0 ? c.axis + dy.sizes.rank : c.axis;
  const shape strides = memory_strides(dy.sizes);
  const float* from = dy.data;
  for (const float_output& part : dx) {
    if (part.data != nullptr) add_strided(part.sizes, from, strides, part.data, memory_strides(part.sizes));
    from += part.sizes[axis] * strides[axis];
  }
}

inline void run(const slice& s, std::span<const float_input> x, const float_input&, const float_input& dy,
                std::span<const float_output> dx, layer_gradient&) {
  if (dx[0].data == nullptr) return;
  shape strides = memory_strides(x[0].sizes);
  float* to = dx[0].data;
  for (std::size_t i = 0; i < s.axes.size(); ++i) {
    const int axis = s.axes[i] < 0 ? s.axes[i] + dy.sizes.rank : s.axes[i];
    const index_t size = x[0].sizes[axis], start = s.starts[i] < 0 ? s.starts[i] + size : s.starts[i];
    to += std::clamp<index_t>(start, 0, size) * strides[axis];
    strides[axis] *= s.steps[i];
  }
  add_strided(dy.sizes, dy.data, memory_strides(dy.sizes), to, strides);
}

inline void run(const pad& p, std::span<const float_input> x, const float_input&, const float_input& dy,
                std::span<const float_output> dx, layer_gradient&) {
  if (dx[0].data == nullptr) return;
  const shape strides = memory_strides(dy.sizes);
  const float* from = dy.data;
  for (int i = 0; i < dy.sizes.rank; ++i) from += p.before[static_cast<std::size_t>(i)] * strides[i];
  add_strided(x[0].sizes, from, strides, dx[0].data, memory_strides(x[0].sizes));
}

}  // namespace equant::inline EQUANT_ABI::nn::in_reverse
