// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/arithmetic.hpp>
#include <equant/core/format.hpp>
#include <equant/kernels/stores.hpp>

#include <arm_neon.h>

#include <concepts>

/// What the NEON leaves share: four lanes of parameters, the arithmetic on them, and the ways in and out of memory.
namespace equant::inline EQUANT_ABI::kernels::neon {

/// Maps whose arithmetic is done in float.
template <class Map>
concept float_map = std::same_as<typename Map::scale_type, float>;

/// The parameters of a run, one for all elements (a step of 0) or one for each (1).
template <class Map, int ScaleStep, int ZeroStep>
class lanes {
 public:
  static constexpr bool integer_zero = std::is_integral_v<typename Map::zero_point_type>;

  explicit lanes(run_parameters<Map> p) : scale_(p.scale), zero_point_(p.zero_point) {}

  [[gnu::always_inline]] float32x4_t scale(index_t i) const {
    return ScaleStep == 0 ? vdupq_n_f32(*scale_) : vld1q_f32(scale_ + i);
  }
  [[gnu::always_inline]] int32x4_t zero(index_t i) const {
    if constexpr (!integer_zero) return vdupq_n_s32(0);
    else return ZeroStep == 0 ? vdupq_n_s32(*zero_point_) : vld1q_s32(zero_point_ + i);
  }
  [[gnu::always_inline]] float32x4_t zero_f32(index_t i) const {
    if constexpr (integer_zero) return vcvtq_f32_s32(zero(i));
    else return ZeroStep == 0 ? vdupq_n_f32(*zero_point_) : vld1q_f32(zero_point_ + i);
  }

 private:
  const float* scale_;
  const typename Map::zero_point_type* zero_point_;
};

/// Returns f(lanes of the run), or 0 for a step other than 0 and 1. f does how many elements it can.
template <class Map, class F>
index_t with_lanes(run_parameters<Map> p, F&& f) {
  if (p.scale_step == 0 && p.zero_point_step == 0) return f(lanes<Map, 0, 0>(p));
  if (p.scale_step == 1 && p.zero_point_step == 1) return f(lanes<Map, 1, 1>(p));
  if (p.scale_step == 1 && p.zero_point_step == 0) return f(lanes<Map, 1, 0>(p));
  return 0;
}

/// Rounded to an integer in the way of `Rounding`; |x| is below 2^31 and not NaN.
template <class Rounding>
[[gnu::always_inline]] inline int32x4_t rounded(float32x4_t x) {
  if constexpr (std::same_as<Rounding, nearest_even>) {
    return vcvtnq_s32_f32(x);
  } else if constexpr (std::same_as<Rounding, half_away>) {
    return vcvtaq_s32_f32(x);
  } else {
    static_assert(std::same_as<Rounding, toward_zero>);
    return vcvtq_s32_f32(x);
  }
}

template <class Rules>
[[gnu::always_inline]] inline float32x4_t scaled(float32x4_t x, float32x4_t scale) {
  if constexpr (Rules::scaled_by == scaling::division) {
    return vdivq_f32(x, scale);
  } else {
    float32x4_t product = vmulq_f32(x, vdivq_f32(vdupq_n_f32(1), scale));
    asm("" : "+w"(product));  // what is added next must not be fused with it
    return product;
  }
}

/// The codes of x[i .. i + 4), as Rules::code gives them.
template <class Rules, class Lanes>
[[gnu::always_inline]] inline int32x4_t codes(const float* x, index_t i, const Lanes& p, code_range range) {
  using rounding = typename Rules::rounding;
  const float32x4_t v = scaled<Rules>(vld1q_f32(x + i), p.scale(i)), zero = p.zero_f32(i);
  const uint32x4_t ordered = vceqq_f32(v, v);
  const float32x4_t lowest = vdupq_n_f32(static_cast<float>(range.lowest));
  const float32x4_t highest = vdupq_n_f32(static_cast<float>(range.highest));
  if constexpr (Rules::added == zero_point_added::after_rounding) {
    const float32x4_t number = vbslq_f32(ordered, v, vdupq_n_f32(0));
    const float32x4_t r = vminq_f32(vmaxq_f32(number, vsubq_f32(lowest, zero)), vsubq_f32(highest, zero));
    return vaddq_s32(rounded<rounding>(r), p.zero(i));
  } else {
    const float32x4_t shifted = vbslq_f32(ordered, vaddq_f32(v, zero), zero);
    return rounded<rounding>(vminq_f32(vmaxq_f32(shifted, lowest), highest));
  }
}

/// Four codes as the real numbers at place i of the run.
template <class Lanes>
[[gnu::always_inline]] inline float32x4_t real(int32x4_t code, index_t i, const Lanes& p) {
  if constexpr (Lanes::integer_zero) {
    return vmulq_f32(vcvtq_f32_s32(vsubq_s32(code, p.zero(i))), p.scale(i));
  } else {
    return vmulq_f32(vsubq_f32(vcvtq_f32_s32(code), p.zero_f32(i)), p.scale(i));
  }
}

/// The low words of eight integers.
[[gnu::always_inline]] inline uint16x8_t to_words(int32x4_t a, int32x4_t b) {
  return vcombine_u16(vmovn_u32(vreinterpretq_u32_s32(a)), vmovn_u32(vreinterpretq_u32_s32(b)));
}
/// The low bytes of sixteen.
[[gnu::always_inline]] inline uint8x16_t to_bytes(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d) {
  return vcombine_u8(vmovn_u16(to_words(a, b)), vmovn_u16(to_words(c, d)));
}

/// Where 16 codes go: bytes, 16-bit words, or nibbles.
struct to_words8 {
  std::uint8_t* out;
  [[gnu::always_inline]] void store(index_t i, int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d) const {
    vst1q_u8(out + i, to_bytes(a, b, c, d));
  }
};

struct to_words16 {
  std::uint16_t* out;
  [[gnu::always_inline]] void store(index_t i, int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d) const {
    vst1q_u16(out + i, to_words(a, b));
    vst1q_u16(out + i + 8, to_words(c, d));
  }
};

struct to_nibbles {
  std::uint8_t* out;
  [[gnu::always_inline]] void store(index_t i, int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d) const {
    const uint8x16_t half = vandq_u8(to_bytes(a, b, c, d), vdupq_n_u8(15));
    const uint8x8_t even = vget_low_u8(vuzp1q_u8(half, half)), odd = vget_low_u8(vuzp2q_u8(half, half));
    vst1_u8(out + i / 2, vorr_u8(even, vshl_n_u8(odd, 4)));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels::neon
