// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/arithmetic.hpp>
#include <equant/core/format.hpp>

namespace equant::inline EQUANT_ABI {

/// The integers Lowest..Highest in codes of `Bits` bits; negative ones in two's complement.
template <int Bits, int Lowest, int Highest>
struct integer_codes {
  static_assert(Bits >= 1 && Bits <= 16, "equant's integer codes have 1 to 16 bits");
  static_assert(Lowest <= 0 && Highest >= 0 && Lowest < Highest, "zero must have a code");
  static_assert(Lowest < 0 ? Lowest >= -(1 << (Bits - 1)) && Highest < (1 << (Bits - 1))
                           : Highest < (1 << Bits),
                "the range does not fit the width");

  static constexpr int bits = Bits;
  static constexpr bool has_zero_point = true;
  static constexpr code_range range{Lowest, Highest};

  using word = code_word<Bits>;
  using code_type = std::conditional_t<(Lowest < 0), std::make_signed_t<word>, word>;

  static constexpr word encode(float r) { return to_word(arithmetic<>::code(r, affine{}, range)); }
  static constexpr float decode(word c) { return static_cast<float>(value(c)); }
  static constexpr float largest() { return static_cast<float>(Highest); }
  static constexpr bool contains(float r) { return arithmetic<>::unclipped(r, affine{}, range); }

  /// Between the integer and its code, the low `Bits` bits.
  static constexpr word to_word(std::int32_t integer) {
    return static_cast<word>(static_cast<std::uint32_t>(integer) & ((1u << Bits) - 1));
  }
  static constexpr std::int32_t value(word c) {
    constexpr std::int32_t sign = Lowest < 0 ? 1 << (Bits - 1) : 0;
    return (static_cast<std::int32_t>(c) ^ sign) - sign;
  }

  constexpr bool operator==(const integer_codes&) const = default;
};

/// Two's complement, all codes: int8 is -128..127.
template <int Bits>
using integer = integer_codes<Bits, -(1 << (Bits - 1)), (1 << (Bits - 1)) - 1>;
template <int Bits>
using unsigned_integer = integer_codes<Bits, 0, (1 << Bits) - 1>;
/// Narrow range: the lowest code unused, so that signed codes are symmetric: -127..127.
template <int Bits>
using narrow_integer = integer_codes<Bits, -(1 << (Bits - 1)) + 1, (1 << (Bits - 1)) - 1>;

using int2 = integer<2>;
using int3 = integer<3>;
using int4 = integer<4>;
using int5 = integer<5>;
using int6 = integer<6>;
using int7 = integer<7>;
using int8 = integer<8>;
using int10 = integer<10>;
using int12 = integer<12>;
using int14 = integer<14>;
using int16 = integer<16>;
using uint1 = unsigned_integer<1>;
using uint2 = unsigned_integer<2>;
using uint3 = unsigned_integer<3>;
using uint4 = unsigned_integer<4>;
using uint5 = unsigned_integer<5>;
using uint6 = unsigned_integer<6>;
using uint7 = unsigned_integer<7>;
using uint8 = unsigned_integer<8>;
using uint10 = unsigned_integer<10>;
using uint12 = unsigned_integer<12>;
using uint14 = unsigned_integer<14>;
using uint16 = unsigned_integer<16>;
using narrow_int4 = narrow_integer<4>;
using narrow_int8 = narrow_integer<8>;

}  // namespace equant::inline EQUANT_ABI
