// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/mac.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// vpdpbusd in 256 bits: four bytes at a time, exact.
template <>
struct mac_on<isa::avxvnni> {
  using lanes = kernels::lanes<isa::avxvnni>;
  using element = std::int8_t;
  static constexpr int group = 4;
  static constexpr bool unsigned_a = true;
  static constexpr int registers = 16;
  using i32 = __m256i;
  using word = __m256i;

  static word spread(const void* a) noexcept {
    std::int32_t w;
    std::memcpy(&w, a, sizeof w);
    return _mm256_set1_epi32(w);
  }
  static word load(const void* b) noexcept { return _mm256_loadu_si256(static_cast<const __m256i*>(b)); }
  static word flip(word a) noexcept { return _mm256_xor_si256(a, _mm256_set1_epi8(-128)); }
  /// An instruction of its own, as in the 512-bit form; without AVX-512 it has another encoding.
  static i32 step(i32 acc, word a, word b) noexcept {
#if defined(__AVX512VL__) && defined(__AVX512VNNI__)
    asm("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b));
    return acc;
#else
    return _mm256_dpbusd_avx_epi32(acc, a, b);
#endif
  }

  template <class T>
  static void copy(const T* codes, index_t n, element* to) noexcept {
    std::memcpy(to, codes, static_cast<std::size_t>(n));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
