// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/aligned.hpp>
#include <equant/core/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

/// The values of a trellis's states, in steps of 2^-15 of a range, of 2^-13 between -4 and 4 say: what the search adds
/// up and what decodes are the same numbers, and no machine rounds them differently.
namespace equant::inline EQUANT_ABI::trellis {

using values = aligned_vector<std::int16_t>;

inline constexpr int most_length = 16;
inline constexpr double gaussian_range = 4;

inline std::int16_t to_steps(double x, double range) {
  return static_cast<std::int16_t>(std::nearbyint(std::clamp(x * (32768 / range), -32767.0, 32767.0)));
}
inline float real(std::int16_t steps, double range) {
  return static_cast<float>(static_cast<double>(steps) * (range / 32768));
}

/// (i + 1/2) / count quantiles of the standard normal density for i < count / 2, the negative half, by Newton's method:
/// the distribution function is convex there.
inline std::vector<double> normal_quantiles(index_t count) {
  std::vector<double> q(static_cast<std::size_t>(count / 2));
  double z = -9;
  for (std::size_t i = 0; i < q.size(); ++i) {
    const double p = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    for (double step = 1; std::abs(step) > 1e-12;) {
      const double excess = std::erfc(-z / std::numbers::sqrt2) / 2 - p;
      const double density = std::exp(-z * z / 2) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
      step = std::clamp(excess / density, -1.0, 1.0);
      z -= step;
    }
    q[i] = z;
  }
  return q;
}

/// A permutation of the numbers of `length` bits that leaves no pattern: each step can be undone.
constexpr std::uint32_t mixed(std::uint32_t s, int length) {
  const std::uint32_t mask = (1u << length) - 1;
  for (const std::uint32_t odd : {0x2c1b3c6du, 0x297a2d39u, 0x7feb352du}) {
    s = (s ^ (s >> ((length + 1) / 2))) * odd & mask;
  }
  return s ^ (s >> ((length + 1) / 2));
}

/// Which quantile a state stands for, a permutation of the states. Its high bits are the sum of the state's newest and
/// oldest symbol, and of a hash of those between: whatever the rest, the 2^Bits ways on from a state lead to that many
/// parts of the density, and so do the ways that meet again in one group. The other bits are a hash of all but the
/// newest symbol. (With all bits by chance a trellis needs two more bits of length for the same error.)
constexpr std::uint32_t quantile_of(std::uint32_t state, int bits, int length) {
  const int between = length - 2 * bits, low = length - bits;
  const std::uint32_t older = state >> bits;
  const std::uint32_t part = state + (state >> low) + mixed(older & ((1u << between) - 1), between);
  return (part & ((1u << bits) - 1)) << low | mixed(older, low);
}

/// Computed values: the quantiles of a Gaussian density, each for one state. The variance is that of the best
/// reproduction of a Gaussian source, 1 less the distortion, which is taken to be a tenth above 2^-2R.
inline values gaussian_values(int bits, int length) {
  const index_t states = index_t{1} << length;
  const double deviation = std::sqrt(1 - 1.1 * std::exp2(-2 * bits));
  const std::vector<double> lower = normal_quantiles(states);
  values v(static_cast<std::size_t>(states));
  for (std::size_t s = 0; s < v.size(); ++s) {
    const std::size_t at = quantile_of(static_cast<std::uint32_t>(s), bits, length);
    const bool upper = at >= lower.size();
    const std::int16_t steps = to_steps(deviation * lower[upper ? v.size() - 1 - at : at], gaussian_range);
    v[s] = static_cast<std::int16_t>(upper ? -steps : steps);
  }
  return v;
}

}  // namespace equant::inline EQUANT_ABI::trellis
