// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/formats/integer.hpp>
#include <equant/kernels/block_rules.hpp>
#include <equant/kernels/stores.hpp>

/// quantize_blocks: values to codes, a scale and an offset per block, by a rule that gives all of them at once.
///
/// x: n contiguous values, in blocks of `length` (at most 256), of which the last may be shorter. scale[b] and
/// offset[b] are those of block b, before they are stored. Codes leave as words, or as `nibbles`, where n is even.
/// Returns whether all values were finite; where one was not, the results of its block are of unknown value.
namespace equant::inline EQUANT_ABI::kernels {

inline constexpr index_t longest_block = 256;

template <class Isa>
struct quantize_blocks_on : quantize_blocks_on<typename Isa::base> {};

template <>
struct quantize_blocks_on<isa::portable> {
  template <class Rule, class Format>
  static constexpr bool run(Rule rule, const Format& format, index_t length, const float* x, index_t n,
                            code_word<Format::bits>* codes, float* scale, float* offset) noexcept {
    bool finite = true;
    for (index_t i = 0; i < n; i += length, ++scale, ++offset) {
      const index_t m = std::min(length, n - i);
      const bool usable = block_rules::largest_magnitude(x + i, m) <= std::numeric_limits<float>::max();
      finite = finite && usable;
      const block_parameters p = usable ? fit(rule, format, x + i, m, codes + i) : block_parameters{};
      *scale = p.scale;
      *offset = p.offset;
    }
    return finite;
  }

  template <class Rule, class Format>
  static constexpr bool run(Rule rule, const Format& format, index_t length, const float* x, index_t n,
                            nibbles<std::uint8_t> codes, float* scale, float* offset) noexcept {
    bool finite = true;
    std::uint8_t words[longest_block] = {};
    for (index_t i = 0; i < n; i += length, ++scale, ++offset) {
      const index_t m = std::min(length, n - i);
      finite = run(rule, format, length, x + i, m, words, scale, offset) && finite;
      for (index_t k = 0; k < m; k += 2) {
        codes.bytes[(i + k) / 2] = static_cast<std::uint8_t>((words[k] & 15) | words[k + 1] << 4);
      }
    }
    return finite;
  }
};

template <class Isa = isa::native, class... Arguments>
bool quantize_blocks(Arguments... arguments) noexcept {
  return quantize_blocks_on<Isa>::run(arguments...);
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/quantize_blocks.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/quantize_blocks.hpp>
#endif
