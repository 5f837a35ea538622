// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/layers.hpp>

#include <Eigen/Core>

#include <cmath>
#include <span>

/// Fake quantization that learns: y = scale * (clamp(round(x / scale) + zero point) - zero point), backward.
namespace equant::inline EQUANT_ABI::nn {

/// How a grid learns from the loss.
///   straight_through  not at all: x's gradient passes where x was not clipped (Bengio et al. 2013), ranges are observed
///   lsq               the scale, rounding's own slope included (Esser et al. 2020)
///   lsq_plus          the scale and the zero point (Bhalgat et al. 2020)
///   pact              the scale, from the clipped values alone (Choi et al. 2018)
enum class grid_learning { straight_through, lsq, lsq_plus, pact };

struct grid_gradient {
  double scale = 0, zero_point = 0;
};

/// The backward pass. `gradient` holds that of y and is left holding that of x. Of scale and zero point:
///   inside   d scale = round(x / scale) - x / scale (pact: 0), d zero point = 0
///   clipped  d scale = low or high - zero point,               d zero point = -scale
inline grid_gradient learn_grid(std::span<const float> x, const grid& on, grid_learning how,
                                std::span<float> gradient) {
  using array = Eigen::Array<float, Eigen::Dynamic, 1>;
  constexpr index_t block = 1024;
  const float low = static_cast<float>(on.range.lowest - on.zero_point),
              high = static_cast<float>(on.range.highest - on.zero_point);
  const auto n = static_cast<index_t>(x.size());
  grid_gradient sum;
  array v, code, rounded;
  for (index_t first = 0; first < n; first += block) {
    const index_t count = std::min(block, n - first);
    Eigen::Map<array> dy(gradient.data() + first, count);
    v = Eigen::Map<const array>(x.data() + first, count) / on.scale;
    rounded = v.rint();
    code = rounded.max(low).min(high);
    const auto inside = rounded == code;
    if (how == grid_learning::pact) v = code;
    if (how != grid_learning::straight_through) {
      sum.scale += static_cast<double>((dy * (code - inside.select(v, 0.0f))).sum());
      if (how == grid_learning::lsq_plus)
        sum.zero_point -= static_cast<double>(on.scale * inside.select(0.0f, dy).sum());
    }
    dy = inside.select(dy, 0.0f).eval();
  }
  return sum;
}

/// What LSQ multiplies a scale's gradient by, so that it learns at the pace of the values: 1 / sqrt(count * largest
/// code).
inline double scale_gradient_factor(std::size_t count, const code_range& range) {
  const double largest = std::max(1.0, static_cast<double>(range.highest));
  return 1 / std::sqrt(std::max(1.0, static_cast<double>(count)) * largest);
}

}  // namespace equant::inline EQUANT_ABI::nn
