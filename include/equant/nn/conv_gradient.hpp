// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/float_layers.hpp>
#include <equant/nn/own_memory.hpp>

namespace equant::inline EQUANT_ABI::nn {

/// What the parameters of a layer get in a backward pass: of convolutions and products weights and bias, in their own
/// order; of a batch normalization scale and shift.
struct layer_gradient {
  std::vector<float> weights, bias;
};

namespace in_reverse {

/// bias += the sums of dy's rows, channels fastest.
inline void add_rows(const float_input& dy, std::vector<float>& bias) {
  const auto channels = static_cast<index_t>(bias.size());
  if (channels == 0) return;
  Eigen::Map<const row_matrix> rows(dy.data, dy.count() / channels, channels);
  Eigen::Map<Eigen::RowVectorXf>(bias.data(), channels) += in_own_memory(rows.colwise().sum());
}

/// dw += x dy, dx += w dy, each channel by itself; both in the order [tap][channel].
inline void run_depthwise(const conv& c, const float_input& x, const float_input& dy, const float_output& dx,
                          const row_matrix& w, row_matrix& dw) {
  const index_t channels = x.sizes[1], pixels = dy.sizes[2] * dy.sizes[3];
  for (index_t n = 0; n < x.sizes[0]; ++n) {
    const float* upstream = dy.data + n * channels * pixels;
    const index_t image = n * channels * x.sizes[2] * x.sizes[3];
    const window_rows windows{c.window, x.sizes, dy.sizes, 0, channels};
    index_t tap = 0;
    windows.for_each_tap(0, pixels, [&](index_t at) {
      const index_t t = tap % w.rows();
      const in_float::const_array from(upstream + tap / w.rows() * channels, channels);
      ++tap;
      if (at < 0) return;
      dw.row(t).array() += (in_float::const_array(x.data + image + at, channels) * from).transpose();
      if (dx.data != nullptr) in_float::array(dx.data + image + at, channels) += w.row(t).transpose().array() * from;
    });
  }
}

/// The gradients of a convolution: dw += x^T dy and dx += dy w^T over its windows as rows (window_rows).
inline void run(const conv& c, std::span<const float_input> x, const float_input&, const float_input& dy,
                std::span<const float_output> dx, layer_gradient& sum) {
  using strided = Eigen::OuterStride<>;
  const row_matrix w = arrange_weights(c);
  row_matrix dw = row_matrix::Zero(w.rows(), w.cols());
  const float_input& from = x[0];
  if (c.depthwise()) {
    run_depthwise(c, from, dy, dx[0], w, dw);
  } else {
    const index_t inputs = c.weights.values.sizes[1], columns = w.cols(), outputs = dy.sizes[1];
    const index_t pixels = dy.sizes[2] * dy.sizes[3];
    row_matrix rows, back;
    for (index_t n = 0; n < from.sizes[0]; ++n) {
      const index_t image = n * from.sizes[1] * from.sizes[2] * from.sizes[3];
      for (index_t g = 0; g < c.groups; ++g) {
        const window_rows windows{c.window, from.sizes, dy.sizes, g * inputs, inputs};
        const index_t depth = windows.depth();
        for (index_t first = 0; first < pixels; first += windows.block()) {
          const index_t count = std::min(windows.block(), pixels - first);
          rows.resize(count, depth);
          windows.gather(from.data + image, first, count, rows.data());
          const Eigen::Map<const row_matrix, 0, strided> upstream(
              dy.data + (n * pixels + first) * outputs + g * columns, count, columns, strided(outputs));
          dw.middleRows(g * depth, depth).noalias() += rows.transpose() * upstream;
          if (dx[0].data == nullptr) continue;
          back.resize(count, depth);
          back.noalias() = upstream * w.middleRows(g * depth, depth).transpose();
          windows.scatter(back.data(), first, count, dx[0].data + image);
        }
      }
    }
  }
  for_each_weight(
      c, [&](index_t row, index_t column, index_t i) { sum.weights[static_cast<std::size_t>(i)] += dw(row, column); });
  add_rows(dy, sum.bias);
}

}  // namespace in_reverse
}  // namespace equant::inline EQUANT_ABI::nn
