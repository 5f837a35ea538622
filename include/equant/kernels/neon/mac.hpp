// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/mac.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Products of bytes in 16 bits, |a b| <= 128 * 128, then their sums by pairs in 32: two of -128 * -128 make 32768,
/// which 16 bits do not hold.
template <>
struct mac_on<isa::neon> {
  using lanes = kernels::lanes<isa::neon>;
  using element = std::int8_t;
  static constexpr int group = 4;
  static constexpr bool unsigned_a = false;
  static constexpr int registers = 24;  // of 32: a step needs some of its own
  using i32 = int32x4_t;
  using word = int8x16_t;

  static word spread(const void* a) noexcept {
#ifndef __clang__
    asm volatile("");  // else g++ 12 brings the products of all rows forward, and spills the sums
#endif
    std::int32_t w;
    std::memcpy(&w, a, sizeof w);
    return vreinterpretq_s8_s32(vdupq_n_s32(w));
  }
  static word load(const void* b) noexcept { return vld1q_s8(static_cast<const std::int8_t*>(b)); }
  static word flip(word a) noexcept { return veorq_s8(a, vdupq_n_s8(-128)); }
  static i32 step(i32 acc, word a, word b) noexcept {
    const i32 left = vpaddlq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)));  // columns 0 and 1, two halves each
    const i32 right = vpaddlq_s16(vmull_high_s8(a, b));
    return vaddq_s32(acc, vpaddq_s32(left, right));
  }

  template <class T>
  static void copy(const T* codes, index_t n, element* to) noexcept {
    std::memcpy(to, codes, static_cast<std::size_t>(n));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
