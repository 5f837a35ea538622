// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/min_max.hpp>

#include <immintrin.h>

namespace equant::inline EQUANT_ABI::kernels {

/// Floats, 32 at a time with one test for NaN per pair of vectors; everything else is inherited.
template <>
struct min_max_on<isa::avx2> : min_max_on<isa::portable> {
  using base = min_max_on<isa::portable>;
  using base::each, base::run;

  static value_range<float> run(const float* x, index_t n) noexcept {
    if (n < 32) return base::run(x, n);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    __m256 low_a = _mm256_set1_ps(infinity), low_b = low_a;
    __m256 high_a = _mm256_set1_ps(-infinity), high_b = high_a;
    __m256 nan = _mm256_setzero_ps();
    index_t i = 0;
    auto take = [&](const float* at) {
      const __m256 a = _mm256_loadu_ps(at), b = _mm256_loadu_ps(at + 8);
      low_a = _mm256_min_ps(low_a, a);
      low_b = _mm256_min_ps(low_b, b);
      high_a = _mm256_max_ps(high_a, a);
      high_b = _mm256_max_ps(high_b, b);
      nan = _mm256_or_ps(nan, _mm256_cmp_ps(a, b, _CMP_UNORD_Q));
    };
    for (; i + 32 <= n; i += 32) {
      take(x + i);
      take(x + i + 16);
    }
    alignas(32) float low[8], high[8];
    _mm256_store_ps(low, _mm256_min_ps(low_a, low_b));
    _mm256_store_ps(high, _mm256_max_ps(high_a, high_b));
    value_range<float> r;
    bool any_nan = _mm256_movemask_ps(nan) != 0;
    for (int lane = 0; lane < 8; ++lane) {
      r.low = low[lane] < r.low ? low[lane] : r.low;
      r.high = high[lane] > r.high ? high[lane] : r.high;
    }
    for (; i < n; ++i) {
      r.low = x[i] < r.low ? x[i] : r.low;
      r.high = x[i] > r.high ? x[i] : r.high;
      any_nan = any_nan || x[i] != x[i];
    }
    return checked(r, any_nan, n);
  }

  static bool each(const float* x, index_t n, float* low, float* high) noexcept {
    const __m256 zero = _mm256_setzero_ps();
    __m256 bad = zero;
    index_t i = 0;
    for (; i + 8 <= n; i += 8) {
      const __m256 v = _mm256_add_ps(_mm256_loadu_ps(x + i), zero);
      _mm256_storeu_ps(low + i, _mm256_min_ps(v, _mm256_loadu_ps(low + i)));
      _mm256_storeu_ps(high + i, _mm256_max_ps(v, _mm256_loadu_ps(high + i)));
      bad = _mm256_or_ps(bad, _mm256_cmp_ps(_mm256_sub_ps(v, v), zero, _CMP_NEQ_UQ));
    }
    const bool rest = base::each(x + i, n - i, low + i, high + i);
    return _mm256_movemask_ps(bad) == 0 && rest;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
