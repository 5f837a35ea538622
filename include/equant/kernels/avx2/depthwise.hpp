// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/lanes.hpp>
#include <equant/kernels/depthwise.hpp>

namespace equant::inline EQUANT_ABI::kernels {

namespace avx2 {

/// Eight channels' bytes in the low half; the first n from memory.
inline __m128i eight_channels(const void* p, index_t n) noexcept {
  if (n >= 8) [[likely]] return _mm_loadl_epi64(static_cast<const __m128i*>(p));
  std::int64_t some = 0;
  std::memcpy(&some, p, static_cast<std::size_t>(n));
  return _mm_cvtsi64_si128(some);
}

}  // namespace avx2

/// Two rows in 16 bits: |x w| <= 255 * 255, so that the sum of a pair is exact.
template <>
struct depthwise_on<isa::avx2> {
  using lanes = kernels::lanes<isa::avx2>;
  using element = std::int16_t;
  static constexpr int group = 2;
  static constexpr int parts = 1;
  template <class T>
  static constexpr std::int32_t moved = 0;
  using word = __m256i;

  template <class T, int Rows>
  static word column(const T* const* rows, index_t at, index_t n) noexcept {
    const __m128i upper = avx2::eight_channels(rows[0] + at, n);
    if constexpr (Rows == 1) {
      return std::is_signed_v<T> ? _mm256_cvtepi8_epi32(upper) : _mm256_cvtepu8_epi32(upper);
    } else {
      const __m128i pairs = _mm_unpacklo_epi8(upper, avx2::eight_channels(rows[1] + at, n));
      return std::is_signed_v<T> ? _mm256_cvtepi8_epi16(pairs) : _mm256_cvtepu8_epi16(pairs);
    }
  }
  template <class T>
  static word pad(T x) noexcept {
    return _mm256_set1_epi16(x);
  }
  static word load(const element* w) noexcept { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)); }
  static __m256i step(__m256i sums, word x, word w) noexcept {
    return _mm256_add_epi32(sums, _mm256_madd_epi16(x, w));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
