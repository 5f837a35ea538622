// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/weight_lanes.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Four columns at a time.
template <>
struct weight_lanes<isa::neon> : lanes<isa::neon> {
  using word = uint8x16_t;

  static word load(const std::uint8_t* p) noexcept { return vld1q_u8(p); }
  using lanes<isa::neon>::load;
  static word spread(const void* a) noexcept {
    return vreinterpretq_u8_s8(mac_on<isa::neon>::spread(a));
  }
  template <int Bits, int P>
  static word plane(word w) noexcept {
    if constexpr (P > 0) w = vshrq_n_u8(w, P * Bits);
    if constexpr (Bits * (P + 1) < 8) w = vandq_u8(w, vdupq_n_u8((1 << Bits) - 1));
    return w;
  }
  /// Codes of at most four bits are bytes of either kind; whole bytes are multiplied as if signed after 128 is taken
  /// off, and 128 times the sum of a is added.
  template <int Bits>
  static i32 step(i32 acc, word w, word a) noexcept {
    return signed_step<Bits, mac_on<isa::neon>>(acc, w, a);
  }
  template <int Bits, int K>
  static f32 code(word w) noexcept {
    uint32x4_t codes = vreinterpretq_u32_u8(w);
    if constexpr (constexpr int shift = 8 * (K % 4) + Bits * (K / 4); shift > 0) codes = vshrq_n_u32(codes, shift);
    return vcvtq_f32_u32(vandq_u32(codes, vdupq_n_u32((1u << Bits) - 1)));
  }
  static f32 halves(const std::uint8_t* p) noexcept { return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p))); }
  static i32 bytes(const std::uint8_t* p) noexcept { return load(p, count); }
  using lanes<isa::neon>::sub;
  static f32 sub(f32 a, f32 b) noexcept { return vsubq_f32(a, b); }

  static constexpr int rows = 4, vectors = 4;
  static constexpr int float_rows = 4, float_vectors = 1;

 protected:
  template <int Bits, class Mac>
  static i32 signed_step(i32 acc, word w, word a) noexcept {
    const int8x16_t row = vreinterpretq_s8_u8(a);
    if constexpr (Bits < 8) {
      return Mac::step(acc, row, vreinterpretq_s8_u8(w));
    } else {
      const i32 sum_of_a = vpaddlq_s16(vpaddlq_s8(row));
      const int8x16_t moved = vreinterpretq_s8_u8(veorq_u8(w, vdupq_n_u8(128)));
      return Mac::step(vaddq_s32(acc, vshlq_n_s32(sum_of_a, 7)), row, moved);
    }
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
