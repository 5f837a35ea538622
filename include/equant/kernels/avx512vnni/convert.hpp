// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx512vnni/vectors.hpp>
#include <equant/kernels/convert.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Half precision by the conversion instructions, bfloat16 by integer arithmetic as in the specification.
template <>
struct convert_on<isa::avx512vnni> : convert_on<isa::avxvnni> {
  static void widen(half_words, const std::uint16_t* words, index_t n, float* y) noexcept {
    widen_by(words, n, y, [](__m256i w) { return _mm512_maskz_cvtph_ps(avx512vnni::all, w); });
  }
  static void widen(bfloat_words, const std::uint16_t* words, index_t n, float* y) noexcept {
    widen_by(words, n, y, [](__m256i w) {
      const __m512i wide = _mm512_maskz_cvtepu16_epi32(avx512vnni::all, w);
      return _mm512_castsi512_ps(_mm512_maskz_slli_epi32(avx512vnni::all, wide, 16));
    });
  }

  static void narrow(half_words, const float* x, index_t n, std::uint16_t* words) noexcept {
    narrow_by(x, n, words, [](__m512 v) {
      return _mm512_maskz_cvtps_ph(avx512vnni::all, v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    });
  }
  static void narrow(bfloat_words, const float* x, index_t n, std::uint16_t* words) noexcept {
    narrow_by(x, n, words, [](__m512 v) {
      const __m512i bits = _mm512_castps_si512(v);
      const __m512i high = _mm512_maskz_srli_epi32(avx512vnni::all, bits, 16);
      const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
      const __m512i up = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
      const __m512i near = _mm512_maskz_srli_epi32(avx512vnni::all, up, 16);
      const __m512i quiet = _mm512_or_si512(high, _mm512_set1_epi32(0x40));
      const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
      return _mm512_maskz_cvtepi32_epi16(avx512vnni::all, _mm512_mask_mov_epi32(near, nan, quiet));
    });
  }

 private:
  template <class F>
  static void widen_by(const std::uint16_t* words, index_t n, float* y, F f) {
    index_t i = 0;
    for (; i + 16 <= n; i += 16) {
      _mm512_storeu_ps(y + i, f(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(words + i))));
    }
    const __mmask16 rest = avx512vnni::first(n - i);
    _mm512_mask_storeu_ps(y + i, rest, f(_mm256_maskz_loadu_epi16(rest, words + i)));
  }

  template <class F>
  static void narrow_by(const float* x, index_t n, std::uint16_t* words, F f) {
    index_t i = 0;
    for (; i + 16 <= n; i += 16) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(words + i), f(_mm512_loadu_ps(x + i)));
    }
    const __mmask16 rest = avx512vnni::first(n - i);
    _mm256_mask_storeu_epi16(words + i, rest, f(avx512vnni::load(x + i, rest)));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
