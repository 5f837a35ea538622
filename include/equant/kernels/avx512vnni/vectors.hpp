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

/// Sixteen elements of a run: a place in its lanes, so that only the parameters that are used are loaded. (g++ 12 does
/// not keep a struct of vectors in registers.)
template <class Lanes>
struct place {
  using map = typename Lanes::map;
  static constexpr bool integer_zero = std::is_integral_v<typename map::zero_point_type>;

  const Lanes& lanes;
  index_t i;
  __mmask16 mask;

  [[gnu::always_inline]] __m512 scale() const { return lanes.scale(i, mask); }
  /// 1 / scale and 2^16 / scale, where run_parameters allow them.
  [[gnu::always_inline]] __m512 inverse() const { return lanes.inverse(i, mask); }
  [[gnu::always_inline]] __m512 inverse_65536() const { return lanes.inverse_65536(i, mask); }
  /// The integer zero point, 0 where it is real.
  [[gnu::always_inline]] __m512i zero() const { return lanes.zero(i, mask); }
  [[gnu::always_inline]] __m512 zero_f32() const { return lanes.zero_f32(i, mask); }
};

/// One set of parameters for the whole run.
template <class Map>
class shared_lanes {
 public:
  using map = Map;
  static constexpr bool shared = true;

  explicit shared_lanes(run_parameters<Map> p)
      : scale_(_mm512_set1_ps(*p.scale)),
        inverse_65536_(_mm512_set1_ps(1 / *p.scale * 0x1p16f)),
        zero_(_mm512_set1_epi32(place<shared_lanes>::integer_zero ? static_cast<std::int32_t>(*p.zero_point) : 0)),
        zero_f32_(_mm512_set1_ps(static_cast<float>(*p.zero_point))) {}

  [[gnu::always_inline]] place<shared_lanes> at(index_t i, __mmask16 mask = all) const { return {*this, i, mask}; }
  [[gnu::always_inline]] __m512 scale(index_t, __mmask16) const { return scale_; }
  [[gnu::always_inline]] __m512 inverse(index_t, __mmask16) const {
    return _mm512_mul_ps(inverse_65536_, _mm512_set1_ps(0x1p-16f));  // exact
  }
  [[gnu::always_inline]] __m512 inverse_65536(index_t, __mmask16) const { return inverse_65536_; }
  [[gnu::always_inline]] __m512i zero(index_t, __mmask16) const { return zero_; }
  [[gnu::always_inline]] __m512 zero_f32(index_t, __mmask16) const { return zero_f32_; }

 private:
  __m512 scale_, inverse_65536_;
  __m512i zero_;
  __m512 zero_f32_;
};

/// One set per element; where all share the zero point, `ZeroStep` is 0.
template <class Map, int ZeroStep>
class stepped_lanes {
 public:
  using map = Map;
  static constexpr bool shared = false;

  explicit stepped_lanes(run_parameters<Map> p)
      : scale_(p.scale), inverse_(p.inverse == nullptr ? p.scale : p.inverse), zero_point_(p.zero_point) {}

  [[gnu::always_inline]] place<stepped_lanes> at(index_t i, __mmask16 mask = all) const { return {*this, i, mask}; }
  [[gnu::always_inline]] __m512 scale(index_t i, __mmask16 mask) const { return load(scale_ + i, mask); }
  [[gnu::always_inline]] __m512 inverse(index_t i, __mmask16 mask) const { return load(inverse_ + i, mask); }
  [[gnu::always_inline]] __m512 inverse_65536(index_t i, __mmask16 mask) const {
    return _mm512_mul_ps(load(inverse_ + i, mask), _mm512_set1_ps(0x1p16f));
  }
  [[gnu::always_inline]] __m512i zero(index_t i, __mmask16 mask) const {
    if constexpr (!place<stepped_lanes>::integer_zero) return _mm512_setzero_si512();
    else if constexpr (ZeroStep == 0) return _mm512_set1_epi32(*zero_point_);
    else return _mm512_maskz_loadu_epi32(mask, zero_point_ + i);
  }
  [[gnu::always_inline]] __m512 zero_f32(index_t i, __mmask16 mask) const {
    if constexpr (place<stepped_lanes>::integer_zero) return _mm512_maskz_cvtepi32_ps(all, zero(i, mask));
    else if constexpr (ZeroStep == 0) return _mm512_set1_ps(*zero_point_);
    else return load(zero_point_ + i, mask);
  }

 private:
  const float* scale_;
  const float* inverse_;
  const typename Map::zero_point_type* zero_point_;
};

/// Calls f(lanes of the run), and tells whether it did: not for a step other than 0 and 1.
template <class Map, class F>
[[gnu::always_inline]] inline bool with_lanes(run_parameters<Map> p, F&& f) {
  if (p.scale_step == 0 && p.zero_point_step == 0) return f(shared_lanes<Map>(p)), true;
  if (p.scale_step == 1 && p.zero_point_step == 1) return f(stepped_lanes<Map, 1>(p)), true;
  if (p.scale_step == 1 && p.zero_point_step == 0) return f(stepped_lanes<Map, 0>(p)), true;
  return false;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"  // unoptimised, g++'s intrinsic is a macro that converts its mask
#pragma GCC diagnostic ignored "-Woverflow"
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

/// Rounded up to an integer; |x| is below 2^31 and not NaN.
[[gnu::always_inline]] inline __m512i rounded_up(__m512 x) {
  return _mm512_maskz_cvt_roundps_epi32(all, x, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}

/// The largest whole number that is not above x.
[[gnu::always_inline]] inline __m512 below(__m512 x) {
  return _mm512_maskz_roundscale_ps(all, x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
#pragma GCC diagnostic pop

/// Rounded to an integer; |x| is below 2^31 and not NaN.
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
    __m512 product = _mm512_mul_ps(x, _mm512_div_ps(_mm512_set1_ps(1.0f), scale));
    if constexpr (Rules::added == zero_point_added::before_rounding) {
      asm("" : "+v"(product));  // what is added next must not be fused with it
    }
    return product;
  }
}

[[gnu::always_inline]] inline __m512 clamped(__m512 x, __m512 low, __m512 high) {
  return _mm512_maskz_min_ps(all, _mm512_maskz_max_ps(all, x, low), high);
}

/// Sixteen codes, as Rules::code gives them.
template <class Rules, class Place>
[[gnu::always_inline]] inline __m512i codes(__m512 x, const Place& p, code_range range) {
  using rounding = typename Rules::rounding;
  const __m512 v = scaled<Rules>(x, p.scale());
  const __mmask16 ordered = _mm512_cmp_ps_mask(v, v, _CMP_ORD_Q);
  const __m512 lowest = _mm512_set1_ps(static_cast<float>(range.lowest));
  const __m512 highest = _mm512_set1_ps(static_cast<float>(range.highest));
  if constexpr (Rules::added == zero_point_added::after_rounding) {
    const __m512 low = _mm512_sub_ps(lowest, p.zero_f32()), high = _mm512_sub_ps(highest, p.zero_f32());
    return _mm512_add_epi32(rounded<rounding>(clamped(_mm512_maskz_mov_ps(ordered, v), low, high)), p.zero());
  } else {
    const __m512 shifted = _mm512_mask_add_ps(p.zero_f32(), ordered, v, p.zero_f32());
    return rounded<rounding>(clamped(shifted, lowest, highest));
  }
}

/// Sixteen codes as real numbers.
template <class Place>
[[gnu::always_inline]] inline __m512 real(__m512i code, const Place& p) {
  if constexpr (Place::integer_zero) {
    return _mm512_mul_ps(_mm512_maskz_cvtepi32_ps(all, _mm512_sub_epi32(code, p.zero())), p.scale());
  } else {
    return _mm512_mul_ps(_mm512_sub_ps(_mm512_maskz_cvtepi32_ps(all, code), p.zero_f32()), p.scale());
  }
}

/// The low or high 16 bits of 32 integers, in order.
[[gnu::always_inline]] inline __m512i low_halves(__m512i a, __m512i b) {
  const __m256i low = _mm512_maskz_cvtepi32_epi16(all, a), high = _mm512_maskz_cvtepi32_epi16(all, b);
  return _mm512_maskz_inserti64x4(0xff, _mm512_castsi256_si512(low), high, 1);
}
[[gnu::always_inline]] inline __m512i high_halves(__m512i a, __m512i b) {
  const __m512i odd = _mm512_set_epi16(63, 61, 59, 57, 55, 53, 51, 49, 47, 45, 43, 41, 39, 37, 35, 33, 31, 29, 27, 25,
                                       23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
  return _mm512_permutex2var_epi16(a, odd, b);
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

  /// Whether the parameters of a run allow it.
  [[gnu::always_inline]] static bool usable(run_parameters<Map> p, code_range range) {
    return range.lowest >= -255 && range.highest <= 255 && proof::usable(p, range);
  }

  __m512i lowest, highest;      // as integers
  __m512i lowest16, highest16;  // as words
  explicit fixed_point(code_range range)
      : lowest(_mm512_set1_epi32(range.lowest)),
        highest(_mm512_set1_epi32(range.highest)),
        lowest16(_mm512_set1_epi16(static_cast<short>(range.lowest))),
        highest16(_mm512_set1_epi16(static_cast<short>(range.highest))) {}

  /// Sixteen codes, sound if `sure(least)` says so; `least` gathers the low bits and starts as all ones.
  template <class Place>
  [[gnu::always_inline]] __m512i codes(__m512 x, const Place& p, __m512i& least) const {
    const __m512i code = _mm512_maskz_srai_epi32(all, codes_65536(x, p, least), 16);
    return _mm512_maskz_min_epi32(all, _mm512_maskz_max_epi32(all, code, lowest), highest);
  }

  /// The codes of x[i .. i + 32) as words, not yet clamped to the range; those far beyond it are at 16 bits' ends.
  template <class Lanes>
  [[gnu::always_inline]] __m512i words(const float* x, index_t i, const Lanes& lanes, __m512i& least) const {
    const __m512i a = codes_65536(load(x + i), lanes.at(i), least);
    const __m512i b = codes_65536(load(x + i + 16), lanes.at(i + 16), least);
    return high_halves(a, b);
  }
  [[gnu::always_inline]] __m512i clamped(__m512i words) const {
    return _mm512_maskz_min_epi16(0xffffffffu, _mm512_maskz_max_epi16(0xffffffffu, words, lowest16), highest16);
  }

  [[gnu::always_inline]] static bool sure(__m512i least) {
    return _mm512_mask_cmplt_epu16_mask(0x55555555u, least, _mm512_set1_epi16(2 * proof::margin)) == 0;
  }

 private:
  /// Sixteen times f.
  template <class Place>
  [[gnu::always_inline]] static __m512i codes_65536(__m512 x, const Place& p, __m512i& least) {
    const __m512 offset =
        _mm512_fmadd_ps(p.zero_f32(), _mm512_set1_ps(0x1p16f), _mm512_set1_ps(0x1p15f + proof::margin));
    const __m512i f = _mm512_maskz_cvtps_epi32(all, _mm512_fmadd_ps(x, p.inverse_65536(), offset));
    least = _mm512_maskz_min_epu16(0xffffffffu, least, f);
    return f;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels::avx512vnni
