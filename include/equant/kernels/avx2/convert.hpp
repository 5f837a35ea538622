// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/convert.hpp>

#include <immintrin.h>

namespace equant::inline EQUANT_ABI::kernels {

/// Half precision by F16C; bfloat16 is inherited: its portable loop vectorises as it is.
template <>
struct convert_on<isa::avx2> : convert_on<isa::portable> {
  using base = convert_on<isa::portable>;
  using base::narrow, base::widen;

  static void widen(half_words kind, const std::uint16_t* words, index_t n, float* y) noexcept {
    index_t i = 0;
    for (; i + 8 <= n; i += 8) {
      const __m128i word = _mm_loadu_si128(reinterpret_cast<const __m128i*>(words + i));
      _mm256_storeu_ps(y + i, _mm256_cvtph_ps(word));
    }
    base::widen(kind, words + i, n - i, y + i);
  }

  static void narrow(half_words kind, const float* x, index_t n, std::uint16_t* words) noexcept {
    index_t i = 0;
    for (; i + 8 <= n; i += 8) {
      const __m128i word = _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(words + i), word);
    }
    base::narrow(kind, x + i, n - i, words + i);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
