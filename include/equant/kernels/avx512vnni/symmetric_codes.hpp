// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/symmetric_codes.hpp>

#include <immintrin.h>

namespace equant::inline EQUANT_ABI::kernels {

template <>
struct symmetric_codes_on<isa::avx512vnni> : symmetric_codes_on<isa::portable> {
  static symmetric_run run(const float* x, index_t n, std::int8_t* codes) noexcept {
    const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
    __m512i largest = _mm512_setzero_si512();
    for (index_t i = 0; i < n; i += 16) {
      const __m512i bits = _mm512_maskz_loadu_epi32(first(n - i), x + i);
      largest = _mm512_maskz_max_epi32(all, largest, _mm512_and_si512(bits, magnitude));
    }
    alignas(64) std::int32_t lanes[16];
    _mm512_store_si512(lanes, largest);
    const float scale = std::bit_cast<float>(*std::max_element(lanes, lanes + 16)) / 127.0f;
    if (!usable(scale)) return {scale, clear(codes, n)};

    const __m512 by = _mm512_set1_ps(scale), high = _mm512_set1_ps(127), low = _mm512_set1_ps(-127);
    __m512i sum = _mm512_setzero_si512();
    for (index_t i = 0; i < n; i += 16) {
      const __mmask16 some = first(n - i);
      const __m512 scaled = _mm512_div_ps(_mm512_maskz_loadu_ps(some, x + i), by);
      const __m512 inside = _mm512_maskz_min_ps(all, _mm512_maskz_max_ps(all, scaled, low), high);
      const __m512i code = _mm512_maskz_cvtps_epi32(all, inside);
      sum = _mm512_add_epi32(sum, code);
      _mm_mask_storeu_epi8(codes + i, some, _mm512_maskz_cvtepi32_epi8(all, code));
    }
    _mm512_store_si512(lanes, sum);
    std::int32_t total = 0;
    for (const std::int32_t s : lanes) total += s;
    return {scale, total};
  }

 private:
  static constexpr __mmask16 all = 0xffff;
  static __mmask16 first(index_t n) noexcept { return n >= 16 ? all : static_cast<__mmask16>((1u << n) - 1); }
};

}  // namespace equant::inline EQUANT_ABI::kernels
