// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/formats/codebook.hpp>

#include <algorithm>

namespace equant::inline EQUANT_ABI {

/// Zero and plus or minus 1, 1/2, 1/4, ... down to 2^-(2^(Bits - 1) - 2): multiplying by a level is a shift (Miyashita
/// et al., 2016). One code is left over.
template <int Bits>
struct power_of_two : fixed_codebook<power_of_two<Bits>, Bits> {
  static_assert(Bits >= 2, "one bit has no room for a zero and a sign");

  static constexpr auto levels() {
    constexpr std::size_t zero = (std::size_t{1} << (Bits - 1)) - 1;
    std::array<float, 2 * zero + 1> v{};
    float magnitude = 1;
    for (std::size_t i = zero; i > 0; --i, magnitude /= 2) {
      v[zero + i] = magnitude;
      v[zero - i] = -magnitude;
    }
    return v;
  }
  constexpr bool operator==(const power_of_two&) const = default;
};

/// Sums of a few powers of two, scaled to -1..1 (Li, Dong and Wang, 2020): a sign, and for every two further bits a
/// term that is zero or one of three powers, so that levels lie closer where values are large than power_of_two's do.
/// With n terms, term i = 1..n is one of 0, 2^-i, 2^-(i + n), 2^-(i + 2n). Four bits have a term of 0, 1/2, 1/4,
/// 1/16 and one of 0, 1/8. One code is left over.
template <int Bits>
struct additive_power_of_two : fixed_codebook<additive_power_of_two<Bits>, Bits> {
  static_assert(Bits == 3 || Bits == 4 || Bits == 5 || Bits == 7, "additive powers of two have 3, 4, 5 or 7 bits");

  static constexpr auto levels() {
    constexpr std::size_t magnitudes = std::size_t{1} << (Bits - 1);
    constexpr int terms = Bits / 2;
    std::array<float, magnitudes> sums{};
    for (std::size_t code = 0; code < magnitudes; ++code) {
      for (int i = 0; i < terms; ++i) {
        const int power = static_cast<int>(code >> (2 * i) & 3);
        const int exponent = Bits == 4 ? (i == 0 ? power + power / 3 : 3) : i + 1 + (power - 1) * terms;
        if (power > 0) sums[code] += 1.0f / static_cast<float>(1 << exponent);
      }
    }
    std::sort(sums.begin(), sums.end());
    std::array<float, 2 * magnitudes - 1> v{};
    for (std::size_t i = 0; i < magnitudes; ++i) {
      v[magnitudes - 1 + i] = sums[i] / sums[magnitudes - 1];
      if (i > 0) v[magnitudes - 1 - i] = -v[magnitudes - 1 + i];
    }
    return v;
  }
  constexpr bool operator==(const additive_power_of_two&) const = default;
};

}  // namespace equant::inline EQUANT_ABI
