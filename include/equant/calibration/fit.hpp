// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/conventions.hpp>
#include <equant/core/format.hpp>

namespace equant::inline EQUANT_ABI {

namespace ranges {

/// A range may come from a caller's hand; a calibrator's is finite by contract.
constexpr interval checked(interval x) {
  constexpr double most = std::numeric_limits<double>::max();
  if (!(x.low <= x.high) || x.low < -most || x.high > most) {
    contract::invalid_argument("the range [", x.low, ", ", x.high, "] is not finite and ordered");
  }
  return x;
}

template <class Format, class Scheme>
constexpr bool check_scheme() {
  if constexpr (!integer_format<Format>) {
    static_assert(std::same_as<Scheme, symmetric_t>,
                  "equant: this format has no zero point, so it is quantized symmetric; asymmetric and mid_rise "
                  "need an integer format");
  } else if constexpr (std::same_as<Scheme, symmetric_t>) {
    static_assert(Format::range.highest > convention::middle(Format::range),
                  "equant: one-bit integers have no symmetric form; int1 has the levels -1 and +1");
  } else if constexpr (std::same_as<Scheme, mid_rise_t>) {
    static_assert((Format::range.highest - Format::range.lowest) % 2 == 1,
                  "equant: mid_rise needs an even number of levels; this format's range is narrow");
  }
  return true;
}

}  // namespace ranges

/// The map that represents the interval `x` in `Format`, by a scheme and a convention. T is the type of the data,
/// which some conventions compute in.
template <element_format Format, class T = float, range_scheme Scheme,
          quantization_convention Convention = convention::standard>
constexpr map_of<Convention, Scheme, T> fit(interval x, Scheme scheme, Convention = {}) {
  static_assert(ranges::check_scheme<Format, Scheme>());
  using map = map_of<Convention, Scheme, T>;
  using working = std::conditional_t<std::same_as<T, double>, double, float>;
  const interval range = ranges::checked(x);
  fitted f;
  if constexpr (integer_format<Format>) {
    f = Convention::template fit<working>(range, Format::range, scheme);
  } else {
    f.scale = convention::standard::usable(range.largest_magnitude() / double(Format{}.largest()));
  }
  return {static_cast<typename map::scale_type>(f.scale), static_cast<typename map::zero_point_type>(f.zero_point)};
}

}  // namespace equant::inline EQUANT_ABI
