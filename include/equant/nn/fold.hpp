// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/graph.hpp>

#include <cmath>

namespace equant::inline EQUANT_ABI::nn {

/// Weights and bias with a batch normalization of what they compute: w' = w k, b' = (b - mean) k + shift with
/// k = scale / sqrt(variance + epsilon), in double.
inline void fold_batch_norm(const batch_norm& b, weights& w, bias& shift) {
  shift.values.resize(b.scale.size(), 0);
  const std::size_t each = w.values.values.size() / b.scale.size();
  for (std::size_t o = 0; o < b.scale.size(); ++o) {
    const double k = static_cast<double>(b.scale[o]) /
                     std::sqrt(static_cast<double>(b.variance[o]) + static_cast<double>(b.epsilon));
    for (std::size_t j = o * each; j < (o + 1) * each; ++j) {
      w.values.values[j] = static_cast<float>(static_cast<double>(w.values.values[j]) * k);
    }
    shift.values[o] =
        static_cast<float>((static_cast<double>(shift.values[o]) - static_cast<double>(b.mean[o])) * k +
                           static_cast<double>(b.shift[o]));
  }
}

/// A batch normalization after a convolution or product that it alone reads becomes part of its weights and bias.
/// Others stay. `found(i, layer, normalization)` hears, before it is done, that node i of the result takes one in.
template <class F>
graph fold_batch_norms(graph g, F&& found) {
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    node& n = g.nodes[i];
    weights* w = weights_of(n.layer);
    const auto readers = g.readers(n.output);
    if (w == nullptr || w->quantized() || readers.size() != 1 || g.is_output(n.output) || g.at(n.output).grid) continue;
    const std::size_t at = readers[0];
    const auto* b = std::get_if<batch_norm>(&g.nodes[at].layer);
    if (b == nullptr || b->scale.size() != static_cast<std::size_t>(w->outputs())) continue;
    found(i, n.layer, *b);
    fold_batch_norm(*b, *w, *bias_of(n.layer));
    n.output = g.nodes[at].output;
    g.nodes.erase(g.nodes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return g;
}
inline graph fold_batch_norms(graph g) {
  return fold_batch_norms(std::move(g), [](std::size_t, const layer&, const batch_norm&) {});
}

}  // namespace equant::inline EQUANT_ABI::nn
