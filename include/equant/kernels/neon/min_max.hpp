// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/min_max.hpp>

#include <arm_neon.h>

namespace equant::inline EQUANT_ABI::kernels {

/// Floats, 16 at a time. The minimum of anything and NaN is NaN here, so that NaN needs no test of its own; everything
/// else is inherited.
template <>
struct min_max_on<isa::neon> : min_max_on<isa::portable> {
  using base = min_max_on<isa::portable>;
  using base::each, base::run;

  static value_range<float> run(const float* x, index_t n) noexcept {
    if (n < 16) return base::run(x, n);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    float32x4_t low_a = vdupq_n_f32(infinity), low_b = low_a;
    float32x4_t high_a = vdupq_n_f32(-infinity), high_b = high_a;
    index_t i = 0;
    for (; i + 16 <= n; i += 16) {
      const float32x4_t a = vld1q_f32(x + i), b = vld1q_f32(x + i + 4);
      const float32x4_t c = vld1q_f32(x + i + 8), d = vld1q_f32(x + i + 12);
      low_a = vminq_f32(low_a, vminq_f32(a, b));
      low_b = vminq_f32(low_b, vminq_f32(c, d));
      high_a = vmaxq_f32(high_a, vmaxq_f32(a, b));
      high_b = vmaxq_f32(high_b, vmaxq_f32(c, d));
    }
    value_range<float> r{vminvq_f32(vminq_f32(low_a, low_b)), vmaxvq_f32(vmaxq_f32(high_a, high_b))};
    bool nan = r.low != r.low;
    for (; i < n; ++i) {
      r.low = x[i] < r.low ? x[i] : r.low;
      r.high = x[i] > r.high ? x[i] : r.high;
      nan = nan || x[i] != x[i];
    }
    return checked(r, nan, n);
  }

  static bool each(const float* x, index_t n, float* low, float* high) noexcept {
    const float32x4_t zero = vdupq_n_f32(0);
    uint32x4_t good = vdupq_n_u32(~0u);
    index_t i = 0;
    for (; i + 4 <= n; i += 4) {
      const float32x4_t v = vaddq_f32(vld1q_f32(x + i), zero);
      vst1q_f32(low + i, vminnmq_f32(v, vld1q_f32(low + i)));
      vst1q_f32(high + i, vmaxnmq_f32(v, vld1q_f32(high + i)));
      good = vandq_u32(good, vceqq_f32(vsubq_f32(v, v), zero));
    }
    const bool rest = base::each(x + i, n - i, low + i, high + i);
    return vminvq_u32(good) != 0 && rest;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
