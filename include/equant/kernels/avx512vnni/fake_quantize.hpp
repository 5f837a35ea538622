// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx512vnni/stores.hpp>
#include <equant/kernels/fake_quantize.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Integer grids in float, 32 at a time; everything else is inherited.
template <>
struct fake_quantize_on<isa::avx512vnni> : fake_quantize_on<isa::avxvnni> {
  using base = fake_quantize_on<isa::avxvnni>;
  using base::run;
  static constexpr bool streams = true;

  template <class Rules, avx512vnni::float_map Map>
  [[gnu::always_inline]]
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  float* y) noexcept {
    if (!line(rules, x, n, p, range, avx512vnni::to_floats<false>{y})) base::run(rules, x, n, p, range, y);
  }

  template <class Rules, class T, class Map>
  static void run(Rules rules, const T* x, index_t n, run_parameters<Map> p, code_range range,
                  streamed<T*> y) noexcept {
    if constexpr (std::same_as<T, float> && avx512vnni::float_map<Map>) {
      if (line(rules, x, n, p, range, avx512vnni::to_floats<true>{y.to})) return;
    }
    run(rules, x, n, p, range, y.to);
  }

 private:
  /// All of a run; false where its steps are not for vectors.
  template <class Rules, class Map, class Out>
  [[gnu::always_inline]]
  static bool line(Rules, const float* x, index_t n, run_parameters<Map> p, code_range range, Out out) {
    return avx512vnni::with_lanes(p, [&](const auto& lanes) __attribute__((always_inline)) {
      index_t i = out.start(n);
      if (i > 0) some<Rules, Map>(x, 0, i, lanes, range, out);
      if constexpr (avx512vnni::fixed_point<Rules, Map>::applies) {
        if (avx512vnni::fixed_point<Rules, Map>::usable(p, range)) {
          i = by_product<Rules, Map>(x, i, n, lanes, range, out);
        }
      }
      for (; i + 16 <= n; i += 16) exact<Rules, Map>(x, i, lanes, range, out);
      if (i < n) some<Rules, Map>(x, i, n, lanes, range, out);
      out.finish();
    });
  }

  /// By a product with 1 / s instead of a division, 64 elements at a time, where that provably rounds the same way.
  ///
  /// Of codes of at most 8 bits with a zero point among them only |x / s| < 257 is not clipped. There the reciprocal,
  /// the sum w = x * (1 / s) + 1/2 + margin and the quotient it stands for are off by at most 257, 256 and 257 times
  /// 2^-24, together less than `margin`. So floor(w) is the quotient rounded, unless w's fraction is below 2 * margin:
  /// next to a tie the division decides. So it does where the fraction is NaN.
  template <class Rules, class Map, class Lanes, class Out>
  [[gnu::always_inline]]
  static index_t by_product(const float* x, index_t i, index_t n, const Lanes& lanes, code_range range, Out out) {
    constexpr float margin = 0x1.9p-15f;
    const __m512 lowest = _mm512_set1_ps(static_cast<float>(range.lowest));
    const __m512 highest = _mm512_set1_ps(static_cast<float>(range.highest));
    const __m512 half = _mm512_set1_ps(0.5f + margin), sure = _mm512_set1_ps(2 * margin);
    if (i + 64 > n) return i;
    // In variables, so that what all elements share stays in registers.
    const __m512 one_inverse = lanes.at(i).inverse(), one_scale = lanes.at(i).scale();
    const __m512 one_low = _mm512_sub_ps(lowest, lanes.at(i).zero_f32());
    const __m512 one_high = _mm512_sub_ps(highest, lanes.at(i).zero_f32());
    const auto above = [&](index_t at) __attribute__((always_inline)) {
      return _mm512_fmadd_ps(avx512vnni::load(x + at), Lanes::shared ? one_inverse : lanes.at(at).inverse(), half);
    };
    const auto real = [&](__m512 r, index_t at) __attribute__((always_inline)) {
      if constexpr (Lanes::shared) {
        out.store(at, _mm512_mul_ps(avx512vnni::clamped(r, one_low, one_high), one_scale));
      } else {
        const auto p = lanes.at(at);
        const __m512 low = _mm512_sub_ps(lowest, p.zero_f32()), high = _mm512_sub_ps(highest, p.zero_f32());
        out.store(at, _mm512_mul_ps(avx512vnni::clamped(r, low, high), p.scale()));
      }
    };
    for (; i + 64 <= n; i += 64) {
      const __m512 a = above(i), b = above(i + 16), c = above(i + 32), d = above(i + 48);
      const __m512 ra = avx512vnni::below(a), rb = avx512vnni::below(b);
      const __m512 rc = avx512vnni::below(c), rd = avx512vnni::below(d);
      __mmask16 clear = _mm512_cmp_ps_mask(_mm512_sub_ps(a, ra), sure, _CMP_GE_OQ);
      clear = _mm512_mask_cmp_ps_mask(clear, _mm512_sub_ps(b, rb), sure, _CMP_GE_OQ);
      clear = _mm512_mask_cmp_ps_mask(clear, _mm512_sub_ps(c, rc), sure, _CMP_GE_OQ);
      clear = _mm512_mask_cmp_ps_mask(clear, _mm512_sub_ps(d, rd), sure, _CMP_GE_OQ);
      if (clear == avx512vnni::all) [[likely]] {
        real(ra, i);
        real(rb, i + 16);
        real(rc, i + 32);
        real(rd, i + 48);
      } else {
        for (index_t at = i; at < i + 64; at += 16) {
          const __m512 w = above(at), r = avx512vnni::below(w);
          const bool rounds = _mm512_cmp_ps_mask(_mm512_sub_ps(w, r), sure, _CMP_GE_OQ) == avx512vnni::all;
          rounds ? real(r, at) : exact<Rules, Map>(x, at, lanes, range, out);
        }
      }
    }
    return i;
  }

  template <class Rules, class Map, class Lanes, class Out>
  [[gnu::always_inline]] static void exact(const float* x, index_t i, const Lanes& lanes, code_range range, Out out) {
    const auto p = lanes.at(i);
    out.store(i, avx512vnni::real(avx512vnni::codes<Rules>(avx512vnni::load(x + i), p, range), p));
  }

  /// Elements [i, n), at most sixteen of them.
  template <class Rules, class Map, class Lanes, class Out>
  static void some(const float* x, index_t i, index_t n, const Lanes& lanes, code_range range, Out out) {
    const __mmask16 mask = avx512vnni::first(n - i);
    const auto p = lanes.at(i, mask);
    out.store(i, avx512vnni::real(avx512vnni::codes<Rules>(avx512vnni::load(x + i, mask), p, range), p), mask);
  }
};

/// The mask of integer grids in float; everything else is inherited.
template <>
struct gradient_mask_on<isa::avx512vnni> : gradient_mask_on<isa::avxvnni> {
  using base = gradient_mask_on<isa::avxvnni>;
  using base::run;

  template <class Rules, avx512vnni::float_map Map>
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  float* mask) noexcept {
    const bool done = avx512vnni::with_lanes(p, [&](const auto& lanes) __attribute__((always_inline)) {
      for (index_t i = 0; i < n; i += 16) {
        const __mmask16 some = avx512vnni::first(n - i);
        const __mmask16 inside = unclipped<Rules>(avx512vnni::load(x + i, some), lanes.at(i, some), range);
        _mm512_mask_storeu_ps(mask + i, some, _mm512_maskz_mov_ps(inside, _mm512_set1_ps(1)));
      }
    });
    if (!done) base::run(rules, x, n, p, range, mask);
  }

 private:
  /// As Rules::unclipped has it; NaN is not.
  template <class Rules, class Place>
  [[gnu::always_inline]] static __mmask16 unclipped(__m512 x, const Place& p, code_range range) {
    using rounding = typename Rules::rounding;
    const __m512 v = avx512vnni::scaled<Rules>(x, p.scale());
    __m512 r;
    if constexpr (Rules::added == zero_point_added::after_rounding) {
      r = _mm512_add_ps(avx512vnni::whole<rounding>(v), p.zero_f32());
    } else {
      r = avx512vnni::whole<rounding>(_mm512_add_ps(v, p.zero_f32()));
    }
    const __m512 lowest = _mm512_set1_ps(static_cast<float>(range.lowest));
    const __m512 highest = _mm512_set1_ps(static_cast<float>(range.highest));
    const __mmask16 above = _mm512_cmp_ps_mask(r, lowest, _CMP_GE_OQ);
    return _mm512_mask_cmp_ps_mask(above, r, highest, _CMP_LE_OQ);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
