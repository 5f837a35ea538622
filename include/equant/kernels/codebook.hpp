// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/formats/level_table.hpp>
#include <equant/kernels/quantize.hpp>

#include <cmath>

/// Codebooks: numbers to the places of their nearest levels, and back.
///
///   find_levels   code[i] = table.encode(x[i] / s)
///   take_levels   y[i] = table.level[code[i]] * s, the product rounded once
///
/// x and y are contiguous; s is stepped by 0 or 1 (see run_parameters). Codes are words, or `nibbles` of 4-bit tables;
/// results may be `streamed`. NaN goes to the code of zero.
namespace equant::inline EQUANT_ABI::kernels {

template <class Isa>
struct find_levels_on : find_levels_on<typename Isa::base> {};

template <>
struct find_levels_on<isa::portable> {
  static constexpr bool streams = false;

  template <int Bits, class T, class Map, class Word>
  static constexpr void run(const level_table<Bits>& table, const T* x, index_t n, run_parameters<Map> p,
                            Word* codes) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      codes[i] = static_cast<Word>(table.encode(static_cast<float>(x[i] / *p.scale)));
    }
  }

  template <class T, class Map>
  static constexpr void run(const level_table<4>& table, const T* x, index_t n, run_parameters<Map> p,
                            nibbles<std::uint8_t> codes) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      const unsigned code = table.encode(static_cast<float>(x[i] / *p.scale));
      std::uint8_t& byte = codes.bytes[i / 2];
      byte = static_cast<std::uint8_t>(i % 2 == 0 ? code : byte | code << 4);
    }
  }
};

template <class Isa>
struct take_levels_on : take_levels_on<typename Isa::base> {};

template <>
struct take_levels_on<isa::portable> {
  static constexpr bool streams = false;

  template <int Bits, class Word, class Map, class T>
  static constexpr void run(const level_table<Bits>& table, const Word* codes, index_t n, run_parameters<Map> p,
                            T* y) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      y[i] = static_cast<T>(table.level[codes[i]]) * static_cast<T>(*p.scale);
    }
  }

  template <class Map, class T>
  static constexpr void run(const level_table<4>& table, nibbles<const std::uint8_t> codes, index_t n,
                            run_parameters<Map> p, T* y) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      const unsigned pair = codes.bytes[i / 2];
      y[i] = static_cast<T>(table.level[i % 2 == 0 ? pair & 15 : pair >> 4]) * static_cast<T>(*p.scale);
    }
  }
};

/// The nodes of a table for numbers that are not divided: x / s > table.node[i], rounded as it is, exactly where
/// x > node[i]. A quotient never falls as x rises, so there is such a float, next to the product. s is positive.
template <int Bits>
void scale_nodes(const level_table<Bits>& table, float s, std::array<float, level_table<Bits>::count>& node) noexcept {
  constexpr float end = std::numeric_limits<float>::infinity();
  for (std::size_t i = 1; i < node.size(); ++i) {
    const float t = table.node[i];
    float x = t * s;
    while (x > -end && x / s > t) x = std::nextafter(x, -end);
    while (x < end && std::nextafter(x, end) / s <= t) x = std::nextafter(x, end);
    node[i] = x;
  }
}

/// Whether a run of n is long enough for its table to be scaled instead of its numbers.
template <int Bits, class Map>
bool worth_scaling(index_t n, run_parameters<Map> p) noexcept {
  return p.scale_step == 0 && *p.scale > 0 && (*p.scale == 1 || n >= index_t{16} << Bits);
}

/// What callers use; at compile time the specification runs.
template <class Isa = isa::native, class... Arguments>
constexpr void find_levels(const Arguments&... arguments) noexcept {
  if (std::is_constant_evaluated()) {
    find_levels_on<isa::portable>::run(stored<false>(arguments)...);
  } else {
    find_levels_on<Isa>::run(stored<find_levels_on<Isa>::streams>(arguments)...);
  }
}
template <class Isa = isa::native, class... Arguments>
constexpr void take_levels(const Arguments&... arguments) noexcept {
  if (std::is_constant_evaluated()) {
    take_levels_on<isa::portable>::run(stored<false>(arguments)...);
  } else {
    take_levels_on<Isa>::run(stored<take_levels_on<Isa>::streams>(arguments)...);
  }
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/codebook.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/codebook.hpp>
#endif
