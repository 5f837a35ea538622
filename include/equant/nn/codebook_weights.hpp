// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/layer_inputs.hpp>
#include <equant/weights/channel_codebooks.hpp>

/// Weights of a layer on levels of each output channel's own: what integers of 2 or 3 bits are too coarse for. Layers
/// are computed in float, on what the levels are.
namespace equant::inline EQUANT_ABI::nn {

namespace on_codebooks {

/// Group `g` of a layer becomes these weights of `bits` bits.
inline void set(layer& l, index_t g, int bits, const equant::weights::codebook_weights& q) {
  set_weight_matrix(l, g, q.values);
  weights& w = *weights_of(l);
  const auto each = static_cast<std::size_t>(w.values.count() / std::max<index_t>(w.outputs(), 1)),
             size = std::size_t{1} << bits;
  w.bits = bits;
  w.scales.clear();
  w.zero_points.clear();
  w.group = 0;
  w.codes.resize(w.values.values.size());
  w.levels.resize(static_cast<std::size_t>(w.outputs()) * size);
  for (index_t r = 0; r < q.levels.outputs(); ++r) {
    const equant::weights::levels& to = q.levels.of(r);
    const auto o = static_cast<std::size_t>(g * q.levels.outputs() + r);
    for (std::size_t k = 0; k < size; ++k) w.levels[o * size + k] = to.value(std::min(k, to.size() - 1));
    for (std::size_t i = o * each; i < (o + 1) * each; ++i)
      w.codes[i] = static_cast<std::int8_t>(to.code(w.values.values[i]));
  }
}

}  // namespace on_codebooks

/// Puts the weights of a layer on the 2^bits levels of least squared error of each output channel (Lloyd 1957, Max
/// 1960).
inline void put_on_codebooks(layer& l, int bits) {
  for (index_t g = 0; g < matrices_of(l); ++g) {
    const Eigen::MatrixXf m = weight_matrix(l, g);
    equant::weights::codebook_weights q{m, equant::weights::lloyd_max_levels(m, {}, bits)};
    for (index_t i = 0; i < m.cols(); ++i) {
      Eigen::VectorXf column = m.col(i);
      q.levels.round(column);
      q.values.col(i) = column;
    }
    on_codebooks::set(l, g, bits, q);
  }
}

}  // namespace equant::inline EQUANT_ABI::nn
