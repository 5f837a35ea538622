// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/vectors.hpp>
#include <equant/kernels/codebook.hpp>

namespace equant::inline EQUANT_ABI::kernels {

namespace avx2 {

/// Eight of the 2^Log floats at `from`: by permutation where there are at most 32, else from memory.
template <int Log>
[[gnu::always_inline]] inline __m256 looked_up(const float* from, __m256i place) {
  if constexpr (Log <= 3) {
    constexpr int count = 1 << Log;
    const __m256i first = _mm256_setr_epi32(-1, count > 1 ? -1 : 0, count > 2 ? -1 : 0, count > 2 ? -1 : 0,
                                            count > 4 ? -1 : 0, count > 4 ? -1 : 0, count > 4 ? -1 : 0,
                                            count > 4 ? -1 : 0);
    return _mm256_permutevar8x32_ps(_mm256_maskload_ps(from, first), place);
  } else if constexpr (Log <= 5) {
    const __m256 low = looked_up<Log - 1>(from, place), high = looked_up<Log - 1>(from + (1 << (Log - 1)), place);
    return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(place, 32 - Log)));
  } else {
    return _mm256_i32gather_ps(from, place, 4);
  }
}

/// The places of eight numbers among the leaves of a tree of nodes.
template <int Bits>
[[gnu::always_inline]] inline __m256i found(const float* node, __m256 x) {
  x = _mm256_and_ps(x, _mm256_cmp_ps(x, x, _CMP_ORD_Q));
  const auto step = [&]<int Depth>(std::integral_constant<int, Depth>, __m256i i) __attribute__((always_inline)) {
    const __m256 t = looked_up<Depth>(node + (1 << Depth), i);
    const __m256i above = _mm256_castps_si256(_mm256_cmp_ps(x, t, _CMP_GT_OQ));
    return _mm256_sub_epi32(_mm256_add_epi32(i, i), above);
  };
  return [&]<int... Depth>(std::integer_sequence<int, Depth...>) __attribute__((always_inline)) {
    __m256i i = _mm256_setzero_si256();
    ((i = step(std::integral_constant<int, Depth>{}, i)), ...);
    return i;
  }(std::make_integer_sequence<int, Bits>{});
}

}  // namespace avx2

/// From float, 32 at a time; everything else is inherited.
template <>
struct find_levels_on<isa::avx2> : find_levels_on<isa::portable> {
  using base = find_levels_on<isa::portable>;
  using base::run;

  template <int Bits, avx2::float_map Map>
  static void run(const level_table<Bits>& table, const float* x, index_t n, run_parameters<Map> p,
                  std::uint8_t* codes) noexcept {
    const index_t done = blocks(table, x, n, p, avx2::to_words8{codes});
    base::run(table, x + done, n - done, p.from(done), codes + done);
  }

  template <avx2::float_map Map>
  static void run(const level_table<4>& table, const float* x, index_t n, run_parameters<Map> p,
                  nibbles<std::uint8_t> codes) noexcept {
    const index_t done = blocks(table, x, n, p, avx2::to_nibbles{codes.bytes});
    base::run(table, x + done, n - done, p.from(done), nibbles<std::uint8_t>{codes.bytes + done / 2});
  }

 private:
  template <int Bits, class Map, class Out>
  static index_t blocks(const level_table<Bits>& table, const float* x, index_t n, run_parameters<Map> p, Out out) {
    if (worth_scaling<Bits>(n, p)) {
      std::array<float, level_table<Bits>::count> node = table.node;
      if (*p.scale != 1) scale_nodes(table, *p.scale, node);
      return loop<Bits>(node.data(), n, out, [&](index_t i) { return _mm256_loadu_ps(x + i); });
    }
    const std::array<float, level_table<Bits>::count> node = table.node;
    if (p.scale_step == 0) {
      const __m256 scale = _mm256_set1_ps(*p.scale);
      return loop<Bits>(node.data(), n, out, [&](index_t i) { return _mm256_div_ps(_mm256_loadu_ps(x + i), scale); });
    }
    if (p.scale_step != 1) return 0;
    return loop<Bits>(node.data(), n, out, [&](index_t i) {
      return _mm256_div_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(p.scale + i));
    });
  }

  template <int Bits, class Out, class Load>
  [[gnu::always_inline]] static index_t loop(const float* node, index_t n, Out out, Load load) {
    index_t i = 0;
    for (; i + 32 <= n; i += 32) {
      out.store(i, avx2::found<Bits>(node, load(i)), avx2::found<Bits>(node, load(i + 8)),
                avx2::found<Bits>(node, load(i + 16)), avx2::found<Bits>(node, load(i + 24)));
    }
    return i;
  }
};

/// To float, 32 at a time; everything else is inherited.
template <>
struct take_levels_on<isa::avx2> : take_levels_on<isa::portable> {
  using base = take_levels_on<isa::portable>;
  using base::run;

  template <int Bits, avx2::float_map Map>
  static void run(const level_table<Bits>& table, const std::uint8_t* codes, index_t n, run_parameters<Map> p,
                  float* y) noexcept {
    const index_t done = blocks(table, n, p, y, [&](index_t i, auto take) __attribute__((always_inline)) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + i));
      take(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    });
    base::run(table, codes + done, n - done, p.from(done), y + done);
  }

  template <avx2::float_map Map>
  static void run(const level_table<4>& table, nibbles<const std::uint8_t> codes, index_t n, run_parameters<Map> p,
                  float* y) noexcept {
    const index_t done = blocks(table, n, p, y, [&](index_t i, auto take) __attribute__((always_inline)) {
      const __m128i pairs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes.bytes + i / 2));
      const __m128i even = _mm_and_si128(pairs, _mm_set1_epi8(15));
      const __m128i odd = _mm_and_si128(_mm_srli_epi16(pairs, 4), _mm_set1_epi8(15));
      take(_mm_unpacklo_epi8(even, odd), _mm_unpackhi_epi8(even, odd));
    });
    base::run(table, nibbles<const std::uint8_t>{codes.bytes + done / 2}, n - done, p.from(done), y + done);
  }

 private:
  /// read(i, take) hands the 32 codes from i on to take(first sixteen bytes, second sixteen).
  template <int Bits, class Map, class Read>
  static index_t blocks(const level_table<Bits>& table, index_t n, run_parameters<Map> p, float* y, Read read) {
    if (p.scale_step != 0 && p.scale_step != 1) return 0;
    const auto eight = [&](index_t i, __m128i bytes) __attribute__((always_inline)) {
      const __m256 level = avx2::looked_up<Bits>(table.level.data(), _mm256_cvtepu8_epi32(bytes));
      const __m256 scale = p.scale_step == 0 ? _mm256_set1_ps(*p.scale) : _mm256_loadu_ps(p.scale + i);
      _mm256_storeu_ps(y + i, _mm256_mul_ps(level, scale));
    };
    index_t i = 0;
    for (; i + 32 <= n; i += 32) {
      read(i, [&](__m128i first, __m128i second) __attribute__((always_inline)) {
        eight(i, first);
        eight(i + 8, _mm_unpackhi_epi64(first, first));
        eight(i + 16, second);
        eight(i + 24, _mm_unpackhi_epi64(second, second));
      });
    }
    return i;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
