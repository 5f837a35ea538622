// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avxvnni/dot.hpp>

namespace equant::inline EQUANT_ABI::kernels {

namespace avx512vnni {

struct dot_bytes : vnni_products<mac_on<isa::avx512vnni>> {
  static constexpr index_t width = 64;
  static constexpr bool masked = true;

  static bytes load(const void* p) noexcept { return _mm512_loadu_si512(p); }
  static bytes load(const void* p, index_t n) noexcept {
    return _mm512_maskz_loadu_epi8((std::uint64_t{1} << n) - 1, p);
  }
  static sums zero() noexcept { return _mm512_setzero_si512(); }
  static sums add(sums a, sums b) noexcept { return _mm512_add_epi32(a, b); }
  static sums sub(sums a, sums b) noexcept { return _mm512_sub_epi32(a, b); }
  static std::uint32_t total(sums s) noexcept {
    const __m256i low = _mm512_maskz_extracti64x4_epi64(0xf, s, 0), high = _mm512_maskz_extracti64x4_epi64(0xf, s, 1);
    return avx2::dot_sums::total(_mm256_add_epi32(low, high));
  }
  template <class T>
  static bytes distance(bytes a, bytes b) noexcept {
    if constexpr (std::is_signed_v<T>) {
      return _mm512_sub_epi8(_mm512_maskz_max_epi8(all, a, b), _mm512_maskz_min_epi8(all, a, b));
    } else {
      return _mm512_sub_epi8(_mm512_maskz_max_epu8(all, a, b), _mm512_maskz_min_epu8(all, a, b));
    }
  }

 private:
  static constexpr __mmask64 all = ~std::uint64_t{0};
};

}  // namespace avx512vnni

template <>
struct dot_on<isa::avx512vnni> : dot_loops<avx512vnni::dot_bytes, dot_on<isa::portable>> {};

}  // namespace equant::inline EQUANT_ABI::kernels
