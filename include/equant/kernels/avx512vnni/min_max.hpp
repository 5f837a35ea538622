// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx512vnni/stores.hpp>
#include <equant/kernels/min_max.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Floats, 64 at a time with one test for NaN per pair of vectors; everything else is inherited.
template <>
struct min_max_on<isa::avx512vnni> : min_max_on<isa::avxvnni> {
  using base = min_max_on<isa::avxvnni>;
  using base::each, base::run;

  [[gnu::always_inline]] static value_range<float> run(const float* x, index_t n) noexcept {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const __m512 none_low = _mm512_set1_ps(infinity), none_high = _mm512_set1_ps(-infinity);
    extremes a{none_low, none_high}, b = a, c = a, d = a;
    const auto some = [&](index_t from, index_t to) {
      const __mmask16 mask = avx512vnni::first(to - from);
      const __m512 v = _mm512_mask_loadu_ps(none_low, mask, x + from);
      a.low = smaller(v, a.low);
      a.high = larger(_mm512_mask_mov_ps(none_high, mask, v), a.high);
      a.nan = static_cast<__mmask16>(a.nan | _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q));
    };
    index_t i = avx512vnni::first_whole<false>(n, 0, x);
    if (i > 0) some(0, i);
    for (; i + 64 <= n; i += 64) {
      take(a, b, avx512vnni::load(x + i), avx512vnni::load(x + i + 16));
      take(c, d, avx512vnni::load(x + i + 32), avx512vnni::load(x + i + 48));
    }
    for (; i < n; i += 16) some(i, n);
    value_range<float> r;
    r.low = least(smaller(smaller(a.low, b.low), smaller(c.low, d.low)));
    const __m512 high = larger(larger(a.high, b.high), larger(c.high, d.high));
    r.high = -least(_mm512_sub_ps(_mm512_set1_ps(-0.0f), high));
    return checked(r, (a.nan | c.nan) != 0, n);
  }

  static bool each(const float* x, index_t n, float* low, float* high) noexcept {
    __mmask16 bad = 0;
    for (index_t i = 0; i < n; i += 16) {
      const __mmask16 mask = avx512vnni::first(n - i);
      const __m512 v = _mm512_add_ps(avx512vnni::load(x + i, mask), _mm512_setzero_ps());
      _mm512_mask_storeu_ps(low + i, mask, smaller(v, avx512vnni::load(low + i, mask)));
      _mm512_mask_storeu_ps(high + i, mask, larger(v, avx512vnni::load(high + i, mask)));
      const __m512 difference = _mm512_sub_ps(v, v);
      bad = static_cast<__mmask16>(bad | _mm512_cmp_ps_mask(difference, _mm512_setzero_ps(), _CMP_NEQ_UQ));
    }
    return bad == 0;
  }

 private:
  struct extremes {
    __m512 low, high;
    __mmask16 nan = 0;
  };

  /// Two vectors, u into a and v into b; a alone tells of NaN.
  [[gnu::always_inline]] static void take(extremes& a, extremes& b, __m512 u, __m512 v) {
    asm("" : "+v"(u), "+v"(v));  // in registers: g++ 12 loads them anew for every use
    a.low = smaller(u, a.low);
    b.low = smaller(v, b.low);
    a.high = larger(u, a.high);
    b.high = larger(v, b.high);
    a.nan = static_cast<__mmask16>(a.nan | _mm512_cmp_ps_mask(u, v, _CMP_UNORD_Q));
  }

  // Where one of the two is NaN, the second.
  [[gnu::always_inline]] static __m512 smaller(__m512 a, __m512 b) {
    return _mm512_maskz_min_ps(avx512vnni::all, a, b);
  }
  [[gnu::always_inline]] static __m512 larger(__m512 a, __m512 b) {
    return _mm512_maskz_max_ps(avx512vnni::all, a, b);
  }

  [[gnu::always_inline]] static float least(__m512 v) {
    const __m256 low = _mm512_maskz_extractf32x8_ps(0xff, v, 0), high = _mm512_maskz_extractf32x8_ps(0xff, v, 1);
    const __m256 eight = _mm256_min_ps(low, high);
    __m128 four = _mm_min_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_min_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_min_ss(four, _mm_movehdup_ps(four)));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
