// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/conventions.hpp>
#include <equant/core/rounding.hpp>
#include <equant/nn/layers.hpp>

#include <cmath>
#include <span>

/// Weights and biases of a layer on their integer grids.
namespace equant::inline EQUANT_ABI::nn {

/// The largest code of symmetric weights of so many bits: 127 of 8 bits, so that codes are -127 to 127.
inline std::int32_t largest_weight_code(int bits) {
  if (bits < 2 || bits > 8) contract::invalid_argument("weights of ", bits, " bits; 2 to 8 are possible");
  return (1 << (bits - 1)) - 1;
}

namespace weighing {

inline float rounded(float x, float scale, float largest) {
  return std::min(std::max(nearest_even::apply(x / scale), -largest), largest);
}

inline double squared_error(std::span<const float> w, float scale, float largest) {
  double sum = 0;
  for (float x : w) {
    const double e =
        static_cast<double>(x) - static_cast<double>(rounded(x, scale, largest)) * static_cast<double>(scale);
    sum += e * e;
  }
  return sum;
}

/// Codes of what `values` are at the scales of the weights, and what those mean.
inline void put_on_scales(weights& w) {
  const float largest = static_cast<float>(largest_weight_code(w.bits));
  const index_t each = w.values.count() / std::max<index_t>(w.outputs(), 1);
  w.codes.resize(w.values.values.size());
  for (std::size_t i = 0; i < w.codes.size(); ++i) {
    const auto at = static_cast<index_t>(i);
    const float scale = w.scale(at / each, at % each), code = rounded(w.values.values[i], scale, largest);
    w.codes[i] = static_cast<std::int8_t>(code);
    w.values.values[i] = code * scale;
  }
}

}  // namespace weighing

/// The symmetric scale for some weights: with 8 bits the one that clips none, with fewer the one of least squared error
/// of those between that and a quarter of it, then fitted to its own codes.
inline float weight_scale(std::span<const float> w, int bits) {
  const float largest = static_cast<float>(largest_weight_code(bits));
  float reach = 0;
  for (float x : w) reach = std::max(reach, std::abs(x));
  const float whole = std::max(reach / largest, std::numeric_limits<float>::min());
  if (bits == 8 || reach == 0) return whole;
  float best = whole;
  double least = weighing::squared_error(w, whole, largest);
  const auto attempt = [&](float scale) {
    const double error = scale > 0 ? weighing::squared_error(w, scale, largest) : least;
    if (error >= least) return false;
    least = error;
    best = scale;
    return true;
  };
  for (int i = 98; i >= 25; i -= 2) attempt(whole * static_cast<float>(i) / 100);
  for (int turn = 0; turn < 8; ++turn) {
    double product = 0, square = 0;
    for (float x : w) {
      const double code = static_cast<double>(weighing::rounded(x, best, largest));
      product += code * static_cast<double>(x);
      square += code * code;
    }
    if (square == 0 || !attempt(static_cast<float>(product / square))) break;
  }
  return best;
}

/// The least scale at which a bias fits its 32 bits, with room for the sum: |b| / (input * scale) <= 2^30. Channels
/// whose weights are next to nothing need it.
inline float least_scale_for_bias(float bias, float input_scale) {
  return std::abs(bias) / (input_scale * 0x1p30f);
}

/// Rounds weights to the nearest codes of `bits` bits, symmetric, a scale per output channel or one. `bias` and
/// `input_scale` keep the scales large enough for the bias's codes; no bias: empty.
inline void quantize_weights(weights& w, int bits, bool per_channel, std::span<const float> bias = {},
                             float input_scale = 1) {
  const auto outputs = static_cast<std::size_t>(w.outputs());
  const std::size_t each = outputs == 0 ? 0 : w.values.values.size() / outputs;
  static_cast<void>(largest_weight_code(bits));
  const std::span<const float> all(w.values.values);
  w.bits = bits;
  w.group = 0;
  w.zero_points.clear();
  w.levels.clear();
  w.scales.assign(per_channel ? outputs : 1, 0);
  for (std::size_t c = 0; c < w.scales.size(); ++c) {
    float scale = weight_scale(per_channel ? all.subspan(c * each, each) : all, bits);
    for (std::size_t o = per_channel ? c : 0; o < (per_channel ? c + 1 : bias.size()) && o < bias.size(); ++o) {
      scale = std::max(scale, least_scale_for_bias(bias[o], input_scale));
    }
    w.scales[c] = scale;
  }
  weighing::put_on_scales(w);
}

/// Throws std::invalid_argument where a scale for so many inputs is none that a file of blocks has (export.hpp).
inline void check_group(index_t group) {
  if (group < 16 || (group & (group - 1)) != 0) {
    contract::invalid_argument("weights in groups of ", group, " inputs; a power of two from 16 on is possible");
  }
}

/// The weights of a dense layer, outputs x inputs, with a scale for each `group` inputs of an output.
inline void quantize_weights_in_groups(weights& w, int bits, index_t group) {
  check_group(group);
  static_cast<void>(largest_weight_code(bits));
  if (w.values.sizes.rank != 2) contract::invalid_argument("weights of ", to_string(w.values.sizes), " in groups");
  w.bits = bits;
  w.group = group;
  w.zero_points.clear();
  w.levels.clear();
  w.scales.clear();
  const index_t inputs = w.values.sizes[1];
  for (index_t o = 0; o < w.outputs(); ++o) {
    for (index_t i = 0; i < inputs; i += group) {
      const float* first = w.values.values.data() + o * inputs + i;
      w.scales.push_back(weight_scale({first, static_cast<std::size_t>(std::min(group, inputs - i))}, bits));
    }
  }
  weighing::put_on_scales(w);
}

/// Rounds a bias to codes of scale input's scale * weights' scale. Throws std::invalid_argument, with the channel,
/// where one does not fit 32 bits.
inline void quantize_bias(bias& b, const weights& w, float input_scale) {
  b.codes.resize(b.values.size());
  for (std::size_t o = 0; o < b.values.size(); ++o) {
    const double scale = static_cast<double>(input_scale) * static_cast<double>(w.scale(static_cast<index_t>(o)));
    const double code = std::nearbyint(static_cast<double>(b.values[o]) / scale);
    if (!(std::abs(code) <= 2147483647.0)) {
      contract::invalid_argument("the bias ", b.values[o], " of channel ", o, " does not fit 32 bits at a scale of ",
                                 scale);
    }
    b.codes[o] = static_cast<std::int32_t>(code);
    b.values[o] = static_cast<float>(code * scale);
  }
}

}  // namespace equant::inline EQUANT_ABI::nn
