// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx512vnni/stores.hpp>
#include <equant/kernels/avx512vnni/vectors.hpp>
#include <equant/kernels/quantize_blocks.hpp>

namespace equant::inline EQUANT_ABI::kernels {

namespace avx512vnni {

/// 32 values, their magnitudes as numbers of bits, and the largest of these.
struct block_of_32 {
  __m512 a, b;
  __m512i a_bits, b_bits;
  std::uint32_t most;

  [[gnu::always_inline]] explicit block_of_32(const float* x) : a(load(x)), b(load(x + 16)) {
    const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
    a_bits = _mm512_and_si512(_mm512_castps_si512(a), magnitude);
    b_bits = _mm512_and_si512(_mm512_castps_si512(b), magnitude);
    const __m512i m = _mm512_maskz_max_epu32(0xffff, a_bits, b_bits);
    const __m256i low = _mm512_maskz_extracti64x4_epi64(0xff, m, 0), high = _mm512_maskz_extracti64x4_epi64(0xff, m, 1);
    const __m256i half = _mm256_max_epu32(low, high);
    const __m128i quarter = _mm_max_epu32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    const __m128i two = _mm_max_epu32(quarter, _mm_shuffle_epi32(quarter, 0x4e));
    most = static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_max_epu32(two, _mm_shuffle_epi32(two, 0xb1))));
  }
};

/// Codes by ggml's Q4_0, as 32 words.
[[gnu::always_inline]] inline __m512i coded(rules::signed_ggml, const block_of_32& v, const float* x, float& scale) {
  const __m512i most = _mm512_set1_epi32(static_cast<int>(v.most));
  const std::uint32_t at = _mm512_cmpeq_epi32_mask(v.a_bits, most) |
                           static_cast<std::uint32_t>(_mm512_cmpeq_epi32_mask(v.b_bits, most)) << 16;
  scale = x[std::countr_zero(at)] * -0.125f;
  const __m512 inverse = _mm512_set1_ps(block_rules::reciprocal(scale));
  const auto codes = [&](__m512 values) __attribute__((always_inline)) {
    __m512 product = _mm512_mul_ps(values, inverse);
    asm("" : "+v"(product));  // what is added next must not be fused with it
    const __m512i code = _mm512_maskz_cvttps_epi32(0xffff, _mm512_add_ps(product, _mm512_set1_ps(8.5f)));
    return _mm512_maskz_min_epi32(0xffff, code, _mm512_set1_epi32(15));
  };
  return _mm512_xor_si512(low_halves(codes(v.a), codes(v.b)), _mm512_set1_epi16(8));
}

/// Codes by ggml's MXFP4, as 32 words. In quarters of the unit, the code steps where the number passes 1, 3, 5, 7, 10,
/// 14 and 20, so that it depends on the next integer above alone.
[[gnu::always_inline]] inline __m512i coded(rules::power_of_two_ggml, const block_of_32& v, const float*,
                                            float& scale) {
  const std::uint32_t exponent = v.most >> 23;
  const std::uint32_t shared = exponent > 2 ? exponent - 2 : 0;
  scale = std::bit_cast<float>(shared == 0 ? 0x00400000u : shared << 23);
  const __m512 inverse = _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>((254 - shared) << 23)));
  const __m512i low = _mm512_set_epi32(6, 5, 5, 5, 5, 4, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0);
  const __m512i high = _mm512_set_epi32(7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 6, 6);
  const auto codes = [&](__m512 values, __m512i bits) __attribute__((always_inline)) {
    const __m512 quarters = _mm512_mul_ps(_mm512_mul_ps(_mm512_castsi512_ps(bits), inverse), _mm512_set1_ps(4));
    const __m512i above = avx512vnni::rounded_up(quarters);
    const __m512i place = _mm512_maskz_min_epi32(0xffff, above, _mm512_set1_epi32(31));
    const __m512i code = _mm512_permutex2var_epi32(low, place, high);
    const __mmask16 negative = _mm512_test_epi32_mask(code, code) & _mm512_movepi32_mask(_mm512_castps_si512(values));
    return _mm512_mask_or_epi32(code, negative, code, _mm512_set1_epi32(8));
  };
  return low_halves(codes(v.a, v.a_bits), codes(v.b, v.b_bits));
}

}  // namespace avx512vnni

/// Q4_0 and MXFP4, two blocks of 32 at a time; everything else is inherited.
template <>
struct quantize_blocks_on<isa::avx512vnni> : quantize_blocks_on<isa::avxvnni> {
  using base = quantize_blocks_on<isa::avxvnni>;
  using base::run;

  static bool run(rules::signed_ggml rule, const int4& format, index_t length, const float* x, index_t n,
                  nibbles<std::uint8_t> codes, float* scale, float* offset) noexcept {
    return pairs(rule, format, length, x, n, codes, scale, offset);
  }
  static bool run(rules::power_of_two_ggml rule, const fp4_e2m1& format, index_t length, const float* x, index_t n,
                  nibbles<std::uint8_t> codes, float* scale, float* offset) noexcept {
    return pairs(rule, format, length, x, n, codes, scale, offset);
  }

 private:
  template <class Rule, class Format>
  static bool pairs(Rule rule, const Format& format, index_t length, const float* x, index_t n,
                    nibbles<std::uint8_t> codes, float* scale, float* offset) noexcept {
    if (length != 32) return base::run(rule, format, length, x, n, codes, scale, offset);
    const avx512vnni::to_nibbles<false> out{codes.bytes};
    std::uint32_t most = 0;
    index_t i = 0;
    for (; i + 64 <= n; i += 64) {
      const avx512vnni::block_of_32 first(x + i), second(x + i + 32);
      most = std::max(most, std::max(first.most, second.most));
      const index_t b = i / 32;
      out.store(i, coded(rule, first, x + i, scale[b]), coded(rule, second, x + i + 32, scale[b + 1]));
      offset[b] = offset[b + 1] = 0;
    }
    const nibbles<std::uint8_t> rest{codes.bytes + i / 2};
    return base::run(rule, format, length, x + i, n - i, rest, scale + i / 32, offset + i / 32) && most < 0x7f800000u;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
