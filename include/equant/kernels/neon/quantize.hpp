// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/neon/vectors.hpp>
#include <equant/kernels/quantize.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Integer grids from float, 16 codes at a time; everything else is inherited.
template <>
struct quantize_on<isa::neon> : quantize_on<isa::portable> {
  using base = quantize_on<isa::portable>;
  using base::run;

  template <class Rules, neon::float_map Map>
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  std::uint8_t* codes) noexcept {
    const index_t done = blocks<Rules>(x, n, p, range, neon::to_words8{codes});
    base::run(rules, x + done, n - done, p.from(done), range, codes + done);
  }

  template <class Rules, neon::float_map Map>
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  std::uint16_t* codes) noexcept {
    const index_t done = blocks<Rules>(x, n, p, range, neon::to_words16{codes});
    base::run(rules, x + done, n - done, p.from(done), range, codes + done);
  }

  template <class Rules, neon::float_map Map>
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  nibbles<std::uint8_t> codes) noexcept {
    const index_t done = blocks<Rules>(x, n, p, range, neon::to_nibbles{codes.bytes});
    base::run(rules, x + done, n - done, p.from(done), range, nibbles<std::uint8_t>{codes.bytes + done / 2});
  }

 private:
  /// Whole blocks of 16; returns how many codes that were.
  template <class Rules, class Map, class Out>
  static index_t blocks(const float* x, index_t n, run_parameters<Map> p, code_range range, Out out) {
    return neon::with_lanes(p, [&](const auto& lanes) {
      index_t i = 0;
      for (; i + 16 <= n; i += 16) {
        out.store(i, neon::codes<Rules>(x, i, lanes, range), neon::codes<Rules>(x, i + 4, lanes, range),
                  neon::codes<Rules>(x, i + 8, lanes, range), neon::codes<Rules>(x, i + 12, lanes, range));
      }
      return i;
    });
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
