// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <algorithm>
#include <concepts>

namespace equant::inline EQUANT_ABI {

/// The closed interval of real values that a quantizer shall represent.
struct interval {
  double low = 0;
  double high = 0;

  constexpr double largest_magnitude() const { return std::max(-low, high); }
  /// Widened to hold zero, so that zero has a code.
  constexpr interval with_zero() const { return {std::min(low, 0.0), std::max(high, 0.0)}; }
  constexpr bool operator==(const interval&) const = default;
};

/// Zero in the middle: scale = amax / hi; on unsigned codes the zero point is the middle code.
struct symmetric_t {
  static constexpr const char* name = "symmetric";
};
inline constexpr symmetric_t symmetric{};

/// The whole range [min, max], widened to hold zero, on the whole code range: scale and an integer zero point.
struct asymmetric_t {
  static constexpr const char* name = "asymmetric";
};
inline constexpr asymmetric_t asymmetric{};

/// Zero half-way between two codes, and an even number of levels: what theory calls the mid-rise quantizer.
/// scale = 2 amax / levels, so that the outermost levels lie half a step inside [-amax, amax].
struct mid_rise_t {
  static constexpr const char* name = "mid-rise";
};
inline constexpr mid_rise_t mid_rise{};

template <class S>
concept range_scheme =
    std::same_as<S, symmetric_t> || std::same_as<S, asymmetric_t> || std::same_as<S, mid_rise_t>;

}  // namespace equant::inline EQUANT_ABI
