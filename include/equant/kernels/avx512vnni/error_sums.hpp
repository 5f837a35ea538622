// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx512vnni/vectors.hpp>
#include <equant/kernels/error_sums.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// The specification's eight lanes are the eight doubles of a vector; doubles are inherited.
template <>
struct sum_errors_on<isa::avx512vnni> : sum_errors_on<isa::avxvnni> {
  using base = sum_errors_on<isa::avxvnni>;
  using base::run;

  static error_sums run(const float* x, const float* y, index_t n) noexcept {
    const __m512d zero = _mm512_setzero_pd();
    __m512d error = zero, magnitude = zero, square = zero, x_square = zero, y_square = zero, product = zero;
    __m256 largest = _mm256_setzero_ps();
    for (index_t i = 0; i < n; i += 8) {
      const auto some = static_cast<__mmask8>(avx512vnni::first(n - i));
      const __m256 a_f32 = _mm256_maskz_loadu_ps(some, x + i), b_f32 = _mm256_maskz_loadu_ps(some, y + i);
      const __m256 e_f32 = _mm256_sub_ps(b_f32, a_f32);
      const __m512d a = wide(a_f32), b = wide(b_f32), e = wide(e_f32);
      const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), e_f32);
      // Lanes beyond the end add zero to sums that are never -0.
      error = _mm512_add_pd(error, e);
      magnitude = _mm512_add_pd(magnitude, wide(size));
      largest = _mm256_max_ps(size, largest);  // where size is NaN, what was
      square = _mm512_fmadd_pd(e, e, square);
      x_square = _mm512_fmadd_pd(a, a, x_square);
      y_square = _mm512_fmadd_pd(b, b, y_square);
      product = _mm512_fmadd_pd(a, b, product);
    }
    error_sums s;
    s.error = sum(error);
    s.magnitude = sum(magnitude);
    s.square = sum(square);
    s.x_square = sum(x_square);
    s.y_square = sum(y_square);
    s.product = sum(product);
    alignas(32) float sizes[8];
    _mm256_store_ps(sizes, largest);
    s.largest = static_cast<double>(*std::max_element(sizes, sizes + 8));
    return s;
  }

 private:
  [[gnu::always_inline]] static __m512d wide(__m256 v) { return _mm512_maskz_cvtps_pd(0xff, v); }

  static double sum(__m512d v) {
    alignas(64) double lanes[8];
    _mm512_store_pd(lanes, v);
    return base::pairwise(lanes);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
