// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/evaluate.hpp>

/// Bias correction (Nagel et al. 2019): what rounding adds to the mean of a channel is taken off its bias.
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

}  // namespace correcting

/// Adds to the biases of `g`'s quantized layers what brings the means of their channels on `inputs` to those of the float
/// network `wanted`, layer by layer, each seeing the layers before it quantized and corrected. The graphs have the same
/// nodes and values.
inline void correct_biases(const graph& wanted, graph& g, std::span<const tensor> inputs) {
  std::vector<node*> layers(g.values.size(), nullptr);
  for (node& n : g.nodes) {
    const weights* w = weights_of(n.layer);
    if (w != nullptr && w->quantized()) layers[static_cast<std::size_t>(n.output)] = &n;
  }
  std::vector<std::vector<double>> means(g.values.size());
  evaluate(wanted, inputs, {.grids = false}, [&](int v, std::span<float> values, const shape&) {
    const node* n = layers[static_cast<std::size_t>(v)];
    if (n != nullptr) means[static_cast<std::size_t>(v)] = correcting::channel_means(values, weights_of(n->layer)->outputs());
  });
  evaluate(g, inputs, {}, [&](int v, std::span<float> values, const shape&) {
    node* n = layers[static_cast<std::size_t>(v)];
    if (n == nullptr) return;
    const auto& aim = means[static_cast<std::size_t>(v)];
    const auto now = correcting::channel_means(values, static_cast<index_t>(aim.size()));
    std::vector<float>& b = bias_of(n->layer)->values;
    b.resize(aim.size(), 0);
    std::vector<float> change(aim.size());
    for (std::size_t c = 0; c < aim.size(); ++c) {
      change[c] = static_cast<float>(aim[c] - now[c]);
      b[c] += change[c];
    }
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += change[i % change.size()];
  });
}

}  // namespace equant::inline EQUANT_ABI::nn
