// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/dot.hpp>
#include <equant/kernels/dot_loops.hpp>

#include <arm_neon.h>

namespace equant::inline EQUANT_ABI::kernels {

namespace neon {

/// Products in 16 bits, which hold 128^2 signed and 255^2 unsigned, their sums by pairs in 32. Operands of two kinds
/// are widened first.
struct dot_bytes {
  static constexpr index_t width = 16;
  static constexpr bool masked = false;
  template <class A, class B>
  static constexpr bool corrected = false;
  using bytes = uint8x16_t;
  using sums = uint32x4_t;

  static bytes load(const void* p) noexcept { return vld1q_u8(static_cast<const std::uint8_t*>(p)); }
  static sums zero() noexcept { return vdupq_n_u32(0); }
  static sums add(sums a, sums b) noexcept { return vaddq_u32(a, b); }
  static sums sub(sums a, sums b) noexcept { return vsubq_u32(a, b); }
  static std::uint32_t total(sums s) noexcept { return vaddvq_u32(s); }

  template <class A, class B>
  static sums product(sums s, bytes a, bytes b) noexcept {
    if constexpr (std::is_unsigned_v<A> && std::is_unsigned_v<B>) {
      s = vpadalq_u16(s, vmull_u8(vget_low_u8(a), vget_low_u8(b)));
      return vpadalq_u16(s, vmull_high_u8(a, b));
    } else if constexpr (std::is_unsigned_v<A>) {
      return product<B, A>(s, b, a);
    } else {
      int32x4_t sum = vreinterpretq_s32_u32(s);
      const int8x16_t x = vreinterpretq_s8_u8(a), y = vreinterpretq_s8_u8(b);
      if constexpr (std::is_signed_v<B>) {
        sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(x), vget_low_s8(y)));
        sum = vpadalq_s16(sum, vmull_high_s8(x, y));
      } else {
        sum = widened(sum, vmovl_s8(vget_low_s8(x)), vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(b))));
        sum = widened(sum, vmovl_high_s8(x), vreinterpretq_s16_u16(vmovl_high_u8(b)));
      }
      return vreinterpretq_u32_s32(sum);
    }
  }
  template <class T>
  static bytes distance(bytes a, bytes b) noexcept {
    if constexpr (std::is_signed_v<T>) {
      return vreinterpretq_u8_s8(vabdq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));
    } else {
      return vabdq_u8(a, b);
    }
  }

 private:
  static int32x4_t widened(int32x4_t s, int16x8_t a, int16x8_t b) noexcept {
    return vmlal_high_s16(vmlal_s16(s, vget_low_s16(a), vget_low_s16(b)), a, b);
  }
};

}  // namespace neon

template <>
struct dot_on<isa::neon> : dot_loops<neon::dot_bytes, dot_on<isa::portable>> {};

}  // namespace equant::inline EQUANT_ABI::kernels
