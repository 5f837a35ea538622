// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/arithmetic.hpp>

#include <cmath>

/// What the kernels should compute, written a second time: one element, slowly, with the C library's rounding in long
/// double, which holds every intermediate exactly.
namespace oracle {

using namespace equant;

/// A value in its own type: no wider register, no fused multiply-add.
template <class T>
T stored(T x) {
  volatile T memory = x;
  return memory;
}

template <class Rounding>
long double rounded(long double x) {
  if (std::is_same_v<Rounding, half_away>) return std::round(x);
  if (std::is_same_v<Rounding, toward_zero>) return std::trunc(x);
  static_assert(std::is_same_v<Rounding, nearest_even> || std::is_same_v<Rounding, half_away> ||
                std::is_same_v<Rounding, toward_zero>);
  return std::nearbyint(x);
}

/// x in units of the scale, in the wider of the two types.
template <class Rules, class T, class Scale>
auto scaled(T x, Scale s) {
  if constexpr (Rules::scaled_by == scaling::division) {
    return stored(x / s);
  } else {
    const Scale inverse = stored(Scale(1) / s);
    return stored(x * inverse);
  }
}

/// The code before it is clamped; NaN where x has none.
template <class Rules, class T, class Map>
long double unclamped(T x, const Map& map) {
  const auto v = scaled<Rules>(x, map.scale);
  using V = std::remove_const_t<decltype(v)>;
  if constexpr (Rules::added == zero_point_added::after_rounding) {
    return rounded<typename Rules::rounding>(v) + static_cast<long double>(map.zero_point);
  } else {
    return rounded<typename Rules::rounding>(stored(v + static_cast<V>(map.zero_point)));
  }
}

/// The code itself; NaN gets the code of zero.
template <class Rules, class T, class Map>
std::int32_t code(T x, const Map& map, code_range range) {
  long double c = unclamped<Rules>(x, map);
  if (std::isnan(c)) {
    using V = decltype(x / map.scale);  // zero has the code of the zero point, rounded
    c = rounded<typename Rules::rounding>(static_cast<V>(map.zero_point));
  }
  if (c < range.lowest) return range.lowest;
  if (c > range.highest) return range.highest;
  return static_cast<std::int32_t>(c);
}

/// Whether x is rounded, not clipped.
template <class Rules, class T, class Map>
bool unclipped(T x, const Map& map, code_range range) {
  const long double c = unclamped<Rules>(x, map);
  return c >= range.lowest && c <= range.highest;
}

/// The real number of a code: an integer zero point is taken off exactly and the product rounded once; a real one
/// works in its own type throughout.
template <class T, class Map>
T real(std::int32_t code, const Map& map) {
  using zero_point = typename Map::zero_point_type;
  if constexpr (std::is_integral_v<zero_point>) {
    return static_cast<T>(static_cast<long double>(code - map.zero_point) * static_cast<long double>(map.scale));
  } else {
    const zero_point difference = stored(static_cast<zero_point>(code) - map.zero_point);
    return static_cast<T>(stored(difference * map.scale));
  }
}

}  // namespace oracle
