// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/fold.hpp>
#include <equant/nn/norm_gradient.hpp>

namespace equant::inline EQUANT_ABI::nn {

/// A batch normalization that trains inside the convolution or product before it (Jacob et al., 2018; as torch.ao's
/// ConvBn2d does it). With k = scale / sqrt(running variance + epsilon), per output channel, and q() what a quantizer
/// makes of weights,
///
///   z = x q(w k)        the weights are rounded as they will be at the end
///   y = scale (z / k - mean) / sqrt(variance + epsilon) + shift        mean and variance of z / k over the batch
///
/// and as soon as the statistics are frozen y = z + shift - running mean k, which is what is converted. A bias of the
/// layer's own is taken off the running mean.
struct trained_norm {
  batch_norm norm;                ///< running statistics, of the product without a bias
  std::vector<float> weights;     ///< w
  std::vector<float> deviations;  ///< sqrt(running variance + epsilon) when the weights were folded last

  float factor(std::size_t channel) const { return norm.scale[channel] / deviations[channel]; }
};

inline trained_norm make_trained_norm(const layer& of, batch_norm b) {
  const std::vector<float>& own = bias_of(of)->values;
  for (std::size_t c = 0; c < own.size(); ++c) b.mean[c] -= own[c];
  return {std::move(b), weights_of(of)->values.values, {}};
}

/// Writes the weights and bias that the layer has with running statistics.
inline void fold(trained_norm& n, layer& into) {
  nn::weights& w = *weights_of(into);
  w.values.values = n.weights;
  bias_of(into)->values.assign(n.norm.scale.size(), 0);
  fold_batch_norm(n.norm, w, *bias_of(into));
  n.deviations.resize(n.norm.scale.size());
  for (std::size_t c = 0; c < n.deviations.size(); ++c) {
    n.deviations[c] = std::sqrt(n.norm.variance[c] + n.norm.epsilon);
  }
}

/// The normalization of z itself that makes y of it: its scale is |scale|, its epsilon k^2 epsilon, which its variance
/// holds already.
inline batch_norm with_statistics_of(const float_input& z, const trained_norm& n) {
  batch_norm b = with_statistics_of(z, n.norm);
  for (std::size_t c = 0; c < b.scale.size(); ++c) {
    const float k = n.factor(c);
    b.variance[c] = std::max(b.variance[c] + k * k * b.epsilon, std::numeric_limits<float>::min());
    b.scale[c] = std::abs(b.scale[c]);
  }
  b.epsilon = 0;
  return b;
}

/// Running statistics take a part of what `used`, over `count` values per channel, says of z / k.
inline void follow(trained_norm& n, const batch_norm& used, index_t count, float part = 0.1f) {
  const float unbiased = static_cast<float>(count) / static_cast<float>(std::max<index_t>(count - 1, 1));
  for (std::size_t c = 0; c < used.mean.size(); ++c) {
    const float k = n.factor(c);
    if (k == 0) continue;
    const float variance = std::max(used.variance[c] / (k * k) - n.norm.epsilon, 0.0f) * unbiased;
    n.norm.mean[c] += part * (used.mean[c] / k - n.norm.mean[c]);
    n.norm.variance[c] += part * (variance - n.norm.variance[c]);
  }
}

}  // namespace equant::inline EQUANT_ABI::nn
