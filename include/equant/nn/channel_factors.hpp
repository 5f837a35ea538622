// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/equalize.hpp>

namespace equant::inline EQUANT_ABI::nn {

namespace factoring {

/// The power of two by which y has to be multiplied to come nearest to x; 1 where that cannot be told.
inline float power_of_two(double xy, double yy) {
  return xy > 0 && yy > 0 ? static_cast<float>(std::exp2(std::round(std::log2(xy / yy)))) : 1.0f;
}

/// Input i of a layer with weights O x I: its factor, where the value that it reads has `factors` per channel.
inline float input_factor(std::span<const float> factors, const layer& l, std::size_t output, std::size_t input) {
  if (factors.empty()) return 1;
  if (const auto* c = std::get_if<conv>(&l)) {
    const shape& s = c->weights.values.sizes;
    const auto kernel = static_cast<std::size_t>(s[2] * s[3]);
    const std::size_t group = output / static_cast<std::size_t>(s[0] / c->groups);
    return factors[group * static_cast<std::size_t>(s[1]) + input / kernel];
  }
  return factors[input * factors.size() / static_cast<std::size_t>(weights_of(l)->values.sizes[1])];
}

}  // namespace factoring

/// The float network `net` with each channel divided as equalization divided it in `g`, which has the same nodes by
/// name: the factors, powers of two, are read from the weights. What `g` computes can then be held against it value by
/// value.
inline graph in_the_channels_of(const graph& g, graph net) {
  std::vector<std::vector<float>> factors(net.values.size());  // net's channel = factor * g's; empty: all 1
  for (node& n : net.nodes) {
    auto& out = factors[static_cast<std::size_t>(n.output)];
    weights* w = weights_of(n.layer);
    if (w == nullptr) {
      const bool passes = !n.inputs.empty() && (equalizing::homogeneous(n.layer) || equalizing::flattens(n.layer));
      if (passes) out = factors[static_cast<std::size_t>(n.inputs[0])];
      continue;
    }
    const node* same = g.find(n.name);
    const weights* other = same == nullptr ? nullptr : weights_of(same->layer);
    if (other == nullptr || other->values.sizes != w->values.sizes) continue;
    const auto& in = factors[static_cast<std::size_t>(n.inputs[0])];
    const auto outputs = static_cast<std::size_t>(w->outputs()),
               each = w->values.values.size() / std::max<std::size_t>(outputs, 1);
    bias& b = *bias_of(n.layer);
    for (std::size_t o = 0; o < outputs; ++o) {
      double xy = 0, yy = 0;
      for (std::size_t i = 0; i < each; ++i) {
        float& x = w->values.values[o * each + i];
        x *= factoring::input_factor(in, n.layer, o, i);
        const double y = static_cast<double>(other->values.values[o * each + i]);
        xy += static_cast<double>(x) * y;
        yy += y * y;
      }
      const float f = factoring::power_of_two(xy, yy);
      if (f == 1) continue;
      out.resize(outputs, 1);
      out[o] = f;
      for (std::size_t i = 0; i < each; ++i) w->values.values[o * each + i] /= f;
      if (!b.values.empty()) b.values[o] /= f;
    }
  }
  return net;
}

}  // namespace equant::inline EQUANT_ABI::nn
