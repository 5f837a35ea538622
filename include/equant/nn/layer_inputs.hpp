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
  const index_t taps = std::holds_alternative<conv>(l) ? w.values.sizes[2] * w.values.sizes[3] : 1,
                inputs = depth / taps;
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
  const index_t taps = std::holds_alternative<conv>(l) ? w.values.sizes[2] * w.values.sizes[3] : 1,
                inputs = depth / taps;
  float* to = w.values.values.data() + g * outputs * depth;
  for (index_t o = 0; o < outputs; ++o) {
    for (index_t i = 0; i < inputs; ++i) {
      for (index_t t = 0; t < taps; ++t) to[(o * inputs + i) * taps + t] = m(o, t * inputs + i);
    }
  }
}

/// Which entries of a batch are looked at.
enum class entries { all, even, odd };

/// What a layer reads, as it lies in memory: in the network at hand and in the one it is to be like.
struct layer_inputs {
  std::span<const float> values, wanted;
  shape from, to;  ///< of the value read, of the layer's result

  /// Calls f(rows, wanted rows) with blocks of what group `g` reads, samples x inputs; of many windows every n-th, so
  /// that some ten thousand are looked at. Where nothing is wanted the second is not filled.
  template <class F>
  void for_each_block(const layer& l, index_t g, entries which, F&& f) const {
    const weights& w = *weights_of(l);
    const auto* c = std::get_if<conv>(&l);
    const index_t depth = w.values.count() / std::max<index_t>(w.outputs(), 1),
                  pixels = c == nullptr ? 0 : to[2] * to[3];
    const index_t all = c == nullptr ? static_cast<index_t>(values.size()) / depth : from[0] * pixels;
    const index_t most = std::max<index_t>(20000, 4 * depth),
                  step = c == nullptr ? 1 : std::max<index_t>(1, all / most);
    const auto fill = [&](std::span<const float> x, index_t at, index_t entry, float* row) {
      if (c == nullptr) {
        std::copy(x.data() + at * depth, x.data() + (at + 1) * depth, row);
        return;
      }
      const index_t channels = w.values.sizes[1];
      const window_rows windows{c->window, from, to, g * channels, channels};
      windows.gather(x.data() + entry * from[1] * from[2] * from[3], at % pixels, 1, row);
    };
    equant::weights::row_matrix rows(std::min<index_t>(256, std::max<index_t>(1, all)), depth), aims = rows;
    index_t filled = 0;
    const auto flush = [&] {
      if (filled > 0) f(rows.topRows(filled), aims.topRows(filled));
      filled = 0;
    };
    for (index_t at = 0; at < all; at += step) {
      const index_t entry = c == nullptr ? at * from[0] / all : at / pixels;
      if (which != entries::all && (entry % 2 == 0) != (which == entries::even)) continue;
      fill(values, at, entry, rows.row(filled).data());
      if (!wanted.empty()) fill(wanted, at, entry, aims.row(filled).data());
      if (++filled == rows.rows()) flush();
    }
    flush();
  }
};

/// The second moments of what group `g` of a layer reads.
inline equant::weights::covariance input_moments(const layer& l, index_t g, const layer_inputs& in,
                                                 entries which = entries::all) {
  const weights& w = *weights_of(l);
  equant::weights::covariance seen(w.values.count() / std::max<index_t>(w.outputs(), 1));
  layer_inputs alone = in;
  alone.wanted = {};
  alone.for_each_block(l, g, which, [&](const auto& x, const auto&) { seen.observe(x); });
  return seen;
}

/// The mean of (wanted - x)^T x over what group `g` of a layer reads, x: how what is missing goes with what is there.
inline Eigen::MatrixXf missing_moments(const layer& l, index_t g, const layer_inputs& in) {
  const index_t depth = weights_of(l)->values.count() / std::max<index_t>(weights_of(l)->outputs(), 1);
  Eigen::MatrixXf sum = Eigen::MatrixXf::Zero(depth, depth);
  index_t samples = 0;
  in.for_each_block(l, g, entries::all, [&](const auto& x, const auto& aim) {
    sum.noalias() += (aim - x).transpose() * x;
    samples += x.rows();
  });
  return sum / static_cast<float>(std::max<index_t>(samples, 1));
}

}  // namespace equant::inline EQUANT_ABI::nn
