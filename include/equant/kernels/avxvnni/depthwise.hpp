// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/depthwise.hpp>
#include <equant/kernels/mac.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// vpdpbusd on four rows of eight channels; signed bytes become unsigned ones.
template <>
struct depthwise_on<isa::avxvnni> {
  using mac = mac_on<isa::avxvnni>;
  using lanes = kernels::lanes<isa::avxvnni>;
  using element = std::int8_t;
  static constexpr int group = 4;
  static constexpr int parts = 3;  // 255 = 127 + 127 + 1
  template <class T>
  static constexpr std::int32_t moved = std::is_signed_v<T> ? 128 : 0;
  using word = __m256i;

  template <class T, int Rows>
  static word column(const T* const* rows, index_t at, index_t n) noexcept {
    __m128i row[4] = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    unrolled<Rows>([&](auto r) __attribute__((always_inline)) { row[r] = avx2::eight_channels(rows[r] + at, n); });
    const __m128i upper = _mm_unpacklo_epi8(row[0], row[1]), lower = _mm_unpacklo_epi8(row[2], row[3]);
    const __m128i low = _mm_unpacklo_epi16(upper, lower), high = _mm_unpackhi_epi16(upper, lower);
    return unsigned_bytes<T>(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1));
  }
  template <class T>
  static word pad(T x) noexcept {
    return unsigned_bytes<T>(_mm256_set1_epi8(static_cast<char>(x)));
  }
  static word load(const element* w) noexcept { return mac::load(w); }
  static __m256i step(__m256i sums, word x, word w) noexcept { return mac::step(sums, x, w); }

 private:
  template <class T>
  static word unsigned_bytes(word x) noexcept {
    return std::is_signed_v<T> ? mac::flip(x) : x;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
