// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/weight_lanes.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Sixteen columns at a time, by vpdpbusd.
template <>
struct weight_lanes<isa::avx512vnni> : lanes<isa::avx512vnni> {
  using word = __m512i;

  static word load(const std::uint8_t* p) noexcept { return _mm512_loadu_si512(p); }
  using lanes<isa::avx512vnni>::load;
  static word spread(const void* a) noexcept { return mac_on<isa::avx512vnni>::spread(a); }
  template <int Bits, int P>
  static word plane(word w) noexcept {
    if constexpr (Bits == 8) return w;
    if constexpr (P > 0) w = _mm512_maskz_srli_epi16(~__mmask32{0}, w, P * Bits);
    return _mm512_and_si512(w, _mm512_set1_epi8(static_cast<char>((1 << Bits) - 1)));
  }
  template <int Bits>
  static i32 step(i32 acc, word w, word a) noexcept {
    return mac_on<isa::avx512vnni>::step(acc, w, a);
  }
  /// Codes of at most four bits by a table: vpermps looks at the lowest four bits of an index.
  template <int Bits, int K>
  static f32 code(word w) noexcept {
    constexpr int shift = 8 * (K % 4) + Bits * (K / 4), mask = (1 << Bits) - 1;
    const word shifted = _mm512_maskz_srli_epi32(all, w, shift);
    if constexpr (Bits == 8) {
      return to_float(_mm512_and_si512(shifted, _mm512_set1_epi32(mask)));
    } else {
      constexpr auto value = [](int i) { return static_cast<float>(i & mask); };
      const f32 table = _mm512_setr_ps(value(0), value(1), value(2), value(3), value(4), value(5), value(6), value(7),
                                       value(8), value(9), value(10), value(11), value(12), value(13), value(14),
                                       value(15));
      return _mm512_maskz_permutexvar_ps(all, shifted, table);
    }
  }
  static f32 halves(const std::uint8_t* p) noexcept {
    return _mm512_maskz_cvtph_ps(all, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static i32 bytes(const std::uint8_t* p) noexcept {
    return _mm512_maskz_cvtepu8_epi32(all, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  using lanes<isa::avx512vnni>::sub;
  static f32 sub(f32 a, f32 b) noexcept { return _mm512_sub_ps(a, b); }

  // Of several tiles six rows leave registers for the results; alone, the codes are unpacked once for eight.
  static constexpr int rows = 8, shared_rows = 6, vectors = 2;
  static constexpr int float_rows = 4, float_vectors = 1;

 private:
  static constexpr __mmask16 all = 0xffff;
};

}  // namespace equant::inline EQUANT_ABI::kernels
