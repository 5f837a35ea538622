// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/evaluate.hpp>

/// Bias correction (Nagel et al. 2019): what rounding adds to the mean of a channel is taken off its bias. See
/// repair.hpp.
namespace equant::inline EQUANT_ABI::nn {

namespace correcting {

/// The mean of each channel of a value whose channels are its fastest axis.
inline std::vector<double> channel_means(std::span<const float> values, index_t channels) {
  const auto n = static_cast<std::size_t>(channels);
  std::vector<double> sum(n, 0);
  for (std::size_t i = 0; i < values.size(); ++i) sum[i % n] += static_cast<double>(values[i]);
  for (double& s : sum) s /= static_cast<double>(values.size() / n);
  return sum;
}

/// Moves the bias of a layer, and what it computed, so that the channels' means become those wanted.
inline void correct(node& n, std::span<const double> wanted, std::span<float> values) {
  const auto now = channel_means(values, static_cast<index_t>(wanted.size()));
  std::vector<float>& b = bias_of(n.layer)->values;
  b.resize(wanted.size(), 0);
  std::vector<float> change(wanted.size());
  for (std::size_t c = 0; c < wanted.size(); ++c) {
    change[c] = static_cast<float>(wanted[c] - now[c]);
    b[c] += change[c];
  }
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += change[i % change.size()];
}

}  // namespace correcting
}  // namespace equant::inline EQUANT_ABI::nn
