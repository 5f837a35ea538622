// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/vectors.hpp>
#include <equant/kernels/dequantize.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Integer grids to float; everything else is inherited.
template <>
struct dequantize_on<isa::avx2> : dequantize_on<isa::portable> {
  using base = dequantize_on<isa::portable>;
  using base::run;

  template <class Word, avx2::float_map Map>
  static void run(const Word* codes, index_t n, run_parameters<Map> p, std::int32_t sign, float* y) noexcept {
    const index_t i = avx2::with_lanes(p, [&](const auto& lanes) { return words<Map>(codes, n, lanes, sign, y); });
    base::run(codes + i, n - i, p.from(i), sign, y + i);
  }

  template <avx2::float_map Map>
  static void run(nibbles<const std::uint8_t> codes, index_t n, run_parameters<Map> p, std::int32_t sign,
                  float* y) noexcept {
    const index_t i =
        avx2::with_lanes(p, [&](const auto& lanes) { return halves<Map>(codes.bytes, n, lanes, sign, y); });
    base::run(nibbles<const std::uint8_t>{codes.bytes + i / 2}, n - i, p.from(i), sign, y + i);
  }

 private:
  template <class Map, class Word, class Lanes>
  static index_t words(const Word* codes, index_t n, Lanes lanes, std::int32_t sign, float* y) {
    index_t i = 0;
    for (; i + 16 <= n; i += 16) {
      const __m256 a = real<Map>(widened(codes + i), sign, lanes.at(i));
      const __m256 b = real<Map>(widened(codes + i + 8), sign, lanes.at(i + 8));
      _mm256_storeu_ps(y + i, a);
      _mm256_storeu_ps(y + i + 8, b);
    }
    return i;
  }

  template <class Map, class Lanes>
  static index_t halves(const std::uint8_t* pairs_of_codes, index_t n, Lanes lanes, std::int32_t sign, float* y) {
    index_t i = 0;
    for (; i + 32 <= n; i += 32) {
      const __m128i pairs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pairs_of_codes + i / 2));
      const __m128i even = _mm_and_si128(pairs, _mm_set1_epi8(15));
      const __m128i odd = _mm_and_si128(_mm_srli_epi16(pairs, 4), _mm_set1_epi8(15));
      const __m128i low = _mm_unpacklo_epi8(even, odd), high = _mm_unpackhi_epi8(even, odd);
      const __m256i a = _mm256_cvtepu8_epi32(low), b = _mm256_cvtepu8_epi32(_mm_unpackhi_epi64(low, low));
      const __m256i c = _mm256_cvtepu8_epi32(high), d = _mm256_cvtepu8_epi32(_mm_unpackhi_epi64(high, high));
      _mm256_storeu_ps(y + i, real<Map>(a, sign, lanes.at(i)));
      _mm256_storeu_ps(y + i + 8, real<Map>(b, sign, lanes.at(i + 8)));
      _mm256_storeu_ps(y + i + 16, real<Map>(c, sign, lanes.at(i + 16)));
      _mm256_storeu_ps(y + i + 24, real<Map>(d, sign, lanes.at(i + 24)));
    }
    return i;
  }

  [[gnu::always_inline]] static __m256i widened(const std::uint8_t* codes) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes)));
  }
  [[gnu::always_inline]] static __m256i widened(const std::uint16_t* codes) {
    return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
  }

  template <class Map>
  [[gnu::always_inline]] static __m256 real(__m256i word, std::int32_t sign, const avx2::lanes<Map>& p) {
    const __m256i bit = _mm256_set1_epi32(sign);
    const __m256i flipped = _mm256_xor_si256(word, bit);
    if constexpr (avx2::lanes<Map>::integer_zero) {
      const __m256i difference = _mm256_sub_epi32(flipped, _mm256_add_epi32(bit, p.zero));
      return _mm256_mul_ps(_mm256_cvtepi32_ps(difference), p.scale);
    } else {
      const __m256 value = _mm256_cvtepi32_ps(_mm256_sub_epi32(flipped, bit));
      return _mm256_mul_ps(_mm256_sub_ps(value, p.zero_f32), p.scale);
    }
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
