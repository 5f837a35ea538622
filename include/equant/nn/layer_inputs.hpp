// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/graph.hpp>
#include <equant/nn/windows.hpp>
#include <equant/weights/covariance.hpp>

#include <span>

/// The layers of a network as the matrices that weight methods work on: weights outputs x inputs, samples x inputs.
namespace equant::inline EQUANT_ABI::nn {

/// How many matrices a layer is: its groups.
inline index_t matrices_of(const layer& l) {
  const auto* c = std::get_if<conv>(&l);
  return c == nullptr ? 1 : c->groups;
}

/// The weights of group `g` as a matrix, its inputs in the order of windows, [tap][input], and back.
inline Eigen::MatrixXf weight_matrix(const layer& l, index_t g) {
  const weights& w = *weights_of(l);
  const index_t outputs = w.outputs() / matrices_of(l), depth = w.values.count() / std::max<index_t>(w.outputs(), 1);
  const index_t taps = std::holds_alternative<conv>(l) ? w.values.sizes[2] * w.values.sizes[3] : 1, inputs = depth / taps;
  Eigen::MatrixXf m(outputs, depth);
  const float* from = w.values.values.data() + g * outputs * depth;
  for (index_t o = 0; o < outputs; ++o) {
    for (index_t i = 0; i < inputs; ++i) {
      for (index_t t = 0; t < taps; ++t) m(o, t * inputs + i) = from[(o * inputs + i) * taps + t];
    }
  }
  return m;
}
inline void set_weight_matrix(layer& l, index_t g, const Eigen::MatrixXf& m) {
  weights& w = *weights_of(l);
  const index_t outputs = m.rows(), depth = m.cols();
  const index_t taps = std::holds_alternative<conv>(l) ? w.values.sizes[2] * w.values.sizes[3] : 1, inputs = depth / taps;
  float* to = w.values.values.data() + g * outputs * depth;
  for (index_t o = 0; o < outputs; ++o) {
    for (index_t i = 0; i < inputs; ++i) {
      for (index_t t = 0; t < taps; ++t) to[(o * inputs + i) * taps + t] = m(o, t * inputs + i);
    }
  }
}

/// The second moments of what group `g` of a layer reads from `values`, of sizes `from`, as they lie in memory. Of many
/// windows every n-th is looked at, so that some ten thousand are.
inline equant::weights::covariance input_moments(const layer& l, index_t g, std::span<const float> values, const shape& from,
                                                 const shape& to) {
  const weights& w = *weights_of(l);
  const index_t depth = w.values.count() / std::max<index_t>(w.outputs(), 1);
  equant::weights::covariance seen(depth);
  const auto* c = std::get_if<conv>(&l);
  if (c == nullptr) {
    seen.observe(Eigen::Map<const row_matrix>(values.data(), static_cast<index_t>(values.size()) / depth, depth));
    return seen;
  }
  const index_t channels = w.values.sizes[1], pixels = to[2] * to[3];
  const index_t most = std::max<index_t>(20000, 4 * depth), step = std::max<index_t>(1, from[0] * pixels / most);
  const window_rows rows{c->window, from, to, g * channels, channels};
  row_matrix x(std::min<index_t>(256, std::max<index_t>(1, from[0] * pixels)), depth);
  index_t filled = 0;
  for (index_t at = 0; at < from[0] * pixels; at += step) {
    const index_t image = at / pixels;
    rows.gather(values.data() + image * from[1] * from[2] * from[3], at % pixels, 1, x.row(filled).data());
    if (++filled == x.rows()) {
      seen.observe(x);
      filled = 0;
    }
  }
  if (filled > 0) seen.observe(x.topRows(filled));
  return seen;
}

}  // namespace equant::inline EQUANT_ABI::nn
