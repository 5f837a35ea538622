// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/block_rules.hpp>
#include <equant/storage/quantized_blocks.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

/// What stored blocks stand for: value = scale * format.decode(code) - offset, down to the innermost parameters.
namespace equant::inline EQUANT_ABI::block_values {

/// How many values are decoded at a time.
inline constexpr index_t chunk = 256;

/// The level of a code; those of formats of a byte and less, which take some work to decode, from a table.
template <class Format>
float level(code_word<Format::bits> code) {
  if constexpr (Format::bits <= 8 && !integer_format<Format> && std::is_empty_v<Format>) {
    static constexpr auto table = [] {
      std::array<float, std::size_t{1} << Format::bits> levels{};
      for (std::size_t i = 0; i < levels.size(); ++i) {
        levels[i] = static_cast<float>(Format{}.decode(static_cast<code_word<Format::bits>>(i)));
      }
      return levels;
    }();
    return table[code];
  } else {
    return static_cast<float>(Format{}.decode(code));
  }
}

inline void decode(const stored<raw<>>& q, index_t line, index_t first, index_t n, float* y) {
  std::copy_n(q.values() + line * q.size().length + first, n, y);
}

template <class F>
void decode(const stored<cast<F>>& q, index_t line, index_t first, index_t n, float* y) {
  using format = typename cast<F>::format_type;
  code_word<format::bits> words[chunk];
  for (index_t done = 0; done < n; done += chunk) {
    const index_t m = std::min(chunk, n - done);
    q.get(line, first + done, words, m);
    for (index_t i = 0; i < m; ++i) y[done + i] = level<format>(words[i]);
  }
}

/// The values of a block of one scale and offset. A product with an offset after it is taken in double, where it is
/// exact, so that the sum is the same on machines that fuse the two.
template <class Format, bool HasOffset>
void decode_block(const code_word<Format::bits>* words, index_t n, float scale, float offset, float* y) {
  for (index_t i = 0; i < n; ++i) {
    const float x = level<Format>(words[i]);
    if constexpr (HasOffset) {
      y[i] = static_cast<float>(static_cast<double>(scale) * static_cast<double>(x) - static_cast<double>(offset));
    } else {
      y[i] = scale * x;
    }
  }
}

template <class Format, class Scale, index_t Length, class Offset, class Rule>
void decode(const stored<block<Format, Scale, Length, Offset, Rule>>& q, index_t line, index_t first, index_t n,
            float* y) {
  using scheme = block<Format, Scale, Length, Offset, Rule>;
  constexpr index_t span = Length == whole ? std::numeric_limits<index_t>::max() : Length;
  code_word<Format::bits> words[chunk];
  float scale[chunk], offset[chunk] = {};
  for (index_t done = 0; done < n; done += chunk) {
    const index_t from = first + done, m = std::min(chunk, n - done), b = from / span;
    const index_t blocks = (from + m - 1) / span - b + 1, row = Length == whole ? 0 : line;
    decode(q.scales(), row, b, blocks, scale);
    if constexpr (scheme::has_offset) decode(q.offsets(), row, b, blocks, offset);
    q.get(line, from, words, m);
    for (index_t k = 0, at = 0; k < blocks; ++k) {
      const index_t end = k + 1 == blocks ? m : (b + k + 1) * span - from;
      decode_block<Format, scheme::has_offset>(words + at, end - at, scale[k], offset[k], y + done + at);
      at = end;
    }
  }
}

/// One value, wherever it lies.
inline float value(const stored<no_offset>&, index_t, index_t) { return 0; }
inline float value(const stored<raw<>>& q, index_t line, index_t i) { return q.values()[line * q.size().length + i]; }
template <class F>
float value(const stored<cast<F>>& q, index_t line, index_t i) {
  return level<typename cast<F>::format_type>(q.code(line, i));
}
template <class Format, class Scale, index_t Length, class Offset, class Rule>
float value(const stored<block<Format, Scale, Length, Offset, Rule>>& q, index_t line, index_t i);

/// The scale and the offset of value i of a line.
template <class Format, class Scale, index_t Length, class Offset, class Rule>
kernels::block_parameters parameters_of(const stored<block<Format, Scale, Length, Offset, Rule>>& q, index_t line,
                                        index_t i) {
  const index_t row = Length == whole ? 0 : line, b = Length == whole ? 0 : i / Length;
  return {value(q.scales(), row, b), value(q.offsets(), row, b)};
}

template <class Format, class Scale, index_t Length, class Offset, class Rule>
float value(const stored<block<Format, Scale, Length, Offset, Rule>>& q, index_t line, index_t i) {
  const kernels::block_parameters p = parameters_of(q, line, i);
  const auto code = q.code(line, i);
  float y = 0;
  decode_block<Format, !std::same_as<Offset, no_offset>>(&code, 1, p.scale, p.offset, &y);
  return y;
}

}  // namespace equant::inline EQUANT_ABI::block_values
