// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/convert.hpp>

#include <arm_neon.h>

namespace equant::inline EQUANT_ABI::kernels {

/// Half precision by the conversion instructions, bfloat16 by integer arithmetic as in the specification.
template <>
struct convert_on<isa::neon> : convert_on<isa::portable> {
  using base = convert_on<isa::portable>;
  using base::narrow, base::widen;

  static void widen(half_words kind, const std::uint16_t* words, index_t n, float* y) noexcept {
    index_t i = 0;
    for (; i + 4 <= n; i += 4) vst1q_f32(y + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(words + i))));
    base::widen(kind, words + i, n - i, y + i);
  }
  static void widen(bfloat_words kind, const std::uint16_t* words, index_t n, float* y) noexcept {
    index_t i = 0;
    for (; i + 4 <= n; i += 4) vst1q_f32(y + i, vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(words + i), 16)));
    base::widen(kind, words + i, n - i, y + i);
  }

  static void narrow(half_words kind, const float* x, index_t n, std::uint16_t* words) noexcept {
    index_t i = 0;
    for (; i + 4 <= n; i += 4) vst1_u16(words + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i))));
    base::narrow(kind, x + i, n - i, words + i);
  }
  static void narrow(bfloat_words kind, const float* x, index_t n, std::uint16_t* words) noexcept {
    index_t i = 0;
    for (; i + 4 <= n; i += 4) {
      const float32x4_t v = vld1q_f32(x + i);
      const uint32x4_t bits = vreinterpretq_u32_f32(v);
      const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
      const uint32x4_t up = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
      const uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
      vst1_u16(words + i, vshrn_n_u32(vbslq_u32(vceqq_f32(v, v), up, quiet), 16));
    }
    base::narrow(kind, x + i, n - i, words + i);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
