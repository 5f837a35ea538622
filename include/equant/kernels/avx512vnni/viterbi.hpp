// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/viterbi.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// 32 groups in a vector; trellises of fewer are inherited.
template <>
struct viterbi_on<isa::avx512vnni> : viterbi_on<isa::avxvnni> {
  using base = viterbi_on<isa::avxvnni>;

  template <int Bits>
  static std::uint16_t step(int length, std::int16_t x, const std::int16_t* table, const std::uint16_t* before,
                            std::uint16_t least, std::uint16_t* after, std::uint8_t* choice) noexcept {
    const index_t groups = index_t{1} << (length - Bits);
    if (groups < 32) return base::template step<Bits>(length, x, table, before, least, after, choice);
    alignas(64) std::uint16_t spread[32];
    for (int i = 0; i < 32; ++i) spread[i] = static_cast<std::uint16_t>(i >> Bits);
    const __m512i order_u16x32 = _mm512_load_si512(spread);
    const __m512i x_i16x32 = _mm512_set1_epi16(x);
    const __m512i least_u16x32 = _mm512_set1_epi16(static_cast<short>(least));
    __m512i smallest_u16x32 = _mm512_set1_epi16(-1);
    for (index_t g = 0; g < groups; g += 32) {
      __m512i best, chosen;
      unrolled<1u << Bits>([&](auto p) __attribute__((always_inline)) {
        const index_t s = static_cast<index_t>(p()) * groups + g;
        const __m512i d = _mm512_subs_epi16(x_i16x32, _mm512_loadu_si512(table + s));
        const __m256i from = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(before + (s >> Bits)));
        const __m512i sum = _mm512_adds_epu16(
            _mm512_maskz_permutexvar_epi16(0xffffffffu, order_u16x32, _mm512_maskz_broadcast_i64x4(0xff, from)),
            _mm512_mulhrs_epi16(d, d));
        if constexpr (p() == 0) {
          best = sum;
          chosen = _mm512_setzero_si512();
        } else {
          const __mmask32 better = _mm512_cmplt_epu16_mask(sum, best);
          best = _mm512_min_epu16(best, sum);
          chosen = _mm512_mask_set1_epi16(chosen, better, static_cast<short>(p()));
        }
      });
      best = _mm512_sub_epi16(best, least_u16x32);
      smallest_u16x32 = _mm512_min_epu16(smallest_u16x32, best);
      _mm512_storeu_si512(after + g, best);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(choice + g), _mm512_maskz_cvtepi16_epi8(0xffffffffu, chosen));
    }
    const __m256i sixteen = _mm256_min_epu16(_mm512_maskz_extracti64x4_epi64(0xff, smallest_u16x32, 0),
                                             _mm512_maskz_extracti64x4_epi64(0xff, smallest_u16x32, 1));
    const __m128i eight = _mm_min_epu16(_mm256_castsi256_si128(sixteen), _mm256_extracti128_si256(sixteen, 1));
    return static_cast<std::uint16_t>(_mm_extract_epi16(_mm_minpos_epu16(eight), 0));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
