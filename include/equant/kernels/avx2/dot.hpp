// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/dot.hpp>
#include <equant/kernels/dot_loops.hpp>

#include <immintrin.h>

namespace equant::inline EQUANT_ABI::kernels {

namespace avx2 {

/// Sums in 256 bits.
struct dot_sums {
  using sums = __m256i;

  static sums zero() noexcept { return _mm256_setzero_si256(); }
  static sums add(sums a, sums b) noexcept { return _mm256_add_epi32(a, b); }
  static sums sub(sums a, sums b) noexcept { return _mm256_sub_epi32(a, b); }
  static std::uint32_t total(sums s) noexcept {
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
    const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1))));
  }
};

/// Widened to 16 bits: a pair of products, at most 2 * 255^2, is exact in 32.
struct dot_bytes : dot_sums {
  static constexpr index_t width = 16;
  static constexpr bool masked = false;
  template <class A, class B>
  static constexpr bool corrected = false;
  using bytes = __m128i;

  static bytes load(const void* p) noexcept { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
  template <class A, class B>
  static sums product(sums s, bytes a, bytes b) noexcept {
    return _mm256_add_epi32(s, _mm256_madd_epi16(words<A>(a), words<B>(b)));
  }
  template <class T>
  static bytes distance(bytes a, bytes b) noexcept {
    if constexpr (std::is_signed_v<T>) {
      return _mm_sub_epi8(_mm_max_epi8(a, b), _mm_min_epi8(a, b));
    } else {
      return _mm_sub_epi8(_mm_max_epu8(a, b), _mm_min_epu8(a, b));
    }
  }

 private:
  template <class T>
  static __m256i words(bytes x) noexcept {
    return std::is_signed_v<T> ? _mm256_cvtepi8_epi16(x) : _mm256_cvtepu8_epi16(x);
  }
};

}  // namespace avx2

template <>
struct dot_on<isa::avx2> : dot_loops<avx2::dot_bytes, dot_on<isa::portable>> {};

}  // namespace equant::inline EQUANT_ABI::kernels
