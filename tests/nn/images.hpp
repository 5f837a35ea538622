// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "networks.hpp"

#include <equant/nn/calibrate.hpp>

/// What networks::classifier() is quantized and judged on.
namespace networks {

inline const nn::tensor& images() {
  static const nn::tensor x = noise({40, 2, 8, 8}, 7);
  return x;
}

/// How near a quantized classifier is to the float one on them, in dB.
inline double sqnr(const nn::graph& net, const nn::graph& g) {
  const std::span<const nn::tensor> x(&images(), 1);
  return nn::worst_sqnr_db(nn::evaluate(net, x, {.grids = false}), nn::evaluate(g, x));
}

}  // namespace networks
