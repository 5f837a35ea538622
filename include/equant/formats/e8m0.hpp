// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/format.hpp>

#include <bit>

namespace equant::inline EQUANT_ABI {

/// The powers of two from 2^-127 to 2^127, an exponent and nothing else: code c is 2^(c - 127), the last code NaN. It
/// is what the scales of MX blocks are stored in (OCP Microscaling 1.0, 2023). There is no zero and no sign: what is
/// below the smallest goes to it, and NaN with it. Ties go to the even code.
struct e8m0 {
  static constexpr int bits = 8;
  static constexpr bool has_zero_point = false;

  static constexpr std::uint8_t encode(float r) {
    if (!(r > 0x1p-126f)) return r > 0x1.8p-127f ? 1 : 0;
    if (r > 0x1p127f) return 254;
    const std::uint32_t word = std::bit_cast<std::uint32_t>(r);
    return static_cast<std::uint8_t>((word + 0x3fffffu + (word >> 23 & 1u)) >> 23);
  }
  static constexpr float decode(std::uint8_t c) {
    return std::bit_cast<float>(c == 255 ? 0x7fc00000u : c == 0 ? 0x00400000u : std::uint32_t{c} << 23);
  }
  static constexpr float largest() { return 0x1p127f; }
  static constexpr bool contains(float r) { return r >= 0 && r <= 0x1.8p127f; }

  constexpr bool operator==(const e8m0&) const = default;
};

}  // namespace equant::inline EQUANT_ABI
