// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx512vnni/stores.hpp>
#include <equant/kernels/avx512vnni/vectors.hpp>
#include <equant/kernels/quantize.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Integer grids from float, 64 codes at a time; everything else is inherited.
template <>
struct quantize_on<isa::avx512vnni> : quantize_on<isa::avxvnni> {
  using base = quantize_on<isa::avxvnni>;
  using base::run;
  static constexpr bool streams = true;

  template <class Rules, avx512vnni::float_map Map>
  [[gnu::always_inline]]
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  std::uint8_t* codes) noexcept {
    if (!line(rules, x, n, p, range, avx512vnni::to_words8<false>{codes})) base::run(rules, x, n, p, range, codes);
  }

  template <class Rules, avx512vnni::float_map Map>
  [[gnu::always_inline]]
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  std::uint16_t* codes) noexcept {
    if (!line(rules, x, n, p, range, avx512vnni::to_words16<false>{codes})) base::run(rules, x, n, p, range, codes);
  }

  template <class Rules, avx512vnni::float_map Map>
  [[gnu::always_inline]]
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  nibbles<std::uint8_t> codes) noexcept {
    if (!line(rules, x, n, p, range, avx512vnni::to_nibbles<false>{codes.bytes})) {
      base::run(rules, x, n, p, range, codes);
    }
  }

  template <class Rules, class T, class Map, class Codes>
  static void run(Rules rules, const T* x, index_t n, run_parameters<Map> p, code_range range,
                  streamed<Codes> codes) noexcept {
    if constexpr (std::same_as<T, float> && avx512vnni::float_map<Map>) {
      if (line(rules, x, n, p, range, avx512vnni::streaming(codes.to))) return;
    }
    run(rules, x, n, p, range, codes.to);
  }

 private:
  /// All of a run; false where its steps are not for vectors.
  template <class Rules, class Map, class Out>
  [[gnu::always_inline]]
  static bool line(Rules, const float* x, index_t n, run_parameters<Map> p, code_range range, Out out) {
    return avx512vnni::with_lanes(p, [&](const auto& lanes) __attribute__((always_inline)) {
      index_t i = some<Rules>(x, 0, out.start(x, n), lanes, range, out);
      if constexpr (avx512vnni::fixed_point<Rules, Map>::applies) {
        if (avx512vnni::fixed_point<Rules, Map>::usable(p, range)) {
          i = by_product<Rules, Map>(x, i, n, lanes, range, out);
        }
      }
      for (; i + 64 <= n; i += 64) exact<Rules>(x, i, lanes, range, out);
      some<Rules>(x, i, n, lanes, range, out);
      out.finish();
    });
  }

  template <class Rules, class Map, class Lanes, class Out>
  [[gnu::always_inline]]
  static index_t by_product(const float* x, index_t i, index_t n, const Lanes& lanes, code_range range, Out out) {
    const avx512vnni::fixed_point<Rules, Map> fast(range);
    const auto each = [&](auto store) __attribute__((always_inline)) {
      for (; i + 64 <= n; i += 64) {
        __m512i least = _mm512_set1_epi32(-1);
        const __m512i a = fast.words(x, i, lanes, least), b = fast.words(x, i + 32, lanes, least);
        if (fast.sure(least)) [[likely]] {
          store(a, b);
        } else {
          exact<Rules>(x, i, lanes, range, out);
        }
      }
    };
    if constexpr (requires { out.saturated(i, __m512i{}, __m512i{}, true); }) {
      if (range == code_range{-128, 127}) {
        each([&](__m512i a, __m512i b) __attribute__((always_inline)) { out.saturated(i, a, b, true); });
      } else if (range == code_range{0, 255}) {
        each([&](__m512i a, __m512i b) __attribute__((always_inline)) { out.saturated(i, a, b, false); });
      }
    }
    each([&](__m512i a, __m512i b) __attribute__((always_inline)) {
      out.store(i, fast.clamped(a), fast.clamped(b));
    });
    return i;
  }

  template <class Rules, class Lanes, class Out>
  static void exact(const float* x, index_t i, const Lanes& lanes, code_range range, Out out) {
    out.store(i, words<Rules>(x, i, lanes, range), words<Rules>(x, i + 32, lanes, range));
  }
  template <class Rules, class Lanes>
  [[gnu::always_inline]] static __m512i words(const float* x, index_t i, const Lanes& lanes, code_range range) {
    const __m512i a = avx512vnni::codes<Rules>(avx512vnni::load(x + i), lanes.at(i), range);
    const __m512i b = avx512vnni::codes<Rules>(avx512vnni::load(x + i + 16), lanes.at(i + 16), range);
    return avx512vnni::low_halves(a, b);
  }

  /// Elements [i, n), sixteen at a time; returns where it stopped.
  template <class Rules, class Lanes, class Out>
  static index_t some(const float* x, index_t i, index_t n, const Lanes& lanes, code_range range, Out out) {
    for (; i < n; i += 16) {
      const __mmask16 mask = avx512vnni::first(n - i);
      out.store(i, avx512vnni::codes<Rules>(avx512vnni::load(x + i, mask), lanes.at(i, mask), range), n - i);
    }
    return n;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
