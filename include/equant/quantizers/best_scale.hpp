// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/quantizers/lloyd_max.hpp>

namespace equant::inline EQUANT_ABI {

/// The scale of least mean square error for a format of fixed levels (nf4, power_of_two, additive_power_of_two): of
/// 12 per octave, from the one at which nothing is clipped down to 2^-6 of it. 1 where all values are zero.
template <table_format Format>
float best_scale(const sorted_values& x, const Format& format = {}) {
  const double largest = std::max(std::abs(x.value(0)), std::abs(x.value(x.count() - 1)));
  const auto& table = format.table().level;
  if (largest == 0) return 1;
  double best = 0, least = densities::infinity;
  for (int i = 0; i <= 72; ++i) {
    const double scale = largest / static_cast<double>(format.largest()) * std::exp2(-i / 12.0);
    std::vector<double> levels(table.begin(), table.end());
    for (double& level : levels) level *= scale;
    const double cost = lloyd::cost(x, levels);
    if (cost < least) least = cost, best = scale;
  }
  return std::max(static_cast<float>(best), std::numeric_limits<float>::denorm_min());
}

}  // namespace equant::inline EQUANT_ABI
