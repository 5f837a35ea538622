// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/lines.hpp>
#include <equant/kernels/codebook.hpp>
#include <equant/kernels/dequantize.hpp>
#include <equant/storage/quantized.hpp>

/// Between a line of contiguous values and a stretch of a packed code stream: 8- and 4-bit integers and codebooks go
/// straight from the kernel to memory, other widths through a chunk of words.
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

/// The kernel for a format's codes, of any way out.
template <class Rules, element_format Format, class T, class Map, class Out>
void encode_words(Rules rules, const Format& format, const T* x, index_t n, run_parameters<Map> p, Out codes) {
  if constexpr (integer_format<Format>) {
    kernels::quantize(rules, x, n, p, Format::range, codes);
  } else if constexpr (table_format<Format>) {
    kernels::find_levels(format.table(), x, n, p, codes);
  } else {
    kernels::quantize(format, x, n, p, codes);
  }
}
template <element_format Format, class Codes, class Map, class Out>
void decode_words(const Format& format, Codes codes, index_t n, run_parameters<Map> p, Out y) {
  if constexpr (integer_format<Format>) {
    kernels::dequantize(codes, n, p, sign_bit<Format>, y);
  } else if constexpr (table_format<Format>) {
    kernels::take_levels(format.table(), codes, n, p, y);
  } else {
    kernels::dequantize(format, codes, n, p, y);
  }
}

/// Whether the kernels of a format know bytes and nibbles of the stream.
template <element_format Format>
inline constexpr bool straight_to_stream = integer_format<Format> || table_format<Format>;

/// Writes the codes of n values at `position` of the stream. Lines are written in the order of their positions.
template <class Rules, element_format Format, class T, class Map>
void encode(Rules rules, const Format& format, std::uint8_t* stream, index_t position, const T* x, index_t n,
            run_parameters<Map> p, stores how = stores::cached) {
  if constexpr (straight_to_stream<Format>) {
    const auto straight = [&](auto out) { encode_words(rules, format, x, n, p, out); };
    if constexpr (Format::bits == 8) {
      return stored_by(how, stream + position, straight);
    } else if constexpr (Format::bits == 4) {
      if (position % 2 == 0) return stored_by(how, nibbles<std::uint8_t>{stream + position / 2}, straight);
    }
  }
  in_chunks<Format>(n, [&](code_word<Format::bits>* words, index_t first, index_t count) {
    encode_words(rules, format, x + first, count, p.from(first), words);
    pack<Format::bits>(stream, position + first, words, count);
  });
}

/// Reads n codes from `position` of the stream as real values.
template <element_format Format, class Map, class T>
void decode(const Format& format, const std::uint8_t* stream, index_t position, index_t n, run_parameters<Map> p,
            T* y, stores how = stores::cached) {
  if constexpr (straight_to_stream<Format>) {
    const auto straight = [&](auto codes) {
      stored_by(how, y, [&](auto out) { decode_words(format, codes, n, p, out); });
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
    decode_words(format, codes, count, p.from(first), y + first);
  });
}

}  // namespace equant::inline EQUANT_ABI::code_lines
