// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/lines.hpp>
#include <equant/kernels/dequantize.hpp>
#include <equant/storage/quantized.hpp>

/// Between a line of contiguous values and a stretch of a packed code stream: 8- and 4-bit integers go straight from
/// the kernel to memory, other widths through a chunk of words.
namespace equant::inline EQUANT_ABI::code_lines {

/// Calls f(words, first, count) on chunks of a line, so that a chunk boundary never splits a byte of the stream.
template <element_format Format, class F>
void in_chunks(index_t n, F&& f) {
  code_word<Format::bits> words[line_chunk];
  for (index_t done = 0; done < n; done += line_chunk) {
    f(static_cast<code_word<Format::bits>*>(words), done, std::min(line_chunk, n - done));
  }
}

/// A grid as the kernels take it: parameters that all blocks share are not stepped.
template <class Map>
line_grid lines_of(const run_grid& grid, const parameters<Map>& p) {
  const index_t zero_point = p.zero_points().size() == 1 ? 0 : grid.parameter_line;
  return {grid.lines, grid.first.count, grid.a_line, grid.b_line, grid.parameter_line, zero_point};
}

/// Writes the codes of n values at `position` of the stream. Lines are written in the order of their positions.
template <class Rules, element_format Format, class T, class Map>
void encode(Rules rules, const Format& format, std::uint8_t* stream, index_t position, const T* x, index_t n,
            run_parameters<Map> p, stores how = stores::cached) {
  if constexpr (integer_format<Format>) {
    const auto straight = [&](auto out) { kernels::quantize(rules, x, n, p, Format::range, out); };
    if constexpr (Format::bits == 8) {
      return stored_by(how, stream + position, straight);
    } else if constexpr (Format::bits == 4) {
      if (position % 2 == 0) return stored_by(how, nibbles<std::uint8_t>{stream + position / 2}, straight);
    }
  }
  in_chunks<Format>(n, [&](code_word<Format::bits>* words, index_t first, index_t count) {
    if constexpr (integer_format<Format>) {
      kernels::quantize(rules, x + first, count, p.from(first), Format::range, words);
    } else {
      kernels::quantize(format, x + first, count, p.from(first), words);
    }
    pack<Format::bits>(stream, position + first, words, count);
  });
}

/// Reads n codes from `position` of the stream as real values.
template <element_format Format, class Map, class T>
void decode(const Format& format, const std::uint8_t* stream, index_t position, index_t n, run_parameters<Map> p,
            T* y, stores how = stores::cached) {
  if constexpr (integer_format<Format>) {
    constexpr std::int32_t sign = sign_bit<Format>;
    const auto straight = [&](auto codes) {
      stored_by(how, y, [&](auto out) { kernels::dequantize(codes, n, p, sign, out); });
    };
    if constexpr (Format::bits == 8) {
      return straight(stream + position);
    } else if constexpr (Format::bits == 4) {
      if (position % 2 == 0) return straight(nibbles<const std::uint8_t>{stream + position / 2});
    }
  }
  in_chunks<Format>(n, [&](code_word<Format::bits>* words, index_t first, index_t count) {
    unpack<Format::bits>(stream, position + first, words, count);
    const code_word<Format::bits>* codes = words;
    if constexpr (integer_format<Format>) {
      kernels::dequantize(codes, count, p.from(first), sign_bit<Format>, y + first);
    } else {
      kernels::dequantize(format, codes, count, p.from(first), y + first);
    }
  });
}

}  // namespace equant::inline EQUANT_ABI::code_lines
