// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/affine.hpp>
#include <equant/core/contraction.hpp>
#include <equant/core/rounding.hpp>

namespace equant::inline EQUANT_ABI {

/// x / s by a true division, or by one reciprocal per scale. The difference is real: with s = 0.00214854861 the value
/// 0.273939937 gives 127.499992 when divided and 127.5 when multiplied by 1 / s, and the codes differ.
enum class scaling { division, reciprocal };

/// Where the zero point is added: after rounding (an integer), or before it.
enum class zero_point_added { after_rounding, before_rounding };

/// The arithmetic that turns a real number into an integer code; ecosystems differ in it.
///   after_rounding:   code = clamp(round(x / s) + z)
///   before_rounding:  code = round(clamp(x / s + z))
/// It saturates, and NaN goes to the code of zero. Clamping comes before every conversion to an integer.
template <class Rounding = nearest_even, scaling Scaling = scaling::division,
          zero_point_added Added = zero_point_added::after_rounding>
struct arithmetic {
  using rounding = Rounding;
  static constexpr scaling scaled_by = Scaling;
  static constexpr zero_point_added added = Added;

  /// x in units of the scale, in the wider of the two types.
  template <class T, class Scale>
  static constexpr auto scaled(T x, Scale s) {
    // The arithmetic of a NaN is no constant expression.
    if (std::is_constant_evaluated() && x != x) return static_cast<decltype(x / s)>(x);
    if constexpr (Scaling == scaling::division) {
      return x / s;
    } else if constexpr (Added == zero_point_added::after_rounding) {
      return x * (Scale(1) / s);
    } else {
      return uncontracted(x * (Scale(1) / s));  // what is added next must not be fused with the product
    }
  }

  template <class T, class Map>
  static constexpr std::int32_t code(T x, const Map& map, code_range range) {
    const auto v = scaled(x, map.scale);
    using V = std::remove_const_t<decltype(v)>;
    if constexpr (Added == zero_point_added::after_rounding) {
      const V r = clamp(v != v ? V(0) : v, V(range.lowest - map.zero_point), V(range.highest - map.zero_point));
      return static_cast<std::int32_t>(Rounding::apply(r)) + map.zero_point;
    } else {
      const V z = static_cast<V>(map.zero_point);
      const V r = clamp(v != v ? z : v + z, V(range.lowest), V(range.highest));
      return static_cast<std::int32_t>(Rounding::apply(r));
    }
  }

  /// Whether x is rounded rather than clipped: its code before clamping lies in the range.
  template <class T, class Map>
  static constexpr bool unclipped(T x, const Map& map, code_range range) {
    const auto v = scaled(x, map.scale);
    using V = std::remove_const_t<decltype(v)>;
    const V z = static_cast<V>(map.zero_point);
    V r = v;
    if constexpr (Added == zero_point_added::after_rounding) {
      r = Rounding::apply(v) + z;
    } else {
      r = Rounding::apply(v + z);
    }
    return r >= V(range.lowest) && r <= V(range.highest);
  }

 private:
  template <class V>
  static constexpr V clamp(V v, V low, V high) {
    return v < low ? low : v > high ? high : v;
  }
};

/// The real number a code of an integer grid stands for, in the arithmetic of T.
template <class T, class Map>
constexpr T real_value(std::int32_t code, const Map& map) {
  if constexpr (std::is_integral_v<typename Map::zero_point_type>) {
    return static_cast<T>(code - map.zero_point) * static_cast<T>(map.scale);
  } else {
    using Z = typename Map::zero_point_type;
    return static_cast<T>((static_cast<Z>(code) - map.zero_point) * map.scale);
  }
}

}  // namespace equant::inline EQUANT_ABI
