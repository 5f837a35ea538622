// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/weight_lanes.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Eight columns at a time.
template <>
struct weight_lanes<isa::avx2> : lanes<isa::avx2> {
  using word = __m256i;

  static word load(const std::uint8_t* p) noexcept { return _mm256_loadu_si256(reinterpret_cast<const word*>(p)); }
  using lanes<isa::avx2>::load;
  static word spread(const void* a) noexcept {
    std::int32_t w;
    std::memcpy(&w, a, sizeof w);
    return _mm256_set1_epi32(w);
  }
  template <int Bits, int P>
  static word plane(word w) noexcept {
    if constexpr (Bits == 8) return w;
    return _mm256_and_si256(_mm256_srli_epi16(w, P * Bits), _mm256_set1_epi8(static_cast<char>((1 << Bits) - 1)));
  }
  /// maddubs saturates at 32767; codes of 4 bits reach 2 * 15 * 127 = 3810. Whole bytes are widened instead.
  template <int Bits>
  static i32 step(i32 acc, word w, word a) noexcept {
    if constexpr (Bits <= 4) {
      return add(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(w, a), _mm256_set1_epi16(1)));
    } else {
      const word even = _mm256_and_si256(w, _mm256_set1_epi16(255)), odd = _mm256_srli_epi16(w, 8);
      const word a_even = _mm256_srai_epi16(_mm256_slli_epi16(a, 8), 8), a_odd = _mm256_srai_epi16(a, 8);
      return add(acc, add(_mm256_madd_epi16(even, a_even), _mm256_madd_epi16(odd, a_odd)));
    }
  }
  template <int Bits, int K>
  static f32 code(word w) noexcept {
    const word shifted = _mm256_srli_epi32(w, 8 * (K % 4) + Bits * (K / 4));
    return _mm256_cvtepi32_ps(_mm256_and_si256(shifted, _mm256_set1_epi32((1 << Bits) - 1)));
  }
  static f32 halves(const std::uint8_t* p) noexcept {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static i32 bytes(const std::uint8_t* p) noexcept {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  }
  using lanes<isa::avx2>::sub;
  static f32 sub(f32 a, f32 b) noexcept { return _mm256_sub_ps(a, b); }

  static constexpr int rows = 2, vectors = 2;
  static constexpr int float_rows = 2, float_vectors = 1;
};

}  // namespace equant::inline EQUANT_ABI::kernels
