// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx512vnni/vectors.hpp>
#include <equant/kernels/stores.hpp>

/// The ways of the AVX-512 leaves out to memory. Streamed stores want lines of 64 bytes on their boundary: what comes
/// before the first and after the last goes the usual way.
namespace equant::inline EQUANT_ABI::kernels::avx512vnni {

/// 64 bytes that a pack of two vectors of words left in turns of eight, in order.
[[gnu::always_inline]] inline __m512i in_order(__m512i packed) {
  return _mm512_maskz_permutexvar_epi64(0xff, _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), packed);
}

/// The low bytes of 64 words, in order.
[[gnu::always_inline]] inline __m512i low_bytes(__m512i a, __m512i b) {
  const __m512i low = _mm512_set1_epi16(255);
  return in_order(_mm512_packus_epi16(_mm512_and_si512(a, low), _mm512_and_si512(b, low)));
}

/// A vector to where it belongs; streamed, on its own boundary.
template <bool Streamed>
[[gnu::always_inline]] inline void store(void* to, __m512i v) {
  if constexpr (Streamed) {
    _mm512_stream_si512(static_cast<__m512i*>(to), v);
  } else {
    _mm512_storeu_si512(to, v);
  }
}

/// How many bytes it is to the next line of 64.
inline index_t to_line(const void* p) { return static_cast<index_t>(-reinterpret_cast<std::uintptr_t>(p) & 63); }

/// Where a run is best begun on whole vectors: on its streamed output's line, or else on that of its floats, where the
/// run is long enough for the loads or stores across two lines to cost more than a start under a mask.
template <bool Streamed>
index_t first_whole(index_t n, index_t streamed, const float* floats) {
  if (Streamed) return std::min(n, streamed);
  return n < 512 ? 0 : to_line(floats) / 4;
}

/// Streamed stores are seen by other threads no later than what this one writes after.
template <bool Streamed>
void fence() {
  if constexpr (Streamed) _mm_sfence();
}

/// Where codes go: bytes, 16-bit words, or nibbles. They come as 64 words, or as up to 16 integers.
template <bool Streamed>
struct to_words8 {
  std::uint8_t* out;

  index_t start(const float* x, index_t n) const { return first_whole<Streamed>(n, to_line(out), x); }
  void finish() const { fence<Streamed>(); }
  [[gnu::always_inline]] void store(index_t i, __m512i a, __m512i b) const {
    avx512vnni::store<Streamed>(out + i, low_bytes(a, b));
  }
  /// Words clamped to a byte's own range by the way they are packed.
  [[gnu::always_inline]] void saturated(index_t i, __m512i a, __m512i b, bool is_signed) const {
    avx512vnni::store<Streamed>(out + i, in_order(is_signed ? _mm512_packs_epi16(a, b) : _mm512_packus_epi16(a, b)));
  }
  [[gnu::always_inline]] void store(index_t i, __m512i codes, index_t n) const {
    _mm_mask_storeu_epi8(out + i, first(n), _mm512_maskz_cvtepi32_epi8(all, codes));
  }
};

template <bool Streamed>
struct to_words16 {
  std::uint16_t* out;

  index_t start(const float* x, index_t n) const { return first_whole<Streamed>(n, to_line(out) / 2, x); }
  void finish() const { fence<Streamed>(); }
  [[gnu::always_inline]] void store(index_t i, __m512i a, __m512i b) const {
    avx512vnni::store<Streamed>(out + i, a);
    avx512vnni::store<Streamed>(out + i + 32, b);
  }
  [[gnu::always_inline]] void store(index_t i, __m512i codes, index_t n) const {
    _mm256_mask_storeu_epi16(out + i, first(n), _mm512_maskz_cvtepi32_epi16(all, codes));
  }
};

template <bool Streamed>
struct to_nibbles {
  std::uint8_t* out;

  index_t start(const float* x, index_t n) const { return first_whole<Streamed>(n, to_line(out) * 2, x) & -2; }
  void finish() const { fence<Streamed>(); }
  [[gnu::always_inline]] void store(index_t i, __m512i a, __m512i b) const {
    const __m512i half = _mm512_and_si512(low_bytes(a, b), _mm512_set1_epi8(15));
    // first + 16 * second; at most 255, so the signed 16-bit sums cannot saturate
    const __m512i pairs = _mm512_maddubs_epi16(half, _mm512_set1_epi16(0x1001));
    const __m256i bytes = _mm512_maskz_cvtepi16_epi8(0xffffffffu, pairs);
    if constexpr (Streamed) {
      _mm256_stream_si256(reinterpret_cast<__m256i*>(out + i / 2), bytes);
    } else {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i / 2), bytes);
    }
  }
  [[gnu::always_inline]] void store(index_t i, __m512i codes, index_t n) const {
    const __m128i half = _mm_and_si128(_mm512_maskz_cvtepi32_epi8(first(n), codes), _mm_set1_epi8(15));
    const __m128i pairs = _mm_maddubs_epi16(half, _mm_set1_epi16(0x1001));
    _mm_mask_storeu_epi8(out + i / 2, first((n + 1) / 2) & 255, _mm_packus_epi16(pairs, pairs));
  }
};

[[gnu::always_inline]] inline auto streaming(std::uint8_t* codes) { return to_words8<true>{codes}; }
[[gnu::always_inline]] inline auto streaming(std::uint16_t* codes) { return to_words16<true>{codes}; }
[[gnu::always_inline]] inline auto streaming(nibbles<std::uint8_t> codes) { return to_nibbles<true>{codes.bytes}; }

/// Where real numbers go.
template <bool Streamed>
struct to_floats {
  float* out;

  index_t start(index_t n) const { return first_whole<Streamed>(n, to_line(out) / 4, out); }
  void finish() const { fence<Streamed>(); }
  [[gnu::always_inline]] void store(index_t i, __m512 v) const {
    if constexpr (Streamed) {
      _mm512_stream_ps(out + i, v);
    } else {
      _mm512_storeu_ps(out + i, v);
    }
  }
  [[gnu::always_inline]] void store(index_t i, __m512 v, __mmask16 mask) const {
    _mm512_mask_storeu_ps(out + i, mask, v);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels::avx512vnni
