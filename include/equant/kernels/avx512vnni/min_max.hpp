// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx512vnni/vectors.hpp>
#include <equant/kernels/min_max.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Floats, 64 at a time with one test for NaN per pair of vectors; everything else is inherited.
template <>
struct min_max_on<isa::avx512vnni> : min_max_on<isa::avxvnni> {
  using base = min_max_on<isa::avxvnni>;
  using base::each, base::run;

  static value_range<float> run(const float* x, index_t n) noexcept {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const __m512 none_low = _mm512_set1_ps(infinity), none_high = _mm512_set1_ps(-infinity);
    __m512 low[2] = {none_low, none_low}, high[2] = {none_high, none_high};
    __mmask16 nan = 0;
    auto take = [&](__m512 a, __m512 b) {
      low[0] = smaller(a, low[0]);
      low[1] = smaller(b, low[1]);
      high[0] = larger(a, high[0]);
      high[1] = larger(b, high[1]);
      nan = static_cast<__mmask16>(nan | _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q));
    };
    index_t i = 0;
    for (; i + 64 <= n; i += 64) {
      take(avx512vnni::load(x + i), avx512vnni::load(x + i + 16));
      take(avx512vnni::load(x + i + 32), avx512vnni::load(x + i + 48));
    }
    for (; i < n; i += 16) {
      const __mmask16 mask = avx512vnni::first(n - i);
      const __m512 a = _mm512_mask_loadu_ps(none_low, mask, x + i);
      low[0] = smaller(a, low[0]);
      high[0] = larger(_mm512_mask_mov_ps(none_high, mask, a), high[0]);
      nan = static_cast<__mmask16>(nan | _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q));
    }
    value_range<float> r;
    r.low = least(smaller(low[0], low[1]));
    r.high = -least(_mm512_sub_ps(_mm512_set1_ps(-0.0f), larger(high[0], high[1])));
    return checked(r, nan != 0, n);
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
  // Where one of the two is NaN, the second.
  [[gnu::always_inline]] static __m512 smaller(__m512 a, __m512 b) {
    return _mm512_maskz_min_ps(avx512vnni::all, a, b);
  }
  [[gnu::always_inline]] static __m512 larger(__m512 a, __m512 b) {
    return _mm512_maskz_max_ps(avx512vnni::all, a, b);
  }

  static float least(__m512 v) {
    alignas(64) float lanes[16];
    _mm512_store_ps(lanes, v);
    return *std::min_element(lanes, lanes + 16);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
