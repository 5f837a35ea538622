// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/vectors.hpp>

#include <algorithm>

/// What the AVX-512 leaves share: sixteen lanes of parameters and the arithmetic on them. Ends of lines go the same
/// way as the rest, under a mask. Masked forms throughout where g++ 12's plain ones warn of an uninitialised operand.
namespace equant::inline EQUANT_ABI::kernels::avx512vnni {

using avx2::float_map;

inline constexpr __mmask16 all = 0xffff;

/// The first n of sixteen lanes.
[[gnu::always_inline]] inline __mmask16 first(index_t n) {
  return n >= 16 ? all : static_cast<__mmask16>((1u << n) - 1);
}

[[gnu::always_inline]] inline __m512 load(const float* x, __mmask16 mask = all) {
  return _mm512_maskz_loadu_ps(mask, x);
}

/// The scales and zero points of sixteen elements.
template <class Map>
struct lanes {
  static constexpr bool integer_zero = std::is_integral_v<typename Map::zero_point_type>;

  __m512 scale;
  __m512 inverse_65536;  // 2^16 / scale, where fixed_point is used
  __m512i zero;          // the integer zero point
  __m512 zero_f32;       // the same in float, or the real one
};

/// One set of parameters for the whole run.
template <class Map>
struct shared_lanes {
  lanes<Map> one;

  explicit shared_lanes(run_parameters<Map> p) {
    one.scale = _mm512_set1_ps(*p.scale);
    one.inverse_65536 = _mm512_set1_ps(1 / *p.scale * 0x1p16f);
    one.zero = _mm512_set1_epi32(lanes<Map>::integer_zero ? static_cast<std::int32_t>(*p.zero_point) : 0);
    one.zero_f32 = _mm512_set1_ps(static_cast<float>(*p.zero_point));
  }
  [[gnu::always_inline]] lanes<Map> at(index_t, __mmask16 = all) const { return one; }
};

/// One set per element; where all share the zero point, `ZeroStep` is 0.
template <class Map, int ZeroStep>
struct stepped_lanes {
  const float* scale;
  const float* inverse;
  const typename Map::zero_point_type* zero_point;

  explicit stepped_lanes(run_parameters<Map> p)
      : scale(p.scale), inverse(p.inverse == nullptr ? p.scale : p.inverse), zero_point(p.zero_point) {}
  [[gnu::always_inline]] lanes<Map> at(index_t i, __mmask16 mask = all) const {
    lanes<Map> l;
    l.scale = load(scale + i, mask);
    l.inverse_65536 = _mm512_mul_ps(load(inverse + i, mask), _mm512_set1_ps(0x1p16f));
    if constexpr (lanes<Map>::integer_zero) {
      l.zero = ZeroStep == 0 ? _mm512_set1_epi32(*zero_point) : _mm512_maskz_loadu_epi32(mask, zero_point + i);
      l.zero_f32 = _mm512_maskz_cvtepi32_ps(all, l.zero);
    } else {
      l.zero = _mm512_setzero_si512();
      l.zero_f32 = ZeroStep == 0 ? _mm512_set1_ps(*zero_point) : load(zero_point + i, mask);
    }
    return l;
  }
};

/// Calls f(lanes of the run), and tells whether it did: not for a step other than 0 and 1.
template <class Map, class F>
bool with_lanes(run_parameters<Map> p, F&& f) {
  if (p.scale_step == 0 && p.zero_point_step == 0) return f(shared_lanes<Map>(p)), true;
  if (p.scale_step == 1 && p.zero_point_step == 1) return f(stepped_lanes<Map, 1>(p)), true;
  if (p.scale_step == 1 && p.zero_point_step == 0) return f(stepped_lanes<Map, 0>(p)), true;
  return false;
}

/// Rounded to a whole number in the way of `Rounding`; what has no fraction, and NaN, stays.
template <class Rounding>
[[gnu::always_inline]] inline __m512 whole(__m512 x) {
  if constexpr (std::same_as<Rounding, nearest_even>) {
    return _mm512_maskz_roundscale_ps(all, x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  } else {
    const __m512 truncated = _mm512_maskz_roundscale_ps(all, x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    if constexpr (std::same_as<Rounding, toward_zero>) return truncated;
    const __m512 sign = _mm512_and_ps(x, _mm512_set1_ps(-0.0f));
    const __m512 rest = _mm512_xor_ps(_mm512_sub_ps(x, truncated), sign);
    const __mmask16 up = _mm512_cmp_ps_mask(rest, _mm512_set1_ps(0.5f), _CMP_GE_OQ);
    return _mm512_mask_add_ps(truncated, up, truncated, _mm512_or_ps(_mm512_set1_ps(1.0f), sign));
  }
}

/// The same as an integer; |x| is below 2^31 and not NaN.
template <class Rounding>
[[gnu::always_inline]] inline __m512i rounded(__m512 x) {
  if constexpr (std::same_as<Rounding, half_away>) x = whole<Rounding>(x);
  if constexpr (std::same_as<Rounding, nearest_even>) return _mm512_maskz_cvtps_epi32(all, x);
  return _mm512_maskz_cvttps_epi32(all, x);
}

template <class Rules>
[[gnu::always_inline]] inline __m512 scaled(__m512 x, __m512 scale) {
  if constexpr (Rules::scaled_by == scaling::division) {
    return _mm512_div_ps(x, scale);
  } else {
    return _mm512_mul_ps(x, _mm512_div_ps(_mm512_set1_ps(1.0f), scale));
  }
}

[[gnu::always_inline]] inline __m512 clamped(__m512 x, __m512 low, __m512 high) {
  return _mm512_maskz_min_ps(all, _mm512_maskz_max_ps(all, x, low), high);
}

/// Sixteen codes, as Rules::code gives them.
template <class Rules, class Map>
[[gnu::always_inline]] inline __m512i codes(__m512 x, const lanes<Map>& p, code_range range) {
  using rounding = typename Rules::rounding;
  const __m512 v = scaled<Rules>(x, p.scale);
  const __mmask16 ordered = _mm512_cmp_ps_mask(v, v, _CMP_ORD_Q);
  const __m512 lowest = _mm512_set1_ps(static_cast<float>(range.lowest));
  const __m512 highest = _mm512_set1_ps(static_cast<float>(range.highest));
  if constexpr (Rules::added == zero_point_added::after_rounding) {
    const __m512 low = _mm512_sub_ps(lowest, p.zero_f32), high = _mm512_sub_ps(highest, p.zero_f32);
    return _mm512_add_epi32(rounded<rounding>(clamped(_mm512_maskz_mov_ps(ordered, v), low, high)), p.zero);
  } else {
    const __m512 shifted = _mm512_mask_add_ps(p.zero_f32, ordered, v, p.zero_f32);
    return rounded<rounding>(clamped(shifted, lowest, highest));
  }
}

/// Sixteen codes as real numbers.
template <class Map>
[[gnu::always_inline]] inline __m512 real(__m512i code, const lanes<Map>& p) {
  if constexpr (lanes<Map>::integer_zero) {
    return _mm512_mul_ps(_mm512_maskz_cvtepi32_ps(all, _mm512_sub_epi32(code, p.zero)), p.scale);
  } else {
    return _mm512_mul_ps(_mm512_sub_ps(_mm512_maskz_cvtepi32_ps(all, code), p.zero_f32), p.scale);
  }
}

/// Division as a product in fixed point, where that provably gives the same code; see avx2::fixed_point.
///
/// Here the zero point is added before: f = round(x * (2^16 / s) + z * 2^16 + 2^15 + margin), the code above the low
/// bits. What is added has 24 bits and is exact, and |f| is below 2^24 for every code within the range, so `margin`
/// covers the errors as it does there. A value too large for 32 bits converts to -2^31, whose low bits are 0, and goes
/// with the ties.
template <class Rules, class Map>
struct fixed_point {
  using proof = avx2::fixed_point<Rules, Map>;
  static constexpr bool applies = proof::applies;

  static bool usable(run_parameters<Map> p, code_range range) {
    return range.lowest >= -255 && range.highest <= 255 && proof::usable(p, range);
  }

  /// Sixteen times f; `least` gathers the low bits and starts as all ones.
  [[gnu::always_inline]] static __m512i codes_65536(__m512 x, const lanes<Map>& p, __m512i& least) {
    const __m512 offset = _mm512_fmadd_ps(p.zero_f32, _mm512_set1_ps(0x1p16f), _mm512_set1_ps(0x1p15f + proof::margin));
    const __m512i f = _mm512_maskz_cvtps_epi32(all, _mm512_fmadd_ps(x, p.inverse_65536, offset));
    least = _mm512_maskz_min_epu16(0xffffffffu, least, f);
    return f;
  }

  [[gnu::always_inline]] static bool sure(__m512i least) {
    return _mm512_mask_cmplt_epu16_mask(0x55555555u, least, _mm512_set1_epi16(2 * proof::margin)) == 0;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels::avx512vnni
