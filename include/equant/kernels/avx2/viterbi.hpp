// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/unrolled.hpp>
#include <equant/kernels/viterbi.hpp>

#include <immintrin.h>

namespace equant::inline EQUANT_ABI::kernels {

/// 32 groups at a time, in two vectors; trellises of fewer are inherited.
template <>
struct viterbi_on<isa::avx2> : viterbi_on<isa::portable> {
  using base = viterbi_on<isa::portable>;

  template <int Bits>
  static std::uint16_t step(int length, std::int16_t x, const std::int16_t* table, const std::uint16_t* before,
                            std::uint16_t least, std::uint16_t* after, std::uint8_t* choice) noexcept {
    const index_t groups = index_t{1} << (length - Bits);
    if (groups < 32) return base::step<Bits>(length, x, table, before, least, after, choice);
    // Group g follows group g >> Bits: element i of a vector takes the cost of element i >> Bits.
    alignas(32) std::uint8_t spread[32];
    for (int i = 0; i < 32; ++i) spread[i] = static_cast<std::uint8_t>(2 * ((i / 2) >> Bits) + i % 2);
    const __m256i order_u8x32 = _mm256_load_si256(reinterpret_cast<const __m256i*>(spread));
    const __m256i x_i16x16 = _mm256_set1_epi16(x);
    const __m256i least_u16x16 = _mm256_set1_epi16(static_cast<short>(least));
    __m256i smallest_u16x16 = _mm256_set1_epi16(-1);
    const auto half = [&](index_t g, __m256i& chosen) __attribute__((always_inline)) {
      __m256i best;
      unrolled<1u << Bits>([&](auto p) __attribute__((always_inline)) {
        const index_t s = static_cast<index_t>(p()) * groups + g;
        const __m256i t = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(table + s));
        const __m256i d = _mm256_subs_epi16(x_i16x16, t);
        const __m128i from = _mm_loadu_si128(reinterpret_cast<const __m128i*>(before + (s >> Bits)));
        const __m256i sum = _mm256_adds_epu16(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(from), order_u8x32),
                                              _mm256_mulhrs_epi16(d, d));
        if constexpr (p() == 0) {
          best = sum;
          chosen = _mm256_setzero_si256();
        } else {
          const __m256i kept = _mm256_min_epu16(best, sum);
          const __m256i stays = _mm256_cmpeq_epi16(kept, best);
          chosen = _mm256_blendv_epi8(_mm256_set1_epi16(static_cast<short>(p())), chosen, stays);
          best = kept;
        }
      });
      best = _mm256_sub_epi16(best, least_u16x16);
      smallest_u16x16 = _mm256_min_epu16(smallest_u16x16, best);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(after + g), best);
    };
    for (index_t g = 0; g < groups; g += 32) {
      __m256i low, high;
      half(g, low);
      half(g + 16, high);
      const __m256i chosen = _mm256_permute4x64_epi64(_mm256_packus_epi16(low, high), 0xd8);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(choice + g), chosen);
    }
    const __m128i eight =
        _mm_min_epu16(_mm256_castsi256_si128(smallest_u16x16), _mm256_extracti128_si256(smallest_u16x16, 1));
    return static_cast<std::uint16_t>(_mm_extract_epi16(_mm_minpos_epu16(eight), 0));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
