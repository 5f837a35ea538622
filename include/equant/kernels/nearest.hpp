// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <algorithm>

/// nearest: which of many points lies nearest to x,
///
///   arg min over k of  squares[k] - 2 x . c_k,   squares[k] = |c_k|^2,   the smallest k where several are equal
///
/// in integers, whose sums are exact: up to 8 coordinates, of x and of the points, between -8191 and 8191, so that all
/// stays below 8 * 8191^2 + 2 * 8 * 8191^2 < 2^31. Coordinates come in pairs, as instructions that multiply and add
/// take them: points[pair][k][2], and x filled up with a zero where their number is odd.
namespace equant::inline EQUANT_ABI::kernels {

/// Points come in a multiple of this many; those that fill up have coordinates of 0 and a square of `nearest_never`.
inline constexpr index_t nearest_lanes = 16;
inline constexpr std::int32_t nearest_never = 0x7fffffff;

/// The points of a codebook; see above.
struct nearest_points {
  const std::int16_t* values;
  const std::int32_t* squares;
  index_t count;
  index_t pairs;
};

template <class Isa>
struct nearest_on : nearest_on<typename Isa::base> {};

template <>
struct nearest_on<isa::portable> {
  static index_t run(const std::int16_t* x, const nearest_points& points) noexcept {
    index_t nearest = 0;
    std::int32_t least = nearest_never;
    for (index_t k = 0; k < points.count; ++k) {
      std::int32_t d = points.squares[k];
      for (index_t p = 0; p < points.pairs; ++p) {
        const std::int16_t* c = points.values + 2 * (p * points.count + k);
        d -= 2 * (x[2 * p] * c[0] + x[2 * p + 1] * c[1]);
      }
      if (d < least) {
        least = d;
        nearest = k;
      }
    }
    return nearest;
  }
};

/// The number of the point that is nearest to x.
template <class Isa = isa::native>
index_t nearest(const std::int16_t* x, const nearest_points& points) noexcept {
  return nearest_on<Isa>::run(x, points);
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/nearest.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/nearest.hpp>
#endif
