// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/graph.hpp>

#include <cmath>

namespace equant::inline EQUANT_ABI::nn {

/// A batch normalization after a convolution or product that it alone reads becomes part of its weights and bias:
/// w' = w k, b' = (b - mean) k + shift with k = scale / sqrt(variance + epsilon), in double. Others stay.
inline graph fold_batch_norms(graph g) {
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    node& n = g.nodes[i];
    weights* w = weights_of(n.layer);
    const auto readers = g.readers(n.output);
    if (w == nullptr || w->quantized() || readers.size() != 1 || g.is_output(n.output) || g.at(n.output).grid) continue;
    const std::size_t at = readers[0];
    const auto* found = std::get_if<batch_norm>(&g.nodes[at].layer);
    if (found == nullptr || found->scale.size() != static_cast<std::size_t>(w->outputs())) continue;
    const batch_norm b = *found;
    bias& shift = *bias_of(n.layer);
    shift.values.resize(b.scale.size(), 0);
    const std::size_t each = w->values.values.size() / b.scale.size();
    for (std::size_t o = 0; o < b.scale.size(); ++o) {
      const double k = static_cast<double>(b.scale[o]) / std::sqrt(static_cast<double>(b.variance[o]) + static_cast<double>(b.epsilon));
      for (std::size_t j = o * each; j < (o + 1) * each; ++j) {
        w->values.values[j] = static_cast<float>(static_cast<double>(w->values.values[j]) * k);
      }
      shift.values[o] = static_cast<float>((static_cast<double>(shift.values[o]) - static_cast<double>(b.mean[o])) * k +
                                           static_cast<double>(b.shift[o]));
    }
    n.output = g.nodes[at].output;
    g.nodes.erase(g.nodes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return g;
}

}  // namespace equant::inline EQUANT_ABI::nn
