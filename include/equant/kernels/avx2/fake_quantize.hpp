// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/vectors.hpp>
#include <equant/kernels/fake_quantize.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Integer grids in float; everything else is inherited.
template <>
struct fake_quantize_on<isa::avx2> : fake_quantize_on<isa::portable> {
  using base = fake_quantize_on<isa::portable>;
  using base::run;

  template <class Rules, avx2::float_map Map>
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  float* y) noexcept {
    const index_t done = avx2::with_lanes(p, [&](const auto& lanes) {
      if constexpr (avx2::fixed_point<Rules, Map>::applies) {
        if (avx2::fixed_point<Rules, Map>::usable(p, range)) return by_product<Rules, Map>(x, n, lanes, range, y);
      }
      index_t i = 0;
      for (; i + 16 <= n; i += 16) exact<Rules, Map>(x, i, lanes, range, y);
      return i;
    });
    base::run(rules, x + done, n - done, p.from(done), range, y + done);
  }

 private:
  template <class Rules, class Map, class Lanes>
  static index_t by_product(const float* x, index_t n, Lanes lanes, code_range range, float* y) {
    const avx2::fixed_point<Rules, Map> fast(range);
    index_t i = 0;
    for (; i + 16 <= n; i += 16) {
      __m256i least = _mm256_set1_epi32(-1);
      const auto p = lanes.at(i), q = lanes.at(i + 8);
      const __m256i a = fast.codes(_mm256_loadu_ps(x + i), p, least);
      const __m256i b = fast.codes(_mm256_loadu_ps(x + i + 8), q, least);
      if (fast.sure(least)) [[likely]] {
        _mm256_storeu_ps(y + i, real(a, p));
        _mm256_storeu_ps(y + i + 8, real(b, q));
      } else {
        exact<Rules, Map>(x, i, lanes, range, y);
      }
    }
    return i;
  }

  template <class Rules, class Map, class Lanes>
  static void exact(const float* x, index_t i, const Lanes& lanes, code_range range, float* y) {
    const __m256 a = real(avx2::codes<Rules>(_mm256_loadu_ps(x + i), lanes.at(i), range), lanes.at(i));
    const __m256 b = real(avx2::codes<Rules>(_mm256_loadu_ps(x + i + 8), lanes.at(i + 8), range), lanes.at(i + 8));
    _mm256_storeu_ps(y + i, a);
    _mm256_storeu_ps(y + i + 8, b);
  }

  template <class Map>
  [[gnu::always_inline]] static __m256 real(__m256i code, const avx2::lanes<Map>& p) {
    if constexpr (avx2::lanes<Map>::integer_zero) {
      return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(code, p.zero)), p.scale);
    } else {
      return _mm256_mul_ps(_mm256_sub_ps(_mm256_cvtepi32_ps(code), p.zero_f32), p.scale);
    }
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
