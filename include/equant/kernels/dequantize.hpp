// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/quantize.hpp>

/// dequantize: codes to real numbers.
///
///   integer grid   y[i] = (value(code[i]) - z) * s, the difference exact, the product rounded once
///   any format     y[i] = format.decode(code[i]) * s
///
/// Codes are words with clear bits above the width, or `nibbles`; `sign` is the format's sign_bit: value(w) =
/// (w ^ sign) - sign. T, the type of y, is the type of the arithmetic.
namespace equant::inline EQUANT_ABI::kernels {

template <class Isa>
struct dequantize_on : dequantize_on<typename Isa::base> {};

template <>
struct dequantize_on<isa::portable> {
  static constexpr bool streams = false;

  template <class Word, class Map, class T>
  static constexpr void run(const Word* codes, index_t n, run_parameters<Map> p, std::int32_t sign,
                            T* y) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      const std::int32_t value = (static_cast<std::int32_t>(codes[i]) ^ sign) - sign;
      y[i] = real_value<T>(value, Map{*p.scale, *p.zero_point});
    }
  }

  template <class Map, class T>
  static constexpr void run(nibbles<const std::uint8_t> codes, index_t n, run_parameters<Map> p,
                            std::int32_t sign, T* y) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      const std::int32_t word = i % 2 == 0 ? codes.bytes[i / 2] & 15 : codes.bytes[i / 2] >> 4;
      y[i] = real_value<T>((word ^ sign) - sign, Map{*p.scale, *p.zero_point});
    }
  }

  template <element_format Format, class Word, class Map, class T>
  static constexpr void run(const Format& format, const Word* codes, index_t n, run_parameters<Map> p,
                            T* y) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      y[i] = static_cast<T>(format.decode(codes[i])) * static_cast<T>(*p.scale);
    }
  }
};

/// What callers use; at compile time the specification runs.
template <class Isa = isa::native, class... Arguments>
constexpr void dequantize(const Arguments&... arguments) noexcept {
  if (std::is_constant_evaluated()) {
    dequantize_on<isa::portable>::run(stored<false>(arguments)...);
  } else {
    dequantize_on<Isa>::run(stored<dequantize_on<Isa>::streams>(arguments)...);
  }
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/dequantize.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/dequantize.hpp>
#endif
#if EQUANT_HAS_NEON
#include <equant/kernels/neon/dequantize.hpp>
#endif

namespace equant::inline EQUANT_ABI::kernels {

/// All lines of a grid, each as dequantize does it; see quantize_lines.
template <class Isa = isa::native, class Word, class Map, class T>
[[gnu::noinline, gnu::flatten]]
void dequantize_lines(const line_grid& grid, const Word* codes, run_parameters<Map> p, std::int32_t sign,
                      T* y) noexcept {
  line_grid rest = grid;
  if constexpr (requires { dequantize_on<Isa>::pairs(grid, codes, p, sign, y); }) {
    if (shared_by_lines(grid, p)) {
      const index_t done = dequantize_on<Isa>::pairs(grid, codes, p, sign, y);
      rest.lines -= done;
      codes += done * grid.in;
      y += done * grid.out;
    }
  }
  for_each_line(rest, p, [&](index_t in, index_t out, run_parameters<Map> q) __attribute__((always_inline)) {
    dequantize_on<Isa>::run(codes + in, grid.n, q, sign, y + out);
  });
}

}  // namespace equant::inline EQUANT_ABI::kernels
