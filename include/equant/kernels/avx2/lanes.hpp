// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/lanes.hpp>

#include <immintrin.h>

namespace equant::inline EQUANT_ABI::kernels {

/// Eight lanes.
template <>
struct lanes<isa::avx2> {
  static constexpr int count = 8;
  using i32 = __m256i;
  using f32 = __m256;

  static i32 splat(std::int32_t x) noexcept { return _mm256_set1_epi32(x); }
  static f32 splat(float x) noexcept { return _mm256_set1_ps(x); }
  static i32 load(const std::int32_t* p, int n) noexcept {
    return n >= count ? _mm256_loadu_si256(reinterpret_cast<const i32*>(p)) : _mm256_maskload_epi32(p, first(n));
  }
  static f32 load(const float* p, int n) noexcept {
    return n >= count ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, first(n));
  }
  static i32 load(const std::int8_t* p, int n) noexcept { return _mm256_cvtepi8_epi32(bytes_at(p, n)); }
  static i32 load(const std::uint8_t* p, int n) noexcept { return _mm256_cvtepu8_epi32(bytes_at(p, n)); }

  static i32 add(i32 a, i32 b) noexcept { return _mm256_add_epi32(a, b); }
  static i32 sub(i32 a, i32 b) noexcept { return _mm256_sub_epi32(a, b); }
  static i32 mul(i32 a, i32 b) noexcept { return _mm256_mullo_epi32(a, b); }
  static i32 min(i32 a, i32 b) noexcept { return _mm256_min_epi32(a, b); }
  static i32 max(i32 a, i32 b) noexcept { return _mm256_max_epi32(a, b); }
  static i32 shift_left(i32 a, i32 s) noexcept { return _mm256_sllv_epi32(a, s); }
  static i32 high_product(i32 a, i32 b) noexcept {
    const i32 half = _mm256_set1_epi64x(1 << 30);
    const i32 even = _mm256_srli_epi64(_mm256_add_epi64(_mm256_mul_epi32(a, b), half), 31);
    const i32 odd = _mm256_add_epi64(_mm256_mul_epi32(upper(a), upper(b)), half);
    return joined(even, _mm256_add_epi64(odd, odd));  // bits 31.. to bits 32..
  }
  static i32 shift_away(i32 a, i32 s) noexcept {
    const i32 one = splat(1);
    const i32 mask = sub(_mm256_sllv_epi32(one, s), one), rest = _mm256_and_si256(a, mask);
    const i32 tie = add(_mm256_srli_epi32(mask, 1), _mm256_srli_epi32(a, 31));
    return sub(_mm256_srav_epi32(a, s), _mm256_cmpgt_epi32(rest, tie));
  }
  static i32 shift_up(i32 a, i32 b, i32 s) noexcept {
    const i32 even = shifted(_mm256_mul_epi32(a, b), _mm256_and_si256(s, _mm256_set1_epi64x(63)));
    const i32 odd = shifted(_mm256_mul_epi32(upper(a), upper(b)), upper(s));
    return joined(even, _mm256_slli_epi64(odd, 32));
  }

  static f32 add(f32 a, f32 b) noexcept { return _mm256_add_ps(a, b); }
  static f32 mul(f32 a, f32 b) noexcept { return _mm256_mul_ps(a, b); }
  static f32 fma(f32 a, f32 b, f32 c) noexcept { return _mm256_fmadd_ps(a, b, c); }
  static f32 min(f32 a, f32 b) noexcept { return _mm256_min_ps(b, a); }  // where one is NaN, a
  static f32 max(f32 a, f32 b) noexcept { return _mm256_max_ps(b, a); }
  static f32 to_float(i32 a) noexcept { return _mm256_cvtepi32_ps(a); }
  static i32 round(f32 a) noexcept { return _mm256_cvtps_epi32(a); }

  static void store(std::int32_t* p, i32 a, int n) noexcept {
    if (n >= count) return _mm256_storeu_si256(reinterpret_cast<i32*>(p), a);
    _mm256_maskstore_epi32(p, first(n), a);
  }
  static void store(float* p, f32 a, int n) noexcept {
    if (n >= count) return _mm256_storeu_ps(p, a);
    _mm256_maskstore_ps(p, first(n), a);
  }
  static void store(std::int8_t* p, i32 a, int n) noexcept { bytes(p, a, n); }
  static void store(std::uint8_t* p, i32 a, int n) noexcept { bytes(p, a, n); }

 private:
  static __m128i bytes_at(const void* p, int n) noexcept {
    std::int64_t some = 0;
    std::memcpy(&some, p, n >= count ? std::size_t{count} : static_cast<std::size_t>(n));
    return _mm_cvtsi64_si128(some);
  }
  static i32 first(int n) noexcept {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static i32 upper(i32 a) noexcept { return _mm256_srli_epi64(a, 32); }
  /// The low halves of `even` and the high halves of `odd`.
  static i32 joined(i32 even, i32 odd) noexcept { return _mm256_blend_epi32(even, odd, 0xaa); }
  /// (x + 2^(s-1)) >> s; there is no arithmetic shift of 64 bits, so the sign is put back by hand.
  static i32 shifted(i32 x, i32 s) noexcept {
    const i32 one = _mm256_set1_epi64x(1), top = _mm256_set1_epi64x(std::int64_t(1) << 62);
    const i32 sum = _mm256_add_epi64(x, _mm256_srli_epi64(_mm256_sllv_epi64(one, s), 1));
    const i32 sign = _mm256_add_epi64(_mm256_srlv_epi64(top, s), _mm256_srlv_epi64(top, s));
    return _mm256_sub_epi64(_mm256_xor_si256(_mm256_srlv_epi64(sum, s), sign), sign);
  }
  static void bytes(void* p, i32 a, int n) noexcept {
    const i32 low = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,  //
                                     -1, -1, -1, -1, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1);
    const i32 sorted = _mm256_shuffle_epi8(a, low);
    const __m128i eight = _mm_or_si128(_mm256_castsi256_si128(sorted), _mm256_extracti128_si256(sorted, 1));
    if (n >= count) return _mm_storel_epi64(static_cast<__m128i*>(p), eight);
    const std::int64_t word = _mm_cvtsi128_si64(eight);
    std::memcpy(p, &word, static_cast<std::size_t>(n));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
