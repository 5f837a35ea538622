// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx512vnni/stores.hpp>
#include <equant/kernels/codebook.hpp>

namespace equant::inline EQUANT_ABI::kernels {

namespace avx512vnni {

/// 2^Log floats in registers, sixteen to each, looked up by permutation.
template <int Log>
struct floats {
  __m512 part[Log <= 4 ? 1 : 1 << (Log - 4)];

  [[gnu::always_inline]] explicit floats(const float* from) {
    for (int i = 0; i < (Log <= 4 ? 1 : 1 << (Log - 4)); ++i) part[i] = load(from + 16 * i, first(index_t{1} << Log));
  }
  [[gnu::always_inline]] __m512 at(__m512i place) const {
    if constexpr (Log <= 4) {
      return _mm512_maskz_permutexvar_ps(all, place, part[0]);
    } else {
      return among<Log>(place, 0);
    }
  }

 private:
  template <int Some>
  [[gnu::always_inline]] __m512 among(__m512i place, int from) const {
    if constexpr (Some == 5) {
      return _mm512_permutex2var_ps(part[from], place, part[from + 1]);
    } else {
      const __mmask16 high = _mm512_test_epi32_mask(place, _mm512_set1_epi32(1 << (Some - 1)));
      return _mm512_mask_mov_ps(among<Some - 1>(place, from), high, among<Some - 1>(place, from + (1 << (Some - 5))));
    }
  }
};

/// A tree of nodes in registers, a depth after the other.
template <int Bits>
struct tree : tree<Bits - 1> {
  floats<Bits - 1> depth;

  [[gnu::always_inline]] explicit tree(const float* node) : tree<Bits - 1>(node), depth(node + (1 << (Bits - 1))) {}
  /// The places of sixteen numbers, none of them NaN, among its leaves.
  [[gnu::always_inline]] __m512i found(__m512 x) const {
    const __m512i i = tree<Bits - 1>::found(x), twice = _mm512_add_epi32(i, i);
    return _mm512_mask_add_epi32(twice, _mm512_cmp_ps_mask(x, depth.at(i), _CMP_GT_OQ), twice, _mm512_set1_epi32(1));
  }
};
template <>
struct tree<0> {
  [[gnu::always_inline]] explicit tree(const float*) {}
  [[gnu::always_inline]] __m512i found(__m512) const { return _mm512_setzero_si512(); }
};

}  // namespace avx512vnni

/// From float, 64 at a time; everything else is inherited.
template <>
struct find_levels_on<isa::avx512vnni> : find_levels_on<isa::avxvnni> {
  using base = find_levels_on<isa::avxvnni>;
  using base::run;
  static constexpr bool streams = true;

  template <int Bits, avx512vnni::float_map Map>
  static void run(const level_table<Bits>& table, const float* x, index_t n, run_parameters<Map> p,
                  std::uint8_t* codes) noexcept {
    if (!line(table, x, n, p, avx512vnni::to_words8<false>{codes})) base::run(table, x, n, p, codes);
  }

  template <avx512vnni::float_map Map>
  static void run(const level_table<4>& table, const float* x, index_t n, run_parameters<Map> p,
                  nibbles<std::uint8_t> codes) noexcept {
    if (!line(table, x, n, p, avx512vnni::to_nibbles<false>{codes.bytes})) base::run(table, x, n, p, codes);
  }

  template <int Bits, class T, class Map, class Codes>
  static void run(const level_table<Bits>& table, const T* x, index_t n, run_parameters<Map> p,
                  streamed<Codes> codes) noexcept {
    if constexpr (std::same_as<T, float> && avx512vnni::float_map<Map>) {
      if (line(table, x, n, p, avx512vnni::streaming(codes.to))) return;
    }
    run(table, x, n, p, codes.to);
  }

 private:
  /// All of a run; false where its steps are not for vectors.
  template <int Bits, class Map, class Out>
  static bool line(const level_table<Bits>& table, const float* x, index_t n, run_parameters<Map> p, Out out) {
    using avx512vnni::load;
    if (worth_scaling<Bits>(n, p)) {
      std::array<float, level_table<Bits>::count> node = table.node;
      if (*p.scale != 1) scale_nodes(table, *p.scale, node);
      loop<Bits>(node.data(), x, n, out, [&](index_t i, __mmask16 mask) { return load(x + i, mask); });
    } else if (p.scale_step == 0) {
      const __m512 scale = _mm512_set1_ps(*p.scale);
      loop<Bits>(table.node.data(), x, n, out,
                 [&](index_t i, __mmask16 mask) { return _mm512_div_ps(load(x + i, mask), scale); });
    } else if (p.scale_step == 1) {
      loop<Bits>(table.node.data(), x, n, out, [&](index_t i, __mmask16 mask) {
        return _mm512_div_ps(load(x + i, mask), load(p.scale + i, mask));
      });
    } else {
      return false;
    }
    return true;
  }

  template <int Bits, class Out, class Quotient>
  [[gnu::always_inline]]
  static void loop(const float* node, const float* x, index_t n, Out out, Quotient quotient) {
    const avx512vnni::tree<Bits> tree(node);
    const auto found = [&](index_t i, __mmask16 mask) __attribute__((always_inline)) {
      const __m512 v = quotient(i, mask);
      return tree.found(_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, v, _CMP_ORD_Q), v));
    };
    const auto words = [&](index_t i) __attribute__((always_inline)) {
      return avx512vnni::low_halves(found(i, avx512vnni::all), found(i + 16, avx512vnni::all));
    };
    const auto some = [&](index_t i, index_t end) __attribute__((always_inline)) {
      for (; i < end; i += 16) out.store(i, found(i, avx512vnni::first(end - i)), end - i);
    };
    index_t i = out.start(x, n);
    some(0, i);
    for (; i + 64 <= n; i += 64) out.store(i, words(i), words(i + 32));
    some(i, n);
    out.finish();
  }
};

/// To float; everything else is inherited.
template <>
struct take_levels_on<isa::avx512vnni> : take_levels_on<isa::avxvnni> {
  using base = take_levels_on<isa::avxvnni>;
  using base::run;
  static constexpr bool streams = true;

  template <int Bits, avx512vnni::float_map Map>
  static void run(const level_table<Bits>& table, const std::uint8_t* codes, index_t n, run_parameters<Map> p,
                  float* y) noexcept {
    if (!line(table, codes, n, p, avx512vnni::to_floats<false>{y})) base::run(table, codes, n, p, y);
  }

  template <avx512vnni::float_map Map>
  static void run(const level_table<4>& table, nibbles<const std::uint8_t> codes, index_t n, run_parameters<Map> p,
                  float* y) noexcept {
    if (!line(table, codes, n, p, avx512vnni::to_floats<false>{y})) base::run(table, codes, n, p, y);
  }

  template <int Bits, class Codes, class Map, class T>
  static void run(const level_table<Bits>& table, Codes codes, index_t n, run_parameters<Map> p,
                  streamed<T*> y) noexcept {
    if constexpr (std::same_as<T, float> && avx512vnni::float_map<Map>) {
      const avx512vnni::to_floats<true> out{y.to};
      const bool within = !std::is_pointer_v<Codes> && out.start(n) % 2 != 0;  // a line would begin within a byte
      if (!within && line(table, codes, n, p, out)) return;
    }
    run(table, codes, n, p, y.to);
  }

 private:
  template <int Bits, class Codes, class Map, class Out>
  static bool line(const level_table<Bits>& table, Codes codes, index_t n, run_parameters<Map> p, Out out) {
    if (p.scale_step != 0 && p.scale_step != 1) return false;
    const avx512vnni::floats<Bits> level(table.level.data());
    const __m512 shared = _mm512_set1_ps(p.scale_step == 0 ? *p.scale : 1);  // no values: perhaps no scale
    const auto real = [&](index_t i, __m128i bytes, __mmask16 mask) __attribute__((always_inline)) {
      const __m512 scale = p.scale_step == 0 ? shared : avx512vnni::load(p.scale + i, mask);
      return _mm512_mul_ps(level.at(_mm512_maskz_cvtepu8_epi32(avx512vnni::all, bytes)), scale);
    };
    const auto some = [&](index_t i, index_t end) __attribute__((always_inline)) {
      for (; i < end; i += 16) {
        const __mmask16 mask = avx512vnni::first(end - i);
        out.store(i, real(i, bytes_of(codes, i, std::min(end - i, index_t{16})), mask), mask);
      }
    };
    index_t i = out.start(n) & (std::is_pointer_v<Codes> ? -1 : -2);
    some(0, i);
    for (; i + 32 <= n; i += 32) {
      const auto [a, b] = bytes_of(codes, i);
      out.store(i, real(i, a, avx512vnni::all));
      out.store(i + 16, real(i + 16, b, avx512vnni::all));
    }
    some(i, n);
    out.finish();
    return true;
  }

  struct two {
    __m128i first, second;
  };
  [[gnu::always_inline]] static two bytes_of(const std::uint8_t* codes, index_t i) {
    const __m128i* from = reinterpret_cast<const __m128i*>(codes + i);
    return {_mm_loadu_si128(from), _mm_loadu_si128(from + 1)};
  }
  [[gnu::always_inline]] static two bytes_of(nibbles<const std::uint8_t> codes, index_t i) {
    const __m128i pairs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes.bytes + i / 2));
    const __m128i even = _mm_and_si128(pairs, _mm_set1_epi8(15));
    const __m128i odd = _mm_and_si128(_mm_srli_epi16(pairs, 4), _mm_set1_epi8(15));
    return {_mm_unpacklo_epi8(even, odd), _mm_unpackhi_epi8(even, odd)};
  }
  /// The n codes from i on, at most sixteen.
  [[gnu::always_inline]] static __m128i bytes_of(const std::uint8_t* codes, index_t i, index_t n) {
    return _mm_maskz_loadu_epi8(avx512vnni::first(n), codes + i);
  }
  [[gnu::always_inline]] static __m128i bytes_of(nibbles<const std::uint8_t> codes, index_t i, index_t n) {
    const __m128i pairs = _mm_maskz_loadu_epi8(avx512vnni::first((n + 1) / 2), codes.bytes + i / 2);
    const __m128i spread = _mm_unpacklo_epi8(pairs, _mm_srli_epi16(pairs, 4));
    return _mm_and_si128(spread, _mm_set1_epi8(15));
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
