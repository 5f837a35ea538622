// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/symmetric_codes.hpp>

#include <immintrin.h>

namespace equant::inline EQUANT_ABI::kernels {

template <>
struct symmetric_codes_on<isa::avx2> : symmetric_codes_on<isa::portable> {
  static symmetric_run run(const float* x, index_t n, std::int8_t* codes) noexcept {
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    __m256i largest = _mm256_setzero_si256();
    index_t i = 0;
    for (; i + 8 <= n; i += 8) {
      const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
      largest = _mm256_max_epi32(largest, _mm256_and_si256(bits, magnitude));
    }
    alignas(32) std::int32_t lanes[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), largest);
    std::int32_t most = *std::max_element(lanes, lanes + 8);
    for (index_t k = i; k < n; ++k) most = std::max(most, std::bit_cast<std::int32_t>(x[k]) & 0x7fffffff);
    const float scale = std::bit_cast<float>(most) / 127.0f;
    if (!usable(scale)) return {scale, clear(codes, n)};

    const __m256 by = _mm256_set1_ps(scale), high = _mm256_set1_ps(127), low = _mm256_set1_ps(-127);
    __m256i sum = _mm256_setzero_si256();
    for (index_t k = 0; k < i; k += 8) {
      const __m256 inside = _mm256_min_ps(_mm256_max_ps(_mm256_div_ps(_mm256_loadu_ps(x + k), by), low), high);
      const __m256i code = _mm256_cvtps_epi32(inside);
      sum = _mm256_add_epi32(sum, code);
      const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(code), _mm256_extracti128_si256(code, 1));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(codes + k), _mm_packs_epi16(words, words));
    }
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum);
    std::int32_t total = encode(x + i, n - i, scale, codes + i);
    for (const std::int32_t s : lanes) total += s;
    return {scale, total};
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
