// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/graph.hpp>

#include <algorithm>
#include <cmath>
#include <span>

/// Cross-layer equalization (Nagel et al. 2019): between two layers that only positively homogeneous ones separate
/// (Relu, pooling, flatten), each channel may be divided by a number of its own and multiplied back by the second
/// layer's weights. The network computes the same; its channels' ranges come together.
namespace equant::inline EQUANT_ABI::nn {

/// Two layers, by their places, and what lies between: a channel of the first is `each` neighbouring inputs of the
/// second.
struct channel_pair {
  std::size_t first = 0, second = 0;
  index_t each = 1;
  int between = 0;  ///< the value after the first layer, and after a clip that follows it
};

namespace equalizing {

/// Whether f(s x) = s f(x) for s > 0, channel by channel.
inline bool homogeneous(const layer& l) {
  if (const auto* c = std::get_if<clip>(&l)) {
    return (c->low == 0 || c->low == -std::numeric_limits<float>::infinity()) &&
           c->high == std::numeric_limits<float>::infinity();
  }
  if (const auto* p = std::get_if<pad>(&l)) {
    return p->value == 0 && p->before.size() == 4 && p->before[1] == 0 && p->after[1] == 0;
  }
  return std::holds_alternative<max_pool>(l) || std::holds_alternative<average_pool>(l) ||
         std::holds_alternative<global_average_pool>(l);
}

/// Whether a reshape leaves each image a row, channels one after the other.
inline bool flattens(const layer& l) {
  const auto* r = std::get_if<reshape>(&l);
  return r != nullptr && r->sizes.size() == 2 && (r->sizes[0] <= 0 || r->sizes[1] > 0);
}

/// The weights of the second layer that multiply input channel c, one after the other.
template <class F>
void for_each_input_weight(node& n, index_t c, index_t each, F&& f) {
  weights& w = *weights_of(n.layer);
  const shape& sizes = w.values.sizes;
  const index_t inner = w.values.count() / std::max<index_t>(sizes[0], 1);  // weights of one output
  float* const data = w.values.values.data();
  if (const auto* k = std::get_if<conv>(&n.layer); k != nullptr && k->depthwise()) {
    for (index_t i = 0; i < inner; ++i) f(data[c * inner + i]);
    return;
  }
  const index_t run = std::holds_alternative<conv>(n.layer) ? sizes[2] * sizes[3] : each;
  for (index_t o = 0; o < sizes[0]; ++o) {
    for (index_t i = 0; i < run; ++i) f(data[o * inner + c * run + i]);
  }
}

template <class F>
void for_each_output_weight(node& n, index_t c, F&& f) {
  weights& w = *weights_of(n.layer);
  const index_t inner = w.values.count() / std::max<index_t>(w.outputs(), 1);
  for (index_t i = 0; i < inner; ++i) f(w.values.values[static_cast<std::size_t>(c * inner + i)]);
}

/// a^exponent / b^(1 - exponent) per channel, powers of two so that no weight is rounded; 1 where either is next to
/// nothing: a dead channel has no range worth keeping.
inline std::vector<float> factors(std::span<const float> a, std::span<const float> b, float exponent = 0.5f) {
  const float most_a = *std::max_element(a.begin(), a.end()), most_b = *std::max_element(b.begin(), b.end());
  std::vector<float> s(a.size(), 1);
  for (std::size_t c = 0; c < s.size(); ++c) {
    if (a[c] <= most_a * 1e-9f || b[c] <= most_b * 1e-9f) continue;
    s[c] = std::exp2(std::round(exponent * std::log2(a[c]) - (1 - exponent) * std::log2(b[c])));
  }
  return s;
}

}  // namespace equalizing

/// All such pairs, in the order of their first layers.
inline std::vector<channel_pair> channel_pairs(const graph& g) {
  std::vector<channel_pair> pairs;
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    const weights* w = weights_of(g.nodes[i].layer);
    if (w == nullptr) continue;
    int v = g.nodes[i].output, between = v;
    bool flat = std::holds_alternative<dense>(g.nodes[i].layer);
    for (bool first = true;; first = false) {
      const auto readers = g.readers(v);
      if (readers.size() != 1 || g.is_output(v)) break;
      const node& next = g.nodes[readers[0]];
      if (first && std::holds_alternative<clip>(next.layer)) between = next.output;
      if (const weights* to = weights_of(next.layer)) {
        const shape& sizes = to->values.sizes;
        const auto* c = std::get_if<conv>(&next.layer);
        const index_t inputs = c != nullptr ? sizes[1] * c->groups : sizes[1], channels = w->outputs();
        const bool fits = c != nullptr ? !flat && inputs == channels && (c->groups == 1 || c->depthwise())
                                       : flat && channels > 0 && inputs % channels == 0;
        if (fits) pairs.push_back({i, readers[0], c != nullptr ? 1 : inputs / channels, between});
        break;
      }
      if (equalizing::flattens(next.layer)) {
        flat = true;
      } else if (!equalizing::homogeneous(next.layer)) {
        break;
      }
      v = next.output;
    }
  }
  return pairs;
}

/// Divides each channel of the pair's first layer by its factor and multiplies the weights of the second that read it.
/// With powers of two the network computes the same to the bit.
inline void rescale(graph& g, const channel_pair& p, std::span<const float> factor) {
  if (static_cast<index_t>(factor.size()) != weights_of(g.nodes[p.first].layer)->outputs()) {
    contract::invalid_argument(factor.size(), " factors for the channels of node '", g.nodes[p.first].name, "'");
  }
  node &a = g.nodes[p.first], &b = g.nodes[p.second];
  bias& shift = *bias_of(a.layer);
  for (std::size_t c = 0; c < factor.size(); ++c) {
    const float s = factor[c];
    equalizing::for_each_output_weight(a, static_cast<index_t>(c), [s](float& w) { w /= s; });
    if (!shift.values.empty()) shift.values[c] /= s;
    equalizing::for_each_input_weight(b, static_cast<index_t>(c), p.each, [s](float& w) { w *= s; });
  }
}

/// Brings the ranges of weights together: channel c is divided by sqrt(r1 / r2), r1 and r2 the largest weights that
/// make it and that read it, in turns over all pairs until nothing changes.
inline void equalize_weights(graph& g) {
  const auto pairs = channel_pairs(g);
  for (int turn = 0; turn < 32; ++turn) {
    bool changed = false;
    for (const channel_pair& p : pairs) {
      node &a = g.nodes[p.first], &b = g.nodes[p.second];
      const auto channels = static_cast<std::size_t>(weights_of(a.layer)->outputs());
      std::vector<float> made(channels), read(channels);
      for (std::size_t c = 0; c < channels; ++c) {
        const auto at = static_cast<index_t>(c);
        equalizing::for_each_output_weight(a, at, [&](float w) { made[c] = std::max(made[c], std::abs(w)); });
        equalizing::for_each_input_weight(b, at, p.each, [&](float w) { read[c] = std::max(read[c], std::abs(w)); });
      }
      if (channels == 0) continue;
      const auto s = equalizing::factors(made, read);
      changed = changed || std::any_of(s.begin(), s.end(), [](float f) { return f != 1; });
      rescale(g, p, s);
    }
    if (!changed) return;
  }
}

/// Balances activations against the weights that read them (SmoothQuant, Xiao et al. 2022): channel c is divided by
/// range^exponent / r2^(1 - exponent). `largest[v][c]` is the largest magnitude of channel c of value v, seen in
/// calibration; empty where none was.
inline void equalize_activations(graph& g, std::span<const std::vector<float>> largest, float exponent = 0.5f) {
  for (const channel_pair& p : channel_pairs(g)) {
    const auto& range = largest[static_cast<std::size_t>(p.between)];
    node& b = g.nodes[p.second];
    if (range.empty() || range.size() != static_cast<std::size_t>(weights_of(g.nodes[p.first].layer)->outputs())) {
      continue;
    }
    std::vector<float> read(range.size());
    for (std::size_t c = 0; c < read.size(); ++c) {
      equalizing::for_each_input_weight(b, static_cast<index_t>(c), p.each,
                                        [&](float w) { read[c] = std::max(read[c], std::abs(w)); });
    }
    rescale(g, p, equalizing::factors(range, read, exponent));
  }
}

}  // namespace equant::inline EQUANT_ABI::nn
