// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/mac.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// vpdpbusd in 512 bits. As an instruction of its own: g++ 12 spills accumulators that go through the intrinsic.
template <>
struct mac_on<isa::avx512vnni> {
  using lanes = kernels::lanes<isa::avx512vnni>;
  using element = std::int8_t;
  static constexpr int group = 4;
  static constexpr bool unsigned_a = true;
  static constexpr int registers = 32;
  using i32 = __m512i;
  using word = __m512i;

  static word spread(const void* a) noexcept {
    std::int32_t w;
    std::memcpy(&w, a, sizeof w);
    return _mm512_set1_epi32(w);
  }
  static word load(const void* b) noexcept { return _mm512_loadu_si512(b); }
  static word flip(word a) noexcept { return _mm512_xor_si512(a, _mm512_set1_epi8(-128)); }
  static i32 step(i32 acc, word a, word b) noexcept {
    asm("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b));
    return acc;
  }

  template <class T>
  static void copy(const T* codes, index_t n, element* to) noexcept {
    std::memcpy(to, codes, static_cast<std::size_t>(n));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
