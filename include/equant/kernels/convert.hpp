// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <bit>

/// Half and bfloat16 as 16-bit words, to float (exact) and back (nearest even; too large becomes infinity, NaN stays
/// NaN).
namespace equant::inline EQUANT_ABI::kernels {

struct half_words {
  static constexpr float widen(std::uint16_t word) noexcept {
    const std::uint32_t sign = std::uint32_t{word & 0x8000u} << 16;
    const std::uint32_t magnitude = word & 0x7fffu;
    if (magnitude > 0x7c00u) return std::bit_cast<float>(sign | 0x7fc00000u | (magnitude & 0x3ffu) << 13);
    if (magnitude == 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u);
    if (magnitude >= 0x400u) return std::bit_cast<float>(sign | ((magnitude << 13) + (112u << 23)));
    const float subnormal = static_cast<float>(magnitude) * 0x1p-24f;
    return sign == 0 ? subnormal : -subnormal;
  }

  static constexpr std::uint16_t narrow(float x) noexcept {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
    const std::uint32_t sign = bits >> 16 & 0x8000u;
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    std::uint32_t word = 0;
    if (magnitude > 0x7f800000u) {
      word = 0x7e00u | (magnitude >> 13 & 0x3ffu);
    } else if (magnitude >= 0x47800000u) {  // 65536 and more
      word = 0x7c00u;
    } else if (magnitude >= 0x38800000u) {  // normal: a carry into the exponent is what rounding up means
      const std::uint32_t rebased = magnitude - (112u << 23);
      word = (rebased + 0xfffu + (rebased >> 13 & 1u)) >> 13;
    } else {
      const unsigned shift = 126u - (magnitude >> 23);  // 14 and more: units of 2^-24
      const std::uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
      if (shift < 25) {
        const std::uint32_t half = 1u << (shift - 1);
        word = (mantissa + half - 1 + (mantissa >> shift & 1u)) >> shift;
      }
    }
    return static_cast<std::uint16_t>(sign | word);
  }
};

struct bfloat_words {
  static constexpr float widen(std::uint16_t word) noexcept {
    return std::bit_cast<float>(std::uint32_t{word} << 16);
  }

  static constexpr std::uint16_t narrow(float x) noexcept {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
    return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
  }
};

template <class Isa>
struct convert_on : convert_on<typename Isa::base> {};

template <>
struct convert_on<isa::portable> {
  template <class Words>
  static constexpr void widen(Words, const std::uint16_t* words, index_t n, float* y) noexcept {
    for (index_t i = 0; i < n; ++i) y[i] = Words::widen(words[i]);
  }
  template <class Words>
  static constexpr void narrow(Words, const float* x, index_t n, std::uint16_t* words) noexcept {
    for (index_t i = 0; i < n; ++i) words[i] = Words::narrow(x[i]);
  }
};

template <class Isa = isa::native, class Words>
void widen(Words kind, const std::uint16_t* words, index_t n, float* y) noexcept {
  convert_on<Isa>::widen(kind, words, n, y);
}
template <class Isa = isa::native, class Words>
void narrow(Words kind, const float* x, index_t n, std::uint16_t* words) noexcept {
  convert_on<Isa>::narrow(kind, x, n, words);
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/convert.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/convert.hpp>
#endif
#if EQUANT_HAS_NEON
#include <equant/kernels/neon/convert.hpp>
#endif
