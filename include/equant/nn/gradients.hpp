// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/graph.hpp>
#include <equant/nn/move_gradients.hpp>
#include <equant/nn/norm_gradient.hpp>
#include <equant/nn/own_memory.hpp>

/// Backward passes: from the gradient of a layer's result to those of its inputs and parameters, which are added to
/// what is there. Buffers lie as in the forward pass (strided.hpp).
namespace equant::inline EQUANT_ABI::nn {

namespace in_reverse {

using gradients = std::span<const float_output>;

inline void run(const dense& d, std::span<const float_input> x, const float_input&, const float_input& dy, gradients dx,
                layer_gradient& sum) {
  const shape& w = d.weights.values.sizes;
  const index_t rows = dy.count() / std::max<index_t>(w[0], 1);
  const Eigen::Map<const row_matrix> upstream(dy.data, rows, w[0]), from(x[0].data, rows, w[1]);
  add_product(Eigen::Map<row_matrix>(sum.weights.data(), w[0], w[1]), upstream.transpose(), from);
  if (dx[0].data != nullptr) {
    add_product(Eigen::Map<row_matrix>(dx[0].data, rows, w[1]), upstream,
                Eigen::Map<const row_matrix>(d.weights.values.values.data(), w[0], w[1]));
  }
  add_rows(dy, sum.bias);
}

/// The gradient passes where the value was not clipped.
inline void run(const clip& c, std::span<const float_input> x, const float_input&, const float_input& dy, gradients dx,
                layer_gradient&) {
  if (dx[0].data == nullptr) return;
  const auto v = in_float::all(x[0]);
  in_float::all(dx[0]) += (v > c.low && v < c.high).select(in_float::all(dy), 0.0f);
}

inline void run(const copy&, std::span<const float_input>, const float_input&, const float_input& dy, gradients dx,
                layer_gradient&) {
  if (dx[0].data != nullptr) in_float::all(dx[0]) += in_float::all(dy);
}

/// Both inputs' gradients, summed over what was stretched.
inline void run(const binary& b, std::span<const float_input> x, const float_input& y, const float_input& dy,
                gradients dx, layer_gradient&) {
  const int rank = y.sizes.rank;
  const std::array<shape, 3> strides{memory_strides(y.sizes), stretched_strides(x[0].sizes, rank),
                                     stretched_strides(x[1].sizes, rank)};
  for_each_line<3>(y.sizes, strides, [&](const auto& at, const auto& step, index_t n) {
    for (index_t i = 0; i < n; ++i) {
      const float d = dy.data[at[0] + i * step[0]];
      const index_t p = at[1] + i * step[1], q = at[2] + i * step[2];
      const float left = x[0].data[p], right = x[1].data[q];
      float to_left = d, to_right = d;
      if (b.kind == binary_kind::subtract) to_right = -d;
      if (b.kind == binary_kind::multiply) to_left = d * right, to_right = d * left;
      if (b.kind == binary_kind::divide) to_left = d / right, to_right = -d * left / (right * right);
      if (dx[0].data != nullptr) dx[0].data[p] += to_left;
      if (dx[1].data != nullptr) dx[1].data[q] += to_right;
    }
  });
}

inline void run(const unary& u, std::span<const float_input>, const float_input& y, const float_input& dy, gradients dx,
                layer_gradient&) {
  if (dx[0].data == nullptr) return;
  const auto v = in_float::all(y), d = in_float::all(dy);
  auto to = in_float::all(dx[0]);
  switch (u.kind) {
    case unary_kind::exponential: to += d * v; return;
    case unary_kind::sigmoid: to += d * v * (1 - v); return;
    case unary_kind::negate: to -= d; return;
    case unary_kind::square_root: to += d * 0.5f / v; return;
    case unary_kind::tanh: to += d * (1 - v * v); return;
  }
}

/// dx = y (dy - sum(y dy)).
inline void run(const softmax& s, std::span<const float_input>, const float_input& y, const float_input& dy,
                gradients dx, layer_gradient&) {
  if (dx[0].data == nullptr) return;
  const int axis = s.axis < 0 ? s.axis + y.sizes.rank : s.axis;
  const shape strides = memory_strides(y.sizes);
  shape others = y.sizes;
  others[axis] = 1;
  for_each_line<1>(others, {strides}, [&](const auto& at, const auto& next, index_t n) {
    for (index_t line = 0; line < n; ++line) {
      const index_t first = at[0] + line * next[0];
      float sum = 0;
      for (index_t i = 0; i < y.sizes[axis]; ++i)
        sum += y.data[first + i * strides[axis]] * dy.data[first + i * strides[axis]];
      for (index_t i = 0; i < y.sizes[axis]; ++i) {
        const index_t k = first + i * strides[axis];
        dx[0].data[k] += y.data[k] * (dy.data[k] - sum);
      }
    }
  });
}

/// f(pixel of the result, pixels of its window) as offsets, channels fastest.
template <class F>
void for_each_window(const window& w, const shape& from, const shape& to, F&& f) {
  std::vector<index_t> pixels;
  const index_t count = to[2] * to[3];
  for (index_t n = 0; n < to[0]; ++n) {
    for (index_t r = 0; r < count; ++r) {
      pixels.clear();
      window_rows{w, from, to, 0, from[1]}.for_each_tap(r, 1, [&](index_t at) {
        if (at >= 0) pixels.push_back(n * from[1] * from[2] * from[3] + at);
      });
      f((n * count + r) * to[1], std::span<const index_t>(pixels));
    }
  }
}

/// The gradient goes to the first of a window's largest values.
inline void run(const max_pool& p, std::span<const float_input> x, const float_input& y, const float_input& dy,
                gradients dx, layer_gradient&) {
  if (dx[0].data == nullptr) return;
  for_each_window(p.window, x[0].sizes, y.sizes, [&](index_t to, std::span<const index_t> pixels) {
    for (index_t c = 0; c < y.sizes[1]; ++c) {
      for (index_t from : pixels) {
        if (x[0].data[from + c] != y.data[to + c]) continue;
        dx[0].data[from + c] += dy.data[to + c];
        break;
      }
    }
  });
}

inline void run(const average_pool& p, std::span<const float_input> x, const float_input& y, const float_input& dy,
                gradients dx, layer_gradient&) {
  if (dx[0].data == nullptr) return;
  const shape &from = x[0].sizes, &to = y.sizes;
  for_each_window(p.window, from, to, [&](index_t at, std::span<const index_t> pixels) {
    index_t places = static_cast<index_t>(pixels.size());
    if (p.count_padding) {
      const window& w = p.window;
      const auto within = [&](int axis, index_t place) {
        const auto a = static_cast<std::size_t>(axis);
        const index_t first = place * w.strides[a] - w.pads[a], end = from[axis + 2] + w.pads[a + 2];
        return std::min(w.kernel[a], (end - first + w.dilations[a] - 1) / w.dilations[a]);
      };
      const index_t pixel = at / to[1] % (to[2] * to[3]);
      places = within(0, pixel / to[3]) * within(1, pixel % to[3]);
    }
    const auto share = in_float::const_array(dy.data + at, to[1]) / static_cast<float>(std::max<index_t>(places, 1));
    for (index_t pixel : pixels) in_float::array(dx[0].data + pixel, to[1]) += share;
  });
}

inline void run(const global_average_pool&, std::span<const float_input> x, const float_input&, const float_input& dy,
                gradients dx, layer_gradient&) {
  if (dx[0].data == nullptr) return;
  const index_t channels = x[0].sizes[1], pixels = x[0].sizes[2] * x[0].sizes[3];
  for (index_t i = 0; i < x[0].sizes[0] * pixels; ++i) {
    in_float::array(dx[0].data + i * channels, channels) +=
        in_float::const_array(dy.data + i / pixels * channels, channels) / static_cast<float>(pixels);
  }
}

inline void run(const constant&, std::span<const float_input>, const float_input&, const float_input&, gradients,
                layer_gradient&) {}

}  // namespace in_reverse

/// Whether a layer has a backward pass: all but products of two computed matrices.
inline bool has_gradient(const layer& l) { return !std::holds_alternative<matmul>(l); }

/// One layer backward: from its inputs, its result and the result's gradient. dx[i] without data: not wanted.
inline void run_backward(const layer& l, std::span<const float_input> x, const float_input& y, const float_input& dy,
                         std::span<const float_output> dx, layer_gradient& sum) {
  std::visit(
      [&]<class L>(const L& what) {
        if constexpr (!std::same_as<L, matmul>) in_reverse::run(what, x, y, dy, dx, sum);
      },
      l);
}

}  // namespace equant::inline EQUANT_ABI::nn
