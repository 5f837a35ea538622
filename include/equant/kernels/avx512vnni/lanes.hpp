// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/lanes.hpp>

namespace equant::inline EQUANT_ABI::kernels {

namespace avx512vnni {

/// Sixteen words as a 4 x 4 matrix, transposed: what lay in turns of four comes in order, and the other way round.
[[gnu::always_inline]] inline __m512i transposed_words(__m512i x) noexcept {
  const __m512i turns = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_maskz_permutexvar_epi32(0xffff, turns, x);
}

}  // namespace avx512vnni

/// Sixteen lanes. Masked forms throughout where g++ 12's plain ones warn of an uninitialised operand.
template <>
struct lanes<isa::avx512vnni> {
  static constexpr int count = 16;
  using i32 = __m512i;
  using f32 = __m512;

  static i32 splat(std::int32_t x) noexcept { return _mm512_set1_epi32(x); }
  static f32 splat(float x) noexcept { return _mm512_set1_ps(x); }
  static i32 load(const std::int32_t* p, int n) noexcept {
    return n >= count ? _mm512_loadu_si512(p) : _mm512_maskz_loadu_epi32(first(n), p);
  }
  static f32 load(const float* p, int n) noexcept {
    return n >= count ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(first(n), p);
  }
  static i32 load(const std::int8_t* p, int n) noexcept { return _mm512_maskz_cvtepi8_epi32(all, bytes_at(p, n)); }
  static i32 load(const std::uint8_t* p, int n) noexcept { return _mm512_maskz_cvtepu8_epi32(all, bytes_at(p, n)); }

  static i32 add(i32 a, i32 b) noexcept { return _mm512_add_epi32(a, b); }
  static i32 sub(i32 a, i32 b) noexcept { return _mm512_sub_epi32(a, b); }
  static i32 mul(i32 a, i32 b) noexcept { return _mm512_mullo_epi32(a, b); }
  static i32 min(i32 a, i32 b) noexcept { return _mm512_maskz_min_epi32(all, a, b); }
  static i32 max(i32 a, i32 b) noexcept { return _mm512_maskz_max_epi32(all, a, b); }
  static i32 shift_left(i32 a, i32 s) noexcept { return _mm512_maskz_sllv_epi32(all, a, s); }
  static i32 high_product(i32 a, i32 b) noexcept {
    const i32 half = _mm512_set1_epi64(1 << 30);
    const i32 even = _mm512_maskz_srli_epi64(all8, _mm512_add_epi64(product(a, b), half), 31);
    const i32 odd = _mm512_add_epi64(product(upper(a), upper(b)), half);
    return joined(even, _mm512_add_epi64(odd, odd));  // bits 31.. to bits 32..
  }
  static i32 shift_away(i32 a, i32 s) noexcept {
    const i32 one = splat(1);
    const i32 mask = sub(shift_left(one, s), one), rest = _mm512_and_si512(a, mask);
    const i32 tie = add(_mm512_maskz_srli_epi32(all, mask, 1), _mm512_maskz_srli_epi32(all, a, 31));
    const i32 whole = _mm512_maskz_srav_epi32(all, a, s);
    return _mm512_mask_add_epi32(whole, _mm512_cmpgt_epi32_mask(rest, tie), whole, one);
  }
  static i32 shift_up(i32 a, i32 b, i32 s) noexcept {
    const i32 low = _mm512_and_si512(s, _mm512_set1_epi64(63));
    const i32 even = shifted(product(a, b), low);
    const i32 odd = shifted(product(upper(a), upper(b)), upper(s));
    return joined(even, _mm512_maskz_slli_epi64(all8, odd, 32));
  }

  static f32 add(f32 a, f32 b) noexcept { return _mm512_add_ps(a, b); }
  static f32 mul(f32 a, f32 b) noexcept { return _mm512_mul_ps(a, b); }
  static f32 fma(f32 a, f32 b, f32 c) noexcept { return _mm512_fmadd_ps(a, b, c); }
  static f32 min(f32 a, f32 b) noexcept { return _mm512_maskz_min_ps(all, b, a); }  // where one is NaN, a
  static f32 max(f32 a, f32 b) noexcept { return _mm512_maskz_max_ps(all, b, a); }
  static f32 to_float(i32 a) noexcept { return _mm512_maskz_cvtepi32_ps(all, a); }
  static i32 round(f32 a) noexcept { return _mm512_maskz_cvtps_epi32(all, a); }

  static void store(std::int32_t* p, i32 a, int n) noexcept {
    if (n >= count) return _mm512_storeu_si512(p, a);
    _mm512_mask_storeu_epi32(p, first(n), a);
  }
  static void store(float* p, f32 a, int n) noexcept {
    if (n >= count) return _mm512_storeu_ps(p, a);
    _mm512_mask_storeu_ps(p, first(n), a);
  }
  static void store(std::int8_t* p, i32 a, int n) noexcept { bytes(p, a, n); }
  static void store(std::uint8_t* p, i32 a, int n) noexcept { bytes(p, a, n); }

 private:
  static constexpr __mmask16 all = 0xffff;
  static constexpr __mmask8 all8 = 0xff;

  static __mmask16 first(int n) noexcept { return static_cast<__mmask16>((1u << n) - 1); }
  static __m128i bytes_at(const void* p, int n) noexcept {
    return n >= count ? _mm_loadu_si128(static_cast<const __m128i*>(p)) : _mm_maskz_loadu_epi8(first(n), p);
  }
  static i32 product(i32 a, i32 b) noexcept { return _mm512_maskz_mul_epi32(all8, a, b); }
  static i32 upper(i32 a) noexcept { return _mm512_maskz_srli_epi64(all8, a, 32); }
  static i32 joined(i32 even, i32 odd) noexcept { return _mm512_mask_blend_epi32(0xaaaa, even, odd); }
  static i32 shifted(i32 x, i32 s) noexcept {
    const i32 one = _mm512_set1_epi64(1);
    const i32 half = _mm512_maskz_srli_epi64(all8, _mm512_maskz_sllv_epi64(all8, one, s), 1);
    return _mm512_maskz_srav_epi64(all8, _mm512_add_epi64(x, half), s);
  }
  static void bytes(void* p, i32 a, int n) noexcept {
    if (n >= count) return _mm_storeu_si128(static_cast<__m128i*>(p), _mm512_maskz_cvtepi32_epi8(all, a));
    _mm512_mask_cvtepi32_storeu_epi8(p, first(n), a);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
