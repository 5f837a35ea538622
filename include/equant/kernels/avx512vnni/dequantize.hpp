// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx512vnni/stores.hpp>
#include <equant/kernels/dequantize.hpp>
#include <equant/kernels/line_grid.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Integer grids to float; everything else is inherited.
template <>
struct dequantize_on<isa::avx512vnni> : dequantize_on<isa::avxvnni> {
  using base = dequantize_on<isa::avxvnni>;
  using base::run;
  static constexpr bool streams = true;

  /// Lines that share a set of parameters per element, two by two: loading those once for both is worth more than
  /// writing line after line (of 1 to 8 lines by 1 to 8 vectors, 2 by 8 is the fastest). Returns how many are done.
  template <avx512vnni::float_map Map>
    requires std::is_integral_v<typename Map::zero_point_type>
  [[gnu::noinline]]
  static index_t pairs(line_grid grid, const std::uint8_t* codes, run_parameters<Map> p, std::int32_t sign,
                       float* y) noexcept {
    const avx512vnni::stepped_lanes<Map, 1> lanes(p);
    const index_t tiled = grid.n & -128, rest = grid.n - tiled, lines = grid.lines & -2;
    const index_t in = grid.in, out = grid.out;
    with_sign<std::uint8_t>(sign, [=](auto how) __attribute__((always_inline)) {
      const std::uint8_t* from = codes;
      float* to = y;
      for (index_t line = 0; line < lines; line += 2, from += 2 * in, to += 2 * out) {
        for (index_t i = 0; i < tiled; i += 128) {
          __m512i zero[8];
          __m512 scale[8];
#pragma GCC unroll 8
          for (int j = 0; j < 8; ++j) {
            zero[j] = lanes.at(i + 16 * j).zero();
            scale[j] = lanes.at(i + 16 * j).scale();
          }
          const auto one = [&](const std::uint8_t* c, float* r) __attribute__((always_inline)) {
#pragma GCC unroll 8
            for (int j = 0; j < 8; ++j) {
              const __m512i difference = _mm512_sub_epi32(value(widened(c + 16 * j, how), sign, how), zero[j]);
              _mm512_storeu_ps(r + 16 * j,
                               _mm512_mul_ps(_mm512_maskz_cvtepi32_ps(avx512vnni::all, difference), scale[j]));
            }
          };
          one(from + i, to + i);
          one(from + in + i, to + out + i);
        }
      }
    });
    for (index_t line = 0; rest > 0 && line < lines; ++line) {
      run(codes + line * in + tiled, rest, p.from(tiled), sign, y + line * out + tiled);
    }
    return lines;
  }

  template <class Word, avx512vnni::float_map Map>
  static void run(const Word* codes, index_t n, run_parameters<Map> p, std::int32_t sign, float* y) noexcept {
    if (!line(codes, n, p, sign, avx512vnni::to_floats<false>{y})) base::run(codes, n, p, sign, y);
  }

  template <avx512vnni::float_map Map>
  static void run(nibbles<const std::uint8_t> codes, index_t n, run_parameters<Map> p, std::int32_t sign,
                  float* y) noexcept {
    if (!line(codes, n, p, sign, avx512vnni::to_floats<false>{y})) base::run(codes, n, p, sign, y);
  }

  template <class Codes, class Map, class T>
  static void run(Codes codes, index_t n, run_parameters<Map> p, std::int32_t sign, streamed<T*> y) noexcept {
    if constexpr (std::same_as<T, float> && avx512vnni::float_map<Map>) {
      const avx512vnni::to_floats<true> out{y.to};
      // where the first whole line of y begins within a byte of nibbles, they would have to be shifted
      const bool within = !std::is_pointer_v<Codes> && out.start(n) % 2 != 0;
      if (!within && line(codes, n, p, sign, out)) return;
    }
    run(codes, n, p, sign, y.to);
  }

 private:
  /// How a word holds a signed code: not at all, as a whole word, or in its low bits.
  enum class signs { none, of_word, of_bits };

  /// Calls f with the way as a constant.
  template <class Word, class F>
  [[gnu::always_inline]] static void with_sign(std::int32_t sign, F&& f) {
    if (sign == 0) {
      f(std::integral_constant<signs, signs::none>{});
    } else if (sign == 1 << (8 * sizeof(Word) - 1)) {
      f(std::integral_constant<signs, signs::of_word>{});
    } else {
      f(std::integral_constant<signs, signs::of_bits>{});
    }
  }

  /// All of a run; false where its steps are not for vectors.
  template <class Word, class Map, class Out>
  [[gnu::always_inline]]
  static bool line(const Word* codes, index_t n, run_parameters<Map> p, std::int32_t sign, Out out) {
    return avx512vnni::with_lanes(p, [&](const auto& lanes) __attribute__((always_inline)) {
      index_t i = out.start(n);
      if (i > 0) some(codes, 0, i, lanes, sign, out);
      with_sign<Word>(sign, [&](auto how) __attribute__((always_inline)) {
        for (; i + 64 <= n; i += 64) {
          whole(codes, i, lanes, sign, out, how);
          whole(codes, i + 16, lanes, sign, out, how);
          whole(codes, i + 32, lanes, sign, out, how);
          whole(codes, i + 48, lanes, sign, out, how);
        }
      });
      for (; i < n; i += 16) some(codes, i, n, lanes, sign, out);
      out.finish();
    });
  }
  template <class Map, class Out>
  [[gnu::always_inline]]
  static bool line(nibbles<const std::uint8_t> codes, index_t n, run_parameters<Map> p, std::int32_t sign, Out out) {
    return avx512vnni::with_lanes(p, [&](const auto& lanes) __attribute__((always_inline)) {
      index_t i = out.start(n) & -2;  // on a byte of codes
      if (i > 0) some(codes, 0, i, lanes, sign, out);
      for (; i + 32 <= n; i += 32) {
        const auto [a, b] = halves(codes.bytes + i / 2);
        out.store(i, real(_mm512_maskz_cvtepu8_epi32(avx512vnni::all, a), sign, lanes.at(i)));
        out.store(i + 16, real(_mm512_maskz_cvtepu8_epi32(avx512vnni::all, b), sign, lanes.at(i + 16)));
      }
      for (; i < n; i += 16) some(codes, i, n, lanes, sign, out);
      out.finish();
    });
  }

  template <class Word, class Lanes, class Out, signs How>
  [[gnu::always_inline]] static void whole(const Word* codes, index_t i, const Lanes& lanes, std::int32_t sign, Out out,
                                           std::integral_constant<signs, How> how) {
    out.store(i, avx512vnni::real(value(widened(codes + i, how), sign, how), lanes.at(i)));
  }

  /// Elements [i, n), at most sixteen of them.
  template <class Codes, class Lanes, class Out>
  static void some(Codes codes, index_t i, index_t n, const Lanes& lanes, std::int32_t sign, Out out) {
    const __mmask16 mask = avx512vnni::first(n - i);
    out.store(i, real(widened(codes, i, n - i), sign, lanes.at(i, mask)), mask);
  }

  template <signs How>
  [[gnu::always_inline]] static __m512i widened(const std::uint8_t* codes, std::integral_constant<signs, How>) {
    const __m128i word = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes));
    return How == signs::of_word ? _mm512_maskz_cvtepi8_epi32(avx512vnni::all, word)
                                 : _mm512_maskz_cvtepu8_epi32(avx512vnni::all, word);
  }
  template <signs How>
  [[gnu::always_inline]] static __m512i widened(const std::uint16_t* codes, std::integral_constant<signs, How>) {
    const __m256i word = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes));
    return How == signs::of_word ? _mm512_maskz_cvtepi16_epi32(avx512vnni::all, word)
                                 : _mm512_maskz_cvtepu16_epi32(avx512vnni::all, word);
  }

  [[gnu::always_inline]] static __m512i widened(const std::uint8_t* codes, index_t i, index_t n) {
    return _mm512_maskz_cvtepu8_epi32(avx512vnni::all, _mm_maskz_loadu_epi8(avx512vnni::first(n), codes + i));
  }
  [[gnu::always_inline]] static __m512i widened(const std::uint16_t* codes, index_t i, index_t n) {
    return _mm512_maskz_cvtepu16_epi32(avx512vnni::all, _mm256_maskz_loadu_epi16(avx512vnni::first(n), codes + i));
  }
  [[gnu::always_inline]] static __m512i widened(nibbles<const std::uint8_t> codes, index_t i, index_t n) {
    const index_t bytes = std::min(n + 1, index_t{16}) / 2;
    const __m128i pairs = _mm_maskz_loadu_epi8(avx512vnni::first(bytes), codes.bytes + i / 2);
    const __m128i spread = _mm_unpacklo_epi8(pairs, _mm_srli_epi16(pairs, 4));
    return _mm512_maskz_cvtepu8_epi32(avx512vnni::all, _mm_and_si128(spread, _mm_set1_epi8(15)));
  }

  struct two {
    __m128i first, second;
  };
  /// 32 nibbles as bytes.
  [[gnu::always_inline]] static two halves(const std::uint8_t* pairs_of_codes) {
    const __m128i pairs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pairs_of_codes));
    const __m128i even = _mm_and_si128(pairs, _mm_set1_epi8(15));
    const __m128i odd = _mm_and_si128(_mm_srli_epi16(pairs, 4), _mm_set1_epi8(15));
    return {_mm_unpacklo_epi8(even, odd), _mm_unpackhi_epi8(even, odd)};
  }

  /// The integers that widened words stand for.
  template <signs How>
  [[gnu::always_inline]] static __m512i value(__m512i word, std::int32_t sign, std::integral_constant<signs, How>) {
    if constexpr (How != signs::of_bits) return word;
    const __m512i bit = _mm512_set1_epi32(sign);
    return _mm512_sub_epi32(_mm512_xor_si512(word, bit), bit);
  }

  template <class Place>
  [[gnu::always_inline]] static __m512 real(__m512i word, std::int32_t sign, const Place& p) {
    return avx512vnni::real(value(word, sign, std::integral_constant<signs, signs::of_bits>{}), p);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
