// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/conv_gradient.hpp>
#include <equant/nn/own_memory.hpp>

namespace equant::inline EQUANT_ABI::nn {

/// `b` with the statistics of a batch whose channels are the fastest axis, as normalization uses them in training: the
/// mean, and the variance divided by the number of values.
inline batch_norm with_statistics_of(const float_input& x, batch_norm b) {
  const auto channels = static_cast<index_t>(b.scale.size());
  const Eigen::Map<const row_matrix> rows(x.data, x.count() / channels, channels);
  Eigen::Map<Eigen::RowVectorXf> mean(b.mean.data(), channels), variance(b.variance.data(), channels);
  mean = in_own_memory(rows.colwise().mean());
  variance = in_own_memory((rows.rowwise() - mean).array().square().colwise().mean().matrix());
  return b;
}

namespace in_reverse {

/// The gradients of a batch normalization that used b's statistics; `of_batch`: these depend on x (with_statistics_of).
/// dx = k (dy - [of_batch] (mean(dy) + x' mean(dy x'))), k = scale / deviation, x' the normalized x.
inline void normalize(const batch_norm& b, bool of_batch, const float_input& x, const float_input& dy,
                      const float_output& dx, layer_gradient& sum) {
  const auto channels = static_cast<index_t>(b.scale.size());
  using row = Eigen::Array<float, 1, Eigen::Dynamic>;
  using const_row = Eigen::Map<const row>;
  const index_t count = x.count() / channels;
  const row inverse = (const_row(b.variance.data(), channels) + b.epsilon).rsqrt(),
            factor = const_row(b.scale.data(), channels) * inverse;
  const const_row mean(b.mean.data(), channels);
  const Eigen::Map<const row_matrix> upstream(dy.data, count, channels), from(x.data, count, channels);
  row d_scale = row::Zero(channels);
  const row d_shift = upstream.array().colwise().sum();
  for (index_t r = 0; r < count; ++r) d_scale += upstream.row(r).array() * (from.row(r).array() - mean) * inverse;
  Eigen::Map<row>(sum.weights.data(), channels) += d_scale;
  Eigen::Map<row>(sum.bias.data(), channels) += d_shift;
  if (dx.data == nullptr) return;
  Eigen::Map<row_matrix> to(dx.data, count, channels);
  const float share = of_batch ? 1 / static_cast<float>(count) : 0.0f;
  for (index_t r = 0; r < count; ++r) {
    to.row(r).array() +=
        factor * (upstream.row(r).array() - share * (d_shift + (from.row(r).array() - mean) * inverse * d_scale));
  }
}

inline void run(const batch_norm& b, std::span<const float_input> x, const float_input&, const float_input& dy,
                std::span<const float_output> dx, layer_gradient& sum) {
  normalize(b, false, x[0], dy, dx[0], sum);
}

}  // namespace in_reverse
}  // namespace equant::inline EQUANT_ABI::nn
