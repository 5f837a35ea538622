// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/lanes.hpp>

#include <arm_neon.h>

namespace equant::inline EQUANT_ABI::kernels {

/// Four lanes.
template <>
struct lanes<isa::neon> {
  static constexpr int count = 4;
  using i32 = int32x4_t;
  using f32 = float32x4_t;

  static i32 splat(std::int32_t x) noexcept { return vdupq_n_s32(x); }
  static f32 splat(float x) noexcept { return vdupq_n_f32(x); }
  static i32 load(const std::int32_t* p, int n) noexcept {
    if (n >= count) return vld1q_s32(p);
    std::int32_t some[count] = {};
    std::memcpy(some, p, bytes_of(n));
    return vld1q_s32(some);
  }
  static f32 load(const float* p, int n) noexcept {
    if (n >= count) return vld1q_f32(p);
    float some[count] = {};
    std::memcpy(some, p, bytes_of(n));
    return vld1q_f32(some);
  }
  static i32 load(const std::int8_t* p, int n) noexcept {
    return vmovl_s16(vget_low_s16(vmovl_s8(vcreate_s8(bytes_at(p, n)))));
  }
  static i32 load(const std::uint8_t* p, int n) noexcept {
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(bytes_at(p, n))))));
  }

  static i32 add(i32 a, i32 b) noexcept { return vaddq_s32(a, b); }
  static i32 sub(i32 a, i32 b) noexcept { return vsubq_s32(a, b); }
  static i32 mul(i32 a, i32 b) noexcept { return vmulq_s32(a, b); }
  static i32 min(i32 a, i32 b) noexcept { return vminq_s32(a, b); }
  static i32 max(i32 a, i32 b) noexcept { return vmaxq_s32(a, b); }
  static i32 shift_left(i32 a, i32 s) noexcept { return vshlq_s32(a, s); }
  static i32 high_product(i32 a, i32 b) noexcept { return vqrdmulhq_s32(a, b); }
  /// The instruction sends ties up: what is negative goes one down before, unless nothing is shifted out.
  static i32 shift_away(i32 a, i32 s) noexcept {
    const i32 right = vnegq_s32(s), down = vshrq_n_s32(vandq_s32(a, right), 31);
    return vrshlq_s32(vqaddq_s32(a, down), right);
  }
  static i32 shift_up(i32 a, i32 b, i32 s) noexcept {
    const i32 right = vnegq_s32(s);
    const int64x2_t low = vrshlq_s64(vmull_s32(vget_low_s32(a), vget_low_s32(b)), vmovl_s32(vget_low_s32(right)));
    const int64x2_t high = vrshlq_s64(vmull_high_s32(a, b), vmovl_high_s32(right));
    return vmovn_high_s64(vmovn_s64(low), high);
  }

  static f32 add(f32 a, f32 b) noexcept { return vaddq_f32(a, b); }
  static f32 mul(f32 a, f32 b) noexcept { return vmulq_f32(a, b); }
  static f32 fma(f32 a, f32 b, f32 c) noexcept { return vfmaq_f32(c, a, b); }
  static f32 min(f32 a, f32 b) noexcept { return vbslq_f32(vcltq_f32(b, a), b, a); }  // where one is NaN, a
  static f32 max(f32 a, f32 b) noexcept { return vbslq_f32(vcgtq_f32(b, a), b, a); }
  static f32 to_float(i32 a) noexcept { return vcvtq_f32_s32(a); }
  static i32 round(f32 a) noexcept { return vcvtnq_s32_f32(a); }

  static void store(std::int32_t* p, i32 a, int n) noexcept {
    if (n >= count) return vst1q_s32(p, a);
    std::int32_t some[count];
    vst1q_s32(some, a);
    std::memcpy(p, some, bytes_of(n));
  }
  static void store(float* p, f32 a, int n) noexcept {
    if (n >= count) return vst1q_f32(p, a);
    float some[count];
    vst1q_f32(some, a);
    std::memcpy(p, some, bytes_of(n));
  }
  static void store(std::int8_t* p, i32 a, int n) noexcept { bytes(p, a, n); }
  static void store(std::uint8_t* p, i32 a, int n) noexcept { bytes(p, a, n); }

 private:
  static std::uint64_t bytes_at(const void* p, int n) noexcept {
    std::uint64_t some = 0;
    std::memcpy(&some, p, n >= count ? std::size_t{count} : static_cast<std::size_t>(n));
    return some;
  }
  static std::size_t bytes_of(int n) noexcept { return 4 * static_cast<std::size_t>(n); }
  static void bytes(void* p, i32 a, int n) noexcept {
    const int16x4_t halves = vmovn_s32(a);
    const int8x8_t four = vmovn_s16(vcombine_s16(halves, halves));
    const std::uint32_t word = vget_lane_u32(vreinterpret_u32_s8(four), 0);
    std::memcpy(p, &word, n >= count ? sizeof word : static_cast<std::size_t>(n));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
