// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <cstdint>

/// Rounding to an integer, exact for every value and usable at compile time.
///
/// Written with conversions, never by adding a magic number: under contraction to a fused multiply-add that moves
/// codes. A value too large to have a fraction, an infinity or a NaN is returned as it is.
namespace equant::inline EQUANT_ABI {

namespace rounding {

/// Beyond this magnitude every float and double used as a code has no fraction.
template <class T>
inline constexpr T no_fraction = sizeof(T) == 4 ? T(8388608) : T(4503599627370496);

/// The integer part of x and what is left of it: both exact.
template <class T>
struct split {
  T whole, fraction;
  constexpr explicit split(T x)
      : whole(static_cast<T>(static_cast<std::int64_t>(x))), fraction(x - whole) {}
  constexpr bool odd() const { return (static_cast<std::int64_t>(whole) & 1) != 0; }
};

template <class T>
constexpr bool has_fraction(T x) {
  return x > -no_fraction<T> && x < no_fraction<T>;
}

}  // namespace rounding

/// To the nearest integer, ties to the even one (IEEE 754's default).
struct nearest_even {
  template <class T>
  static constexpr T apply(T x) {
    if (!rounding::has_fraction(x)) return x;
    const rounding::split<T> s(x);
    const T magnitude = s.fraction < 0 ? -s.fraction : s.fraction;
    if (magnitude < T(0.5) || (magnitude == T(0.5) && !s.odd())) return s.whole;
    return s.whole + (s.fraction < 0 ? T(-1) : T(1));
  }
};

/// To the nearest integer, ties away from zero (std::round, TensorFlow Lite).
struct half_away {
  template <class T>
  static constexpr T apply(T x) {
    if (!rounding::has_fraction(x)) return x;
    const rounding::split<T> s(x);
    if (s.fraction >= T(0.5)) return s.whole + 1;
    if (s.fraction <= T(-0.5)) return s.whole - 1;
    return s.whole;
  }
};

/// To the integer next to it on the side of zero: truncation.
struct toward_zero {
  template <class T>
  static constexpr T apply(T x) {
    return rounding::has_fraction(x) ? rounding::split<T>(x).whole : x;
  }
};

}  // namespace equant::inline EQUANT_ABI
