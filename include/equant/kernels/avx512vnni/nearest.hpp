// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/nearest.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Sixteen points at a time, each lane with the first of its least; then the least of the lanes.
template <>
struct nearest_on<isa::avx512vnni> : nearest_on<isa::avxvnni> {
  static index_t run(const std::int16_t* x, const nearest_points& points) noexcept {
    __m512i doubled[4];  // -2 x, pair by pair
    for (index_t p = 0; p < points.pairs; ++p) doubled[p] = _mm512_set1_epi32(minus_twice(x + 2 * p));
    __m512i least = _mm512_set1_epi32(nearest_never), at = _mm512_setzero_si512();
    __m512i k_i32x16 = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (index_t k = 0; k < points.count; k += 16) {
      __m512i d = _mm512_loadu_si512(points.squares + k);
      for (index_t p = 0; p < points.pairs; ++p) {
        d = _mm512_dpwssd_epi32(d, doubled[p], _mm512_loadu_si512(points.values + 2 * (p * points.count + k)));
      }
      const __mmask16 nearer = _mm512_cmplt_epi32_mask(d, least);
      at = _mm512_mask_mov_epi32(at, nearer, k_i32x16);
      least = _mm512_mask_mov_epi32(least, nearer, d);
      k_i32x16 = _mm512_add_epi32(k_i32x16, _mm512_set1_epi32(16));
    }
    const std::int32_t smallest = least_of(least);
    const __mmask16 equal = _mm512_cmpeq_epi32_mask(least, _mm512_set1_epi32(smallest));
    return least_of(_mm512_mask_mov_epi32(_mm512_set1_epi32(nearest_never), equal, at));
  }

 private:
  static std::int32_t least_of(__m512i v) noexcept {
    __m256i eight = _mm256_min_epi32(_mm512_maskz_extracti64x4_epi64(0xff, v, 0),
                                     _mm512_maskz_extracti64x4_epi64(0xff, v, 1));
    __m128i four = _mm_min_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    four = _mm_min_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    four = _mm_min_epi32(four, _mm_shuffle_epi32(four, 0xb1));
    return _mm_cvtsi128_si32(four);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
