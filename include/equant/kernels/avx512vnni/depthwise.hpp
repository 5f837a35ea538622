// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avxvnni/depthwise.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// vpdpbusd on four rows of sixteen channels. Each row is spread to all four quarters of a register, where a shuffle
/// puts the quarter's channels to the row's byte of every word. Four words at once need fewer shuffles: each row is
/// dealt to the quarters by fours, so that interleaving within quarters ends with whole words.
template <>
struct depthwise_on<isa::avx512vnni> {
  using mac = mac_on<isa::avx512vnni>;
  using lanes = kernels::lanes<isa::avx512vnni>;
  using element = std::int8_t;
  static constexpr int group = 4;
  static constexpr int parts = 3;  // 255 = 127 + 127 + 1
  template <class T>
  static constexpr std::int32_t moved = std::is_signed_v<T> ? 128 : 0;
  using word = __m512i;

  template <class T, int Rows>
  static word column(const T* const* rows, index_t at, index_t n) noexcept {
    const word channels =
        _mm512_set_epi32(0x0f0f0f0f, 0x0e0e0e0e, 0x0d0d0d0d, 0x0c0c0c0c, 0x0b0b0b0b, 0x0a0a0a0a, 0x09090909, 0x08080808,
                         0x07070707, 0x06060606, 0x05050505, 0x04040404, 0x03030303, 0x02020202, 0x01010101, 0);
    word x = _mm512_maskz_shuffle_epi8(first, spread(rows[0] + at, n), channels);
    unrolled<Rows - 1>([&](auto r) __attribute__((always_inline)) {
      x = _mm512_mask_shuffle_epi8(x, first << (r + 1), spread(rows[r + 1] + at, n), channels);
    });
    return unsigned_bytes<T>(x);
  }
  static constexpr int words_at_once = 4;
  template <class T, int Rows>
  static void columns(const T* const* rows, index_t at, word* to) noexcept {
    word row[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
      row[r] = avx512vnni::transposed_words(_mm512_loadu_si512(rows[r] + at));
    });
    const word upper = low_bytes(row[0], row[1]), lower = low_bytes(row[2], row[3]);
    const word upper_end = high_bytes(row[0], row[1]), lower_end = high_bytes(row[2], row[3]);
    to[0] = unsigned_bytes<T>(_mm512_maskz_unpacklo_epi16(all, upper, lower));
    to[1] = unsigned_bytes<T>(_mm512_maskz_unpackhi_epi16(all, upper, lower));
    to[2] = unsigned_bytes<T>(_mm512_maskz_unpacklo_epi16(all, upper_end, lower_end));
    to[3] = unsigned_bytes<T>(_mm512_maskz_unpackhi_epi16(all, upper_end, lower_end));
  }
  template <class T>
  static word pad(T x) noexcept {
    return unsigned_bytes<T>(_mm512_set1_epi8(static_cast<char>(x)));
  }
  static word load(const element* w) noexcept { return mac::load(w); }
  /// Not mac's: there are few sums here, and this one takes weights from memory.
  static __m512i step(__m512i sums, word x, word w) noexcept { return _mm512_dpbusd_epi32(sums, x, w); }

 private:
  static constexpr __mmask64 first = 0x1111111111111111u;  // byte 0 of every word
  static constexpr __mmask32 all = 0xffffffffu;

  static word low_bytes(word a, word b) noexcept { return _mm512_maskz_unpacklo_epi8(~__mmask64{0}, a, b); }
  static word high_bytes(word a, word b) noexcept { return _mm512_maskz_unpackhi_epi8(~__mmask64{0}, a, b); }

  static word spread(const void* p, index_t n) noexcept {
    const __mmask16 some = static_cast<__mmask16>((1u << (n & 15)) - 1);
    const __m128i row = n >= 16 ? _mm_loadu_si128(static_cast<const __m128i*>(p)) : _mm_maskz_loadu_epi8(some, p);
    return _mm512_maskz_broadcast_i32x4(0xffff, row);
  }
  template <class T>
  static word unsigned_bytes(word x) noexcept {
    return std::is_signed_v<T> ? mac::flip(x) : x;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
