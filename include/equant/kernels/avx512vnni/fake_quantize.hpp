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
  static bool line(Rules, const float* x, index_t n, run_parameters<Map> p, code_range range, Out out) {
    return avx512vnni::with_lanes(p, [&](const auto& lanes) {
      index_t i = out.start(n);
      if (i > 0) some<Rules, Map>(x, 0, i, lanes, range, out);
      if constexpr (avx512vnni::fixed_point<Rules, Map>::applies) {
        if (avx512vnni::fixed_point<Rules, Map>::usable(p, range)) i = by_product<Rules, Map>(x, i, n, lanes, range, out);
      }
      for (; i + 16 <= n; i += 16) exact<Rules, Map>(x, i, lanes, range, out);
      if (i < n) some<Rules, Map>(x, i, n, lanes, range, out);
      out.finish();
    });
  }

  template <class Rules, class Map, class Lanes, class Out>
  static index_t by_product(const float* x, index_t i, index_t n, Lanes lanes, code_range range, Out out) {
    const avx512vnni::fixed_point<Rules, Map> fast(range);
    for (; i + 32 <= n; i += 32) {
      __m512i least = _mm512_set1_epi32(-1);
      const auto p = lanes.at(i), q = lanes.at(i + 16);
      const __m512i a = fast.codes(avx512vnni::load(x + i), p, least);
      const __m512i b = fast.codes(avx512vnni::load(x + i + 16), q, least);
      if (fast.sure(least)) [[likely]] {
        out.store(i, avx512vnni::real(a, p));
        out.store(i + 16, avx512vnni::real(b, q));
      } else {
        exact<Rules, Map>(x, i, lanes, range, out);
        exact<Rules, Map>(x, i + 16, lanes, range, out);
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
    const bool done = avx512vnni::with_lanes(p, [&](const auto& lanes) {
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
