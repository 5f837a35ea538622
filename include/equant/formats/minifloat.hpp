// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/format.hpp>

#include <bit>

namespace equant::inline EQUANT_ABI {

/// What the codes at the top of a minifloat's range stand for: numbers all; a NaN in the last code alone (the "fn" of
/// ONNX and PyTorch); or, as in IEEE 754, infinity and NaN in all codes of the topmost exponent.
enum class special_codes { none, nan, ieee };

/// What becomes of a number beyond the largest: that number, or the special code (infinity where there is one, else
/// NaN). A NaN goes to the code of zero where a format saturates, as in all of equant, else to a NaN.
enum class beyond_largest { saturates, special };

/// Floating point numbers of few bits: a sign, `Exponent` and `Mantissa` bits, as in IEEE 754 with subnormals.
///
///   value = (-1)^sign * 2^(e - bias) * 1.mantissa,   e = 0: 2^(1 - bias) * 0.mantissa,   bias = 2^(Exponent - 1) - 1
///
/// Rounds to the nearest, ties to the even code. The OCP formats of 8 bits (Micikevicius et al., 2022) and of 6 and 4
/// bits (Microscaling 1.0, 2023) are aliases below.
template <int Exponent, int Mantissa, special_codes Special = special_codes::none,
          beyond_largest Beyond = beyond_largest::saturates>
struct minifloat {
  static_assert(Exponent >= 2 && Exponent <= 8 && Mantissa >= 1 && Exponent + Mantissa < 16,
                "equant's minifloats have 2 to 8 bits of exponent, and 16 bits at most");
  static_assert(Special != special_codes::none || Beyond == beyond_largest::saturates,
                "equant: this minifloat has no special codes, so it saturates");
  static_assert(Exponent < 8 || Special == special_codes::ieee,
                "equant: numbers at the exponent of float's infinity are not float's");

  static constexpr int bits = 1 + Exponent + Mantissa;
  static constexpr bool has_zero_point = false;
  static constexpr int bias = (1 << (Exponent - 1)) - 1;

  using word = code_word<bits>;

  static constexpr word encode(float r) {
    return rounded(r, [](std::uint32_t value, int shift) {
      return shift > 24 ? 0u : (value + (1u << (shift - 1)) - 1 + (value >> shift & 1u)) >> shift;
    });
  }

  /// Rounds up or down at random, up with the probability of the distance from below, in steps of 2^-32: `random` is
  /// any 32 bits. What is representable stays as it is.
  static constexpr word encode(float r, std::uint32_t random) {
    return rounded(r, [random](std::uint32_t value, int shift) {
      const std::uint64_t wide = std::uint64_t{value} << 32;  // value * 2^-shift in units of 2^-32, and the random ones
      return shift > 55 ? 0u : static_cast<std::uint32_t>(((wide >> shift) + random) >> 32);
    });
  }

  static constexpr float decode(word c) {
    const std::uint32_t sign = std::uint32_t{c} >> (bits - 1) << 31;
    const std::uint32_t magnitude = c & (sign_bit - 1);
    std::uint32_t value = 0;
    if (magnitude > largest_code) {
      value = Special == special_codes::ieee && magnitude == infinity ? 0x7f800000u : 0x7fc00000u;
    } else if (magnitude >= smallest_normal) {
      value = (magnitude << dropped) + (std::uint32_t{127 - bias} << 23);
    } else {
      value = std::bit_cast<std::uint32_t>(static_cast<float>(magnitude) * smallest);
    }
    return std::bit_cast<float>(sign | value);
  }

  static constexpr float largest() { return decode(largest_code); }

  /// Not beyond the largest after rounding.
  static constexpr bool contains(float r) {
    const float magnitude = r < 0 ? -r : r;
    constexpr float half_step = std::bit_cast<float>(std::bit_cast<std::uint32_t>(decode(largest_code)) & 0x7f800000u) /
                                static_cast<float>(2 << Mantissa);
    return largest_code % 2 == 0 ? magnitude <= largest() + half_step : magnitude < largest() + half_step;
  }

  constexpr bool operator==(const minifloat&) const = default;

 private:
  static constexpr int dropped = 23 - Mantissa;  // bits of float's mantissa that are rounded off
  static constexpr std::uint32_t sign_bit = 1u << (bits - 1);
  static constexpr std::uint32_t smallest_normal = 1u << Mantissa;
  static constexpr std::uint32_t infinity = ((1u << Exponent) - 1) << Mantissa;  // where there is one
  static constexpr std::uint32_t largest_code = Special == special_codes::ieee  ? infinity - 1
                                                : Special == special_codes::nan ? sign_bit - 2
                                                                                : sign_bit - 1;
  static constexpr float smallest = [] {
    float x = 1;
    for (int e = 1 - bias - Mantissa; e < 0; ++e) x /= 2;
    return x;
  }();

  /// round(value, shift) is value / 2^shift as an integer; what it carries over goes into the exponent.
  template <class Round>
  static constexpr word rounded(float r, Round round) {
    const std::uint32_t float_bits = std::bit_cast<std::uint32_t>(r);
    const std::uint32_t sign = float_bits >> 31 << (bits - 1);
    const std::uint32_t magnitude = float_bits & 0x7fffffffu;
    constexpr std::uint32_t rebias = std::uint32_t{127 - bias} << 23;
    constexpr bool saturates = Beyond == beyond_largest::saturates;
    if (magnitude > 0x7f800000u) return static_cast<word>(saturates ? 0 : sign | (sign_bit - 1));
    std::uint32_t code = 0;
    if (magnitude == 0x7f800000u) {
      code = sign_bit;
    } else if (magnitude >= rebias + (1u << 23)) {
      code = round(magnitude - rebias, dropped);
    } else {  // in units of the smallest
      const int exponent = magnitude < (1u << 23) ? 1 : static_cast<int>(magnitude >> 23);
      const std::uint32_t implicit = magnitude < (1u << 23) ? 0 : 1u << 23;
      code = round((magnitude & 0x7fffffu) | implicit, 151 - bias - Mantissa - exponent);
    }
    if (code > largest_code) code = saturates ? largest_code : largest_code + 1;
    return static_cast<word>(sign | code);
  }
};

using fp8_e4m3 = minifloat<4, 3, special_codes::nan>;
using fp8_e5m2 = minifloat<5, 2, special_codes::ieee>;
using fp6_e3m2 = minifloat<3, 2>;
using fp6_e2m3 = minifloat<2, 3>;
using fp4_e2m1 = minifloat<2, 1>;

}  // namespace equant::inline EQUANT_ABI
