// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx512vnni/lanes.hpp>
#include <equant/kernels/code_rounding.hpp>

namespace equant::inline EQUANT_ABI::kernels {

namespace avx512vnni {

/// Codes as words, in the order in which packing two registers of 32 bits leaves them: by turns of four. As bytes they
/// saturate, where codes are such of another type.
struct packed_codes {
  __m512i words;

  template <class T>
    requires(sizeof(T) == 1)
  void store(T* p, int n) const noexcept {
    const __m256i bytes = _mm512_maskz_extracti64x4_epi64(0xf, in_order<T>(words, words), 0);
    if (n >= 32) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), bytes);
    _mm256_mask_storeu_epi8(p, (__mmask32{1} << n) - 1, bytes);
  }
  void store(std::int32_t* p, int n) const noexcept {
    using one = lanes<isa::avx512vnni>;
    one::store(p, _mm512_maskz_srai_epi32(0xffff, _mm512_maskz_unpacklo_epi16(0xffffffffu, words, words), 16), 16);
    one::store(p + 16, _mm512_maskz_srai_epi32(0xffff, _mm512_maskz_unpackhi_epi16(0xffffffffu, words, words), 16),
               n - 16);
  }

  /// The bytes of a, then those of b.
  template <class T>
  [[gnu::always_inline]] static __m512i in_order(__m512i a, __m512i b) noexcept {
    return transposed_words(std::is_signed_v<T> ? _mm512_packs_epi16(a, b) : _mm512_packus_epi16(a, b));
  }
};

struct packed_code_pair {
  packed_codes lower, upper;

  template <class T>
    requires(sizeof(T) == 1)
  void store(T* p, int n) const noexcept {
    const __m512i bytes = packed_codes::in_order<T>(lower.words, upper.words);
    if (n >= 64) return _mm512_storeu_si512(p, bytes);
    _mm512_mask_storeu_epi8(p, (__mmask64{1} << n) - 1, bytes);
  }
};

}  // namespace avx512vnni

/// The packs saturate, so that below the range only words need a clamp. Above it reals do: what is beyond 31 bits would
/// become -2^31.
template <>
struct code_rounding<doubled<lanes<isa::avx512vnni>>> {
  using L = doubled<lanes<isa::avx512vnni>>;
  __m512 high;
  __m512i zero, low;

  code_rounding(std::int32_t zero_point, std::int32_t lowest, std::int32_t highest) noexcept
      : high(_mm512_set1_ps(static_cast<float>(highest - zero_point))),
        zero(_mm512_set1_epi16(static_cast<short>(zero_point))),
        low(_mm512_set1_epi16(static_cast<short>(lowest))) {}

  avx512vnni::packed_codes operator()(L::f32 x) const noexcept {
    using one = lanes<isa::avx512vnni>;
    const __m512i lower = one::round(one::min(x.lower, high)), upper = one::round(one::min(x.upper, high));
    const __m512i words = _mm512_packs_epi32(lower, upper);
    return {_mm512_maskz_max_epi16(0xffffffffu, _mm512_maskz_adds_epi16(0xffffffffu, words, zero), low)};
  }
};
template <>
struct code_rounding<doubled<doubled<lanes<isa::avx512vnni>>>> : code_rounding<doubled<lanes<isa::avx512vnni>>> {
  using half = code_rounding<doubled<lanes<isa::avx512vnni>>>;
  using half::half;

  avx512vnni::packed_code_pair operator()(doubled<L>::f32 x) const noexcept {
    return {half::operator()(x.lower), half::operator()(x.upper)};
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
