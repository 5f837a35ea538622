// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/nearest.hpp>

#include <cstring>
#include <immintrin.h>

namespace equant::inline EQUANT_ABI::kernels {

/// Eight points at a time, each lane with the first of its least; then the least of the lanes.
template <>
struct nearest_on<isa::avx2> : nearest_on<isa::portable> {
  static index_t run(const std::int16_t* x, const nearest_points& points) noexcept {
    __m256i doubled[4];  // -2 x, pair by pair
    for (index_t p = 0; p < points.pairs; ++p) doubled[p] = _mm256_set1_epi32(minus_twice(x + 2 * p));
    __m256i least = _mm256_set1_epi32(nearest_never), at = _mm256_setzero_si256();
    __m256i k_i32x8 = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for (index_t k = 0; k < points.count; k += 8) {
      __m256i d = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(points.squares + k));
      for (index_t p = 0; p < points.pairs; ++p) {
        const std::int16_t* c = points.values + 2 * (p * points.count + k);
        d = _mm256_add_epi32(d, _mm256_madd_epi16(doubled[p], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(c))));
      }
      at = _mm256_blendv_epi8(at, k_i32x8, _mm256_cmpgt_epi32(least, d));
      least = _mm256_min_epi32(least, d);
      k_i32x8 = _mm256_add_epi32(k_i32x8, _mm256_set1_epi32(8));
    }
    alignas(32) std::int32_t distance[8], number[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(distance), least);
    _mm256_store_si256(reinterpret_cast<__m256i*>(number), at);
    int best = 0;
    for (int i = 1; i < 8; ++i) {
      const bool nearer = distance[i] < distance[best] || (distance[i] == distance[best] && number[i] < number[best]);
      best = nearer ? i : best;
    }
    return number[best];
  }

 protected:
  /// -2 x of a pair, in one word.
  static std::int32_t minus_twice(const std::int16_t* x) noexcept {
    const std::int16_t pair[2] = {static_cast<std::int16_t>(-2 * x[0]), static_cast<std::int16_t>(-2 * x[1])};
    std::int32_t word;
    std::memcpy(&word, pair, sizeof word);
    return word;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
