// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/random.hpp>
#include <equant/nn/layers.hpp>

#include <cmath>

/// Layers as training begins with them, for networks written by hand: weights uniform within sqrt(6 / inputs of an
/// output) of zero (He et al., 2015), biases zero.
namespace equant::inline EQUANT_ABI::nn {

/// Of sizes O x inputs of an output.
inline weights initial_weights(const shape& sizes, splitmix64& random) {
  weights w;
  w.values = tensor(sizes);
  const double reach = std::sqrt(6.0 * static_cast<double>(sizes[0]) / static_cast<double>(sizes.count()));
  for (float& v : w.values.values) v = static_cast<float>((2 * random.uniform() - 1) * reach);
  return w;
}

/// A product of `inputs` channels to `outputs`.
inline dense initial_dense(index_t inputs, index_t outputs, splitmix64& random) {
  return {initial_weights({outputs, inputs}, random), {std::vector<float>(static_cast<std::size_t>(outputs)), {}}};
}

/// A convolution of kernel x kernel pixels that keeps the size of an image (for odd kernels).
inline conv initial_conv(index_t inputs, index_t outputs, index_t kernel, splitmix64& random) {
  const index_t pad = kernel / 2;
  return {initial_weights({outputs, inputs, kernel, kernel}, random),
          {std::vector<float>(static_cast<std::size_t>(outputs)), {}},
          {{kernel, kernel}, {1, 1}, {1, 1}, {pad, pad, pad, pad}, false},
          1};
}

}  // namespace equant::inline EQUANT_ABI::nn
