// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/arithmetic.hpp>
#include <equant/core/format.hpp>
#include <equant/kernels/line_grid.hpp>
#include <equant/kernels/stores.hpp>

/// quantize: real numbers to codes.
///
///   integer grid   code[i] = clamp(round(x[i] / s) + z, lowest, highest), in the arithmetic `Rules`
///   any format     code[i] = format.encode(x[i] / s)
///
/// x is contiguous; s and z are stepped by 0 or 1 (see run_parameters). Codes leave as words, the integer in two's
/// complement (packing drops what exceeds the width), or as `nibbles`, two to a byte; either may be `streamed`. NaN
/// goes to the code of zero.
namespace equant::inline EQUANT_ABI::kernels {

template <class Isa>
struct quantize_on : quantize_on<typename Isa::base> {};

template <>
struct quantize_on<isa::portable> {
  static constexpr bool streams = false;

  template <class Rules, class T, class Map, class Word>
  static constexpr void run(Rules, const T* x, index_t n, run_parameters<Map> p, code_range range,
                            Word* codes) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      codes[i] = static_cast<Word>(Rules::code(x[i], Map{*p.scale, *p.zero_point}, range));
    }
  }

  template <class Rules, class T, class Map>
  static constexpr void run(Rules, const T* x, index_t n, run_parameters<Map> p, code_range range,
                            nibbles<std::uint8_t> codes) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      const auto code = static_cast<unsigned>(Rules::code(x[i], Map{*p.scale, *p.zero_point}, range)) & 15u;
      std::uint8_t& byte = codes.bytes[i / 2];
      byte = static_cast<std::uint8_t>(i % 2 == 0 ? code : byte | code << 4);
    }
  }

  template <element_format Format, class T, class Map, class Word>
  static constexpr void run(const Format& format, const T* x, index_t n, run_parameters<Map> p,
                            Word* codes) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      codes[i] = format.encode(static_cast<float>(x[i] / *p.scale));
    }
  }
};

/// What callers use; at compile time the specification runs.
template <class Isa = isa::native, class... Arguments>
constexpr void quantize(const Arguments&... arguments) noexcept {
  if (std::is_constant_evaluated()) {
    quantize_on<isa::portable>::run(stored<false>(arguments)...);
  } else {
    quantize_on<Isa>::run(stored<quantize_on<Isa>::streams>(arguments)...);
  }
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/quantize.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/quantize.hpp>
#endif
#if EQUANT_HAS_NEON
#include <equant/kernels/neon/quantize.hpp>
#endif

namespace equant::inline EQUANT_ABI::kernels {

/// All lines of a grid, each as quantize does it. Not inlined itself, so that all of a line is inlined into its loop.
template <class Isa = isa::native, class Rules, class T, class Map, class Word>
[[gnu::noinline, gnu::flatten]]
void quantize_lines(Rules rules, const line_grid& grid, const T* x, run_parameters<Map> p, code_range range,
                    Word* codes) noexcept {
  for_each_line(grid, p, [&](index_t in, index_t out, run_parameters<Map> q) __attribute__((always_inline)) {
    quantize_on<Isa>::run(rules, x + in, grid.n, q, range, codes + out);
  });
}

}  // namespace equant::inline EQUANT_ABI::kernels
