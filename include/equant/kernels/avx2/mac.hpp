// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/mac.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Pairs of 16-bit words: |a b| <= 255 * 255, so that a pair's sum is exact. The byte form, maddubs, saturates.
template <>
struct mac_on<isa::avx2> {
  using lanes = kernels::lanes<isa::avx2>;
  using element = std::int16_t;
  static constexpr int group = 2;
  static constexpr bool unsigned_a = false;
  static constexpr int registers = 16;
  using i32 = __m256i;
  using word = __m256i;

  static word spread(const void* a) noexcept {
    std::int32_t w;
    std::memcpy(&w, a, sizeof w);
    return _mm256_set1_epi32(w);
  }
  static word load(const void* b) noexcept { return _mm256_loadu_si256(static_cast<const __m256i*>(b)); }
  static word flip(word a) noexcept { return a; }
  static i32 step(i32 acc, word a, word b) noexcept { return _mm256_add_epi32(acc, _mm256_madd_epi16(a, b)); }

  template <class T>
  static void copy(const T* codes, index_t n, element* to) noexcept {
    index_t i = 0;
    for (; i + 16 <= n; i += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + i));
      const __m256i wide = std::is_signed_v<T> ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), wide);
    }
    mac_on<isa::portable>::copy(codes + i, n - i, to + i);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
