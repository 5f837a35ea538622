// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/dequantize.hpp>
#include <equant/kernels/neon/vectors.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Integer grids to float, 16 at a time; everything else is inherited.
template <>
struct dequantize_on<isa::neon> : dequantize_on<isa::portable> {
  using base = dequantize_on<isa::portable>;
  using base::run;

  template <class Word, neon::float_map Map>
  static void run(const Word* codes, index_t n, run_parameters<Map> p, std::int32_t sign, float* y) noexcept {
    const index_t i = neon::with_lanes(p, [&](const auto& lanes) { return blocks(codes, n, lanes, sign, y); });
    base::run(codes + i, n - i, p.from(i), sign, y + i);
  }

  template <neon::float_map Map>
  static void run(nibbles<const std::uint8_t> codes, index_t n, run_parameters<Map> p, std::int32_t sign,
                  float* y) noexcept {
    const index_t i = neon::with_lanes(p, [&](const auto& lanes) { return blocks(codes, n, lanes, sign, y); });
    base::run(nibbles<const std::uint8_t>{codes.bytes + i / 2}, n - i, p.from(i), sign, y + i);
  }

 private:
  struct sixteen {
    uint16x8_t low, high;
  };

  template <class Codes, class Lanes>
  static index_t blocks(Codes codes, index_t n, Lanes lanes, std::int32_t sign, float* y) {
    index_t i = 0;
    for (; i + 16 <= n; i += 16) {
      const sixteen words = widened(codes, i);
      eight(words.low, i, lanes, sign, y);
      eight(words.high, i + 8, lanes, sign, y);
    }
    return i;
  }

  template <class Lanes>
  [[gnu::always_inline]] static void eight(uint16x8_t words, index_t i, const Lanes& lanes, std::int32_t sign,
                                           float* y) {
    const int32x4_t bit = vdupq_n_s32(sign);
    const int32x4_t a = vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(words)));
    const int32x4_t b = vreinterpretq_s32_u32(vmovl_u16(vget_high_u16(words)));
    vst1q_f32(y + i, neon::real(vsubq_s32(veorq_s32(a, bit), bit), i, lanes));
    vst1q_f32(y + i + 4, neon::real(vsubq_s32(veorq_s32(b, bit), bit), i + 4, lanes));
  }

  [[gnu::always_inline]] static sixteen widened(uint8x16_t bytes) {
    return {vmovl_u8(vget_low_u8(bytes)), vmovl_u8(vget_high_u8(bytes))};
  }
  [[gnu::always_inline]] static sixteen widened(const std::uint8_t* codes, index_t i) {
    return widened(vld1q_u8(codes + i));
  }
  [[gnu::always_inline]] static sixteen widened(const std::uint16_t* codes, index_t i) {
    return {vld1q_u16(codes + i), vld1q_u16(codes + i + 8)};
  }
  [[gnu::always_inline]] static sixteen widened(nibbles<const std::uint8_t> codes, index_t i) {
    const uint8x8_t pairs = vld1_u8(codes.bytes + i / 2);
    const uint8x8_t even = vand_u8(pairs, vdup_n_u8(15)), odd = vshr_n_u8(pairs, 4);
    return {vmovl_u8(vzip1_u8(even, odd)), vmovl_u8(vzip2_u8(even, odd))};
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
