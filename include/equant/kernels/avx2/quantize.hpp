// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/vectors.hpp>
#include <equant/kernels/quantize.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Integer grids from float, 32 codes at a time; everything else is inherited.
template <>
struct quantize_on<isa::avx2> : quantize_on<isa::portable> {
  using base = quantize_on<isa::portable>;
  using base::run;

  template <class Rules, avx2::float_map Map>
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  std::uint8_t* codes) noexcept {
    const index_t done = blocks<Rules>(x, n, p, range, avx2::to_words8{codes});
    base::run(rules, x + done, n - done, p.from(done), range, codes + done);
  }

  template <class Rules, avx2::float_map Map>
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  std::uint16_t* codes) noexcept {
    const index_t done = blocks<Rules>(x, n, p, range, avx2::to_words16{codes});
    base::run(rules, x + done, n - done, p.from(done), range, codes + done);
  }

  template <class Rules, avx2::float_map Map>
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  nibbles<std::uint8_t> codes) noexcept {
    const index_t done = blocks<Rules>(x, n, p, range, avx2::to_nibbles{codes.bytes});
    base::run(rules, x + done, n - done, p.from(done), range, nibbles<std::uint8_t>{codes.bytes + done / 2});
  }

 private:
  /// Whole blocks of 32; returns how many codes that were.
  template <class Rules, class Map, class Out>
  static index_t blocks(const float* x, index_t n, run_parameters<Map> p, code_range range, Out out) {
    return avx2::with_lanes(p, [&](const auto& lanes) {
      if constexpr (avx2::fixed_point<Rules, Map>::applies) {
        if (avx2::fixed_point<Rules, Map>::usable(p, range)) return by_product<Rules, Map>(x, n, lanes, range, out);
      }
      index_t i = 0;
      for (; i + 32 <= n; i += 32) exact<Rules>(x, i, lanes, range, out);
      return i;
    });
  }

  template <class Rules, class Map, class Lanes, class Out>
  static index_t by_product(const float* x, index_t n, Lanes lanes, code_range range, Out out) {
    const avx2::fixed_point<Rules, Map> fast(range);
    index_t i = 0;
    for (; i + 32 <= n; i += 32) {
      __m256i least = _mm256_set1_epi32(-1);
      const __m256i a = fast.codes(_mm256_loadu_ps(x + i), lanes.at(i), least);
      const __m256i b = fast.codes(_mm256_loadu_ps(x + i + 8), lanes.at(i + 8), least);
      const __m256i c = fast.codes(_mm256_loadu_ps(x + i + 16), lanes.at(i + 16), least);
      const __m256i d = fast.codes(_mm256_loadu_ps(x + i + 24), lanes.at(i + 24), least);
      if (fast.sure(least)) [[likely]] {
        out.store(i, a, b, c, d);
      } else {
        exact<Rules>(x, i, lanes, range, out);
      }
    }
    return i;
  }

  template <class Rules, class Lanes, class Out>
  static void exact(const float* x, index_t i, const Lanes& lanes, code_range range, Out out) {
    const __m256i a = avx2::codes<Rules>(_mm256_loadu_ps(x + i), lanes.at(i), range);
    const __m256i b = avx2::codes<Rules>(_mm256_loadu_ps(x + i + 8), lanes.at(i + 8), range);
    const __m256i c = avx2::codes<Rules>(_mm256_loadu_ps(x + i + 16), lanes.at(i + 16), range);
    const __m256i d = avx2::codes<Rules>(_mm256_loadu_ps(x + i + 24), lanes.at(i + 24), range);
    out.store(i, a, b, c, d);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
