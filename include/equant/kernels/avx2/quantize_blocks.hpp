// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/vectors.hpp>
#include <equant/kernels/quantize_blocks.hpp>

namespace equant::inline EQUANT_ABI::kernels {

namespace avx2 {

/// 32 values, and the largest of their magnitudes as numbers of bits.
struct block_of_32 {
  __m256 v[4];
  std::uint32_t most;

  [[gnu::always_inline]] explicit block_of_32(const float* x) {
    __m256i m = _mm256_setzero_si256();
    for (int i = 0; i < 4; ++i) {
      v[i] = _mm256_loadu_ps(x + 8 * i);
      m = _mm256_max_epu32(m, magnitude(v[i]));
    }
    const __m128i half = _mm_max_epu32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
    const __m128i two = _mm_max_epu32(half, _mm_shuffle_epi32(half, 0x4e));
    most = static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_max_epu32(two, _mm_shuffle_epi32(two, 0xb1))));
  }
  [[gnu::always_inline]] static __m256i magnitude(__m256 x) {
    return _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7fffffff));
  }
};

/// Codes by ggml's Q4_0.
[[gnu::always_inline]] inline void coded(rules::signed_ggml, const block_of_32& block, const float* x, __m256i* codes,
                                         float& scale) {
  const __m256i most = _mm256_set1_epi32(static_cast<int>(block.most));
  std::uint32_t at = 0;
  for (int i = 0; i < 4; ++i) {
    const __m256i found = _mm256_cmpeq_epi32(block_of_32::magnitude(block.v[i]), most);
    at |= static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(found))) << (8 * i);
  }
  scale = x[std::countr_zero(at)] * -0.125f;
  const __m256 inverse = _mm256_set1_ps(block_rules::reciprocal(scale));
  for (int i = 0; i < 4; ++i) {
    __m256 product = _mm256_mul_ps(block.v[i], inverse);
    asm("" : "+x"(product));  // what is added next must not be fused with it
    const __m256i code = _mm256_cvttps_epi32(_mm256_add_ps(product, _mm256_set1_ps(8.5f)));
    codes[i] = _mm256_xor_si256(_mm256_min_epi32(code, _mm256_set1_epi32(15)), _mm256_set1_epi32(8));
  }
}

/// Codes by ggml's MXFP4. In quarters of the unit, the code steps where the number passes 1, 3, 5, 7, 10, 14 and 20: up
/// to 7 every second integer, above by thresholds.
[[gnu::always_inline]] inline void coded(rules::power_of_two_ggml, const block_of_32& block, const float*,
                                         __m256i* codes, float& scale) {
  const std::uint32_t exponent = block.most >> 23;
  const std::uint32_t shared = exponent > 2 ? exponent - 2 : 0;
  scale = std::bit_cast<float>(shared == 0 ? 0x00400000u : shared << 23);
  const __m256 inverse = _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>((254 - shared) << 23)));
  for (int i = 0; i < 4; ++i) {
    const __m256 bits = _mm256_castsi256_ps(block_of_32::magnitude(block.v[i]));
    const __m256 quarters = _mm256_mul_ps(_mm256_mul_ps(bits, inverse), _mm256_set1_ps(4));
    const __m256i above = _mm256_cvttps_epi32(_mm256_ceil_ps(quarters));
    __m256i code = _mm256_min_epi32(_mm256_srli_epi32(above, 1), _mm256_set1_epi32(4));
    for (int step : {10, 14, 20}) {
      code = _mm256_sub_epi32(code, _mm256_cmpgt_epi32(above, _mm256_set1_epi32(step)));
    }
    const __m256i sign = _mm256_slli_epi32(_mm256_srli_epi32(_mm256_castps_si256(block.v[i]), 31), 3);
    codes[i] = _mm256_or_si256(code, _mm256_and_si256(sign, _mm256_cmpgt_epi32(code, _mm256_setzero_si256())));
  }
}

}  // namespace avx2

/// Q4_0 and MXFP4; everything else is inherited.
template <>
struct quantize_blocks_on<isa::avx2> : quantize_blocks_on<isa::portable> {
  using base = quantize_blocks_on<isa::portable>;
  using base::run;

  static bool run(rules::signed_ggml rule, const int4& format, index_t length, const float* x, index_t n,
                  nibbles<std::uint8_t> codes, float* scale, float* offset) noexcept {
    return blocks(rule, format, length, x, n, codes, scale, offset);
  }
  static bool run(rules::power_of_two_ggml rule, const fp4_e2m1& format, index_t length, const float* x, index_t n,
                  nibbles<std::uint8_t> codes, float* scale, float* offset) noexcept {
    return blocks(rule, format, length, x, n, codes, scale, offset);
  }

 private:
  template <class Rule, class Format>
  static bool blocks(Rule rule, const Format& format, index_t length, const float* x, index_t n,
                     nibbles<std::uint8_t> codes, float* scale, float* offset) noexcept {
    if (length != 32) return base::run(rule, format, length, x, n, codes, scale, offset);
    const avx2::to_nibbles out{codes.bytes};
    std::uint32_t most = 0;
    index_t i = 0;
    for (; i + 32 <= n; i += 32) {
      const avx2::block_of_32 block(x + i);
      most = std::max(most, block.most);
      __m256i c[4];
      coded(rule, block, x + i, c, scale[i / 32]);
      out.store(i, c[0], c[1], c[2], c[3]);
      offset[i / 32] = 0;
    }
    const nibbles<std::uint8_t> rest{codes.bytes + i / 2};
    return base::run(rule, format, length, x + i, n - i, rest, scale + i / 32, offset + i / 32) && most < 0x7f800000u;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
