// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/arithmetic.hpp>
#include <equant/core/format.hpp>

#include <immintrin.h>

#include <concepts>

/// What the AVX2 leaves share: eight lanes of parameters, the arithmetic on them, and the ways in and out of memory.
namespace equant::inline EQUANT_ABI::kernels::avx2 {

/// Maps whose arithmetic is done in float.
template <class Map>
concept float_map = std::same_as<typename Map::scale_type, float>;

/// The scales and zero points of eight elements.
template <class Map>
struct lanes {
  static constexpr bool integer_zero = std::is_integral_v<typename Map::zero_point_type>;

  __m256 scale;
  __m256 inverse_65536;  // 2^16 / scale, where fixed_point is used
  __m256i zero;          // the integer zero point
  __m256 zero_f32;       // the same in float, or the real one
};

/// One set of parameters for the whole run.
template <class Map>
struct shared_lanes {
  lanes<Map> one;

  explicit shared_lanes(run_parameters<Map> p) {
    one.scale = _mm256_set1_ps(*p.scale);
    one.inverse_65536 = _mm256_set1_ps(1 / *p.scale * 0x1p16f);
    if constexpr (lanes<Map>::integer_zero) {
      one.zero = _mm256_set1_epi32(*p.zero_point);
      one.zero_f32 = _mm256_cvtepi32_ps(one.zero);
    } else {
      one.zero = _mm256_setzero_si256();
      one.zero_f32 = _mm256_set1_ps(*p.zero_point);
    }
  }
  [[gnu::always_inline]] lanes<Map> at(index_t) const { return one; }
};

/// One set per element; where all share the zero point, `ZeroStep` is 0.
template <class Map, int ZeroStep>
struct stepped_lanes {
  const float* scale;
  const float* inverse;
  const typename Map::zero_point_type* zero_point;

  explicit stepped_lanes(run_parameters<Map> p)
      : scale(p.scale), inverse(p.inverse == nullptr ? p.scale : p.inverse), zero_point(p.zero_point) {}
  [[gnu::always_inline]] lanes<Map> at(index_t i) const {
    lanes<Map> l;
    l.scale = _mm256_loadu_ps(scale + i);
    l.inverse_65536 = _mm256_mul_ps(_mm256_loadu_ps(inverse + i), _mm256_set1_ps(0x1p16f));
    if constexpr (lanes<Map>::integer_zero) {
      l.zero = ZeroStep == 0 ? _mm256_set1_epi32(*zero_point)
                             : _mm256_loadu_si256(reinterpret_cast<const __m256i*>(zero_point + i));
      l.zero_f32 = _mm256_cvtepi32_ps(l.zero);
    } else {
      l.zero = _mm256_setzero_si256();
      l.zero_f32 = ZeroStep == 0 ? _mm256_set1_ps(*zero_point) : _mm256_loadu_ps(zero_point + i);
    }
    return l;
  }
};

/// Returns f(lanes of the run), or 0 for a step other than 0 and 1. f does how many elements it can.
template <class Map, class F>
index_t with_lanes(run_parameters<Map> p, F&& f) {
  if (p.scale_step == 0 && p.zero_point_step == 0) return f(shared_lanes<Map>(p));
  if (p.scale_step == 1 && p.zero_point_step == 1) return f(stepped_lanes<Map, 1>(p));
  if (p.scale_step == 1 && p.zero_point_step == 0) return f(stepped_lanes<Map, 0>(p));
  return 0;
}

[[gnu::always_inline]] inline __m256 magnitude(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }

/// Rounded to an integer in the way of `Rounding`; |x| is below 2^31 and not NaN.
template <class Rounding>
[[gnu::always_inline]] inline __m256i rounded(__m256 x) {
  if constexpr (std::same_as<Rounding, nearest_even>) {
    return _mm256_cvtps_epi32(x);
  } else if constexpr (std::same_as<Rounding, toward_zero>) {
    return _mm256_cvttps_epi32(x);
  } else {
    static_assert(std::same_as<Rounding, half_away>);
    const __m256 whole = _mm256_round_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    const __m256 half = _mm256_cmp_ps(magnitude(_mm256_sub_ps(x, whole)), _mm256_set1_ps(0.5f), _CMP_GE_OQ);
    const __m256 sign = _mm256_and_ps(x, _mm256_set1_ps(-0.0f));
    const __m256 one = _mm256_and_ps(half, _mm256_or_ps(_mm256_set1_ps(1.0f), sign));
    return _mm256_cvttps_epi32(_mm256_add_ps(whole, one));
  }
}

template <class Rules>
[[gnu::always_inline]] inline __m256 scaled(__m256 x, __m256 scale) {
  if constexpr (Rules::scaled_by == scaling::division) {
    return _mm256_div_ps(x, scale);
  } else {
    return _mm256_mul_ps(x, _mm256_div_ps(_mm256_set1_ps(1.0f), scale));
  }
}

/// Eight codes, as Rules::code gives them.
template <class Rules, class Map>
[[gnu::always_inline]] inline __m256i codes(__m256 x, const lanes<Map>& p, code_range range) {
  using rounding = typename Rules::rounding;
  const __m256 v = scaled<Rules>(x, p.scale);
  const __m256 ordered = _mm256_cmp_ps(v, v, _CMP_ORD_Q);
  const __m256 lowest = _mm256_set1_ps(static_cast<float>(range.lowest));
  const __m256 highest = _mm256_set1_ps(static_cast<float>(range.highest));
  if constexpr (Rules::added == zero_point_added::after_rounding) {
    const __m256 low = _mm256_sub_ps(lowest, p.zero_f32), high = _mm256_sub_ps(highest, p.zero_f32);
    const __m256 r = _mm256_min_ps(_mm256_max_ps(_mm256_and_ps(v, ordered), low), high);
    return _mm256_add_epi32(rounded<rounding>(r), p.zero);
  } else {
    const __m256 shifted = _mm256_blendv_ps(p.zero_f32, _mm256_add_ps(v, p.zero_f32), ordered);
    return rounded<rounding>(_mm256_min_ps(_mm256_max_ps(shifted, lowest), highest));
  }
}

/// Division as a product in fixed point, where that provably gives the same code.
///
/// f = round(x * (2^16 / s) + 2^15 + margin) has the code, less the zero point, above its low 16 bits. For codes of at
/// most 8 bits and a zero point among them f is off from the rounded quotient's by less than `margin`: the quotient and
/// the reciprocal each by |x / s| / 256 <= 1, the fused sum and the conversion together by .75 (from 2^23 on by .5, as
/// the sum is whole, below by .25 and .5). So only where the low bits lie below 2 * margin may the two round
/// differently. Such lanes, near a tie, are found by a minimum over a block and take the division; NaN converts to zero
/// low bits and goes with them.
template <class Rules, class Map>
struct fixed_point {
  static constexpr bool applies = Rules::scaled_by == scaling::division &&
                                  Rules::added == zero_point_added::after_rounding &&
                                  !std::same_as<typename Rules::rounding, toward_zero> &&
                                  lanes<Map>::integer_zero;
  static constexpr int margin = 3;

  /// Whether the parameters of a run allow it.
  [[gnu::always_inline]] static bool usable(run_parameters<Map> p, code_range range) {
    if (range.highest - range.lowest > 255) return false;
    if (p.inverse != nullptr) return true;
    return p.scale_step == 0 && p.zero_point_step == 0 && invertible(Map{*p.scale, *p.zero_point}, range);
  }

  __m256i lowest, highest;
  explicit fixed_point(code_range range)
      : lowest(_mm256_set1_epi32(range.lowest)), highest(_mm256_set1_epi32(range.highest)) {}

  /// Eight codes, sound if `sure(least)` says so; `least` gathers the low bits and starts as all ones.
  [[gnu::always_inline]] __m256i codes(__m256 x, const lanes<Map>& p, __m256i& least) const {
    const __m256 low = _mm256_set1_ps(-0x1p27f + 0x1p15f), high = _mm256_set1_ps(0x1p27f + 0x1p15f);
    __m256 t = _mm256_fmadd_ps(x, p.inverse_65536, _mm256_set1_ps(0x1p15f + margin));
    t = _mm256_min_ps(high, _mm256_max_ps(low, t));  // in this order NaN stays NaN
    const __m256i f = _mm256_cvtps_epi32(t);
    least = _mm256_min_epu16(least, f);
    const __m256i code = _mm256_add_epi32(_mm256_srai_epi32(f, 16), p.zero);
    return _mm256_min_epi32(highest, _mm256_max_epi32(lowest, code));
  }

  [[gnu::always_inline]] static bool sure(__m256i least) {
    const __m256i low = _mm256_and_si256(least, _mm256_set1_epi32(65535));
    return _mm256_movemask_epi8(_mm256_cmpgt_epi32(_mm256_set1_epi32(2 * margin), low)) == 0;
  }
};

/// The low bytes of 32 integers in [-32768, 32767], in order.
[[gnu::always_inline]] inline __m256i to_bytes(__m256i a, __m256i b, __m256i c, __m256i d) {
  const __m256i low_byte = _mm256_set1_epi16(255);
  const __m256i ab = _mm256_and_si256(_mm256_packs_epi32(a, b), low_byte);
  const __m256i cd = _mm256_and_si256(_mm256_packs_epi32(c, d), low_byte);
  return _mm256_permutevar8x32_epi32(_mm256_packus_epi16(ab, cd), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/// Where 32 codes go: bytes, 16-bit words, or nibbles.
struct to_words8 {
  std::uint8_t* out;
  [[gnu::always_inline]] void store(index_t i, __m256i a, __m256i b, __m256i c, __m256i d) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), to_bytes(a, b, c, d));
  }
};

struct to_words16 {
  std::uint16_t* out;
  [[gnu::always_inline]] void store(index_t i, __m256i a, __m256i b, __m256i c, __m256i d) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), words(a, b));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i + 16), words(c, d));
  }
  [[gnu::always_inline]] static __m256i words(__m256i x, __m256i y) {
    const __m256i low = _mm256_set1_epi32(65535);
    return _mm256_permute4x64_epi64(
        _mm256_packus_epi32(_mm256_and_si256(x, low), _mm256_and_si256(y, low)), 0xd8);
  }
};

struct to_nibbles {
  std::uint8_t* out;
  [[gnu::always_inline]] void store(index_t i, __m256i a, __m256i b, __m256i c, __m256i d) const {
    const __m256i half = _mm256_and_si256(to_bytes(a, b, c, d), _mm256_set1_epi8(15));
    // first + 16 * second; at most 255, so the signed 16-bit sums cannot saturate
    const __m256i pairs = _mm256_maddubs_epi16(half, _mm256_set1_epi16(0x1001));
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(pairs, pairs), 0xd8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i / 2), _mm256_castsi256_si128(packed));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels::avx2
