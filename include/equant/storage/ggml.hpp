// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/storage/block_schemes.hpp>
#include <equant/storage/quantized_blocks.hpp>

#include <span>

/// The byte layouts of ggml's blocks, as GGUF files hold them: `to_bytes(q)` and `from_bytes<q4_k>(bytes, sizes)`.
/// Lines must be a multiple of ggml's block long.
namespace equant::inline EQUANT_ABI {

namespace ggml {

/// Where some bits of a number lie in a block: `bits` of them, from `shift` of `byte` on; a number of more than 8 bits
/// goes on in the next byte.
struct piece {
  int byte, shift, bits;
};

/// A number, of one piece or of two, the low bits first. What is stored is the code plus `excess`, modulo its width.
struct place {
  piece low, high{0, 0, 0};
  unsigned excess = 0;
};

inline std::uint32_t bits_at(const std::uint8_t* block, piece p) {
  std::uint32_t word = block[p.byte];
  if (p.shift + p.bits > 8) word |= std::uint32_t{block[p.byte + 1]} << 8;
  return (word >> p.shift) & ((1u << p.bits) - 1);
}
inline void set_bits(std::uint8_t* block, piece p, std::uint32_t value) {
  for (int bit = 0; bit < p.bits; ++bit) {
    const int at = p.shift + bit;
    block[p.byte + at / 8] = static_cast<std::uint8_t>(block[p.byte + at / 8] | ((value >> bit & 1u) << at % 8));
  }
}
inline std::uint32_t read(const std::uint8_t* block, const place& p) {
  const std::uint32_t word = bits_at(block, p.low) | bits_at(block, p.high) << p.low.bits;
  return (word - p.excess) & ((1u << (p.low.bits + p.high.bits)) - 1);
}
inline void write(std::uint8_t* block, const place& p, std::uint32_t code) {
  const std::uint32_t word = code + p.excess;
  set_bits(block, p.low, word);
  set_bits(block, p.high, word >> p.low.bits);
}

/// A layout says how many values and bytes a block has, and where it keeps code i, scale i and offset i; where these
/// are codes themselves, also the scale of the scales and of the offsets.
template <class Scheme>
struct layout;

/// Nibbles of 32 values, the second half above the first.
constexpr piece nibble(int byte, int i) { return {byte + i % 16, i / 16 * 4, 4}; }
constexpr place half(int byte, unsigned excess = 0) { return {{byte, 0, 16}, {0, 0, 0}, excess}; }
/// ggml adds its offsets, equant subtracts them.
inline constexpr unsigned sign_of_half = 0x8000;
/// Two bits of 128 values in 32 bytes.
constexpr piece crumb(int byte, int i) { return {byte + 32 * (i / 128) + i % 32, 2 * (i % 128 / 32), 2}; }

template <>
struct layout<q4_0> {
  static constexpr int values = 32, bytes = 18;
  static constexpr place code(int i) { return {nibble(2, i), {0, 0, 0}, 8}; }
  static constexpr place scale(int) { return half(0); }
};
template <>
struct layout<q4_1> {
  static constexpr int values = 32, bytes = 20;
  static constexpr place code(int i) { return {nibble(4, i)}; }
  static constexpr place scale(int) { return half(0); }
  static constexpr place offset(int) { return half(2, sign_of_half); }
};
template <>
struct layout<q5_0> {
  static constexpr int values = 32, bytes = 22;
  static constexpr place code(int i) { return {nibble(6, i), {2 + i / 8, i % 8, 1}, 16}; }
  static constexpr place scale(int) { return half(0); }
};
template <>
struct layout<q5_1> {
  static constexpr int values = 32, bytes = 24;
  static constexpr place code(int i) { return {nibble(8, i), {4 + i / 8, i % 8, 1}}; }
  static constexpr place scale(int) { return half(0); }
  static constexpr place offset(int) { return half(2, sign_of_half); }
};
template <>
struct layout<q8_0> {
  static constexpr int values = 32, bytes = 34;
  static constexpr place code(int i) { return {{2 + i, 0, 8}}; }
  static constexpr place scale(int) { return half(0); }
};
template <>
struct layout<iq4_nl> {
  static constexpr int values = 32, bytes = 18;
  static constexpr place code(int i) { return {nibble(2, i)}; }
  static constexpr place scale(int) { return half(0); }
};
template <>
struct layout<mxfp4> {
  static constexpr int values = 32, bytes = 17;
  static constexpr place code(int i) { return {nibble(1, i)}; }
  static constexpr place scale(int) { return {{0, 0, 8}}; }
};
/// Four scales and no float per tensor: that of the result is 1, and another cannot be written.
template <>
struct layout<nvfp4> {
  static constexpr int values = 64, bytes = 36;
  static constexpr place code(int i) { return {{4 + i / 16 * 8 + i % 8, i % 16 / 8 * 4, 4}}; }
  static constexpr place scale(int i) { return {{i, 0, 8}}; }
};
template <>
struct layout<tq2_0> {
  static constexpr int values = 256, bytes = 66;
  static constexpr place code(int i) { return {crumb(0, i), {0, 0, 0}, 1}; }
  static constexpr place scale(int) { return half(64); }
};
template <>
struct layout<iq4_xs> {
  static constexpr int values = 256, bytes = 136;
  static constexpr place code(int i) { return {nibble(8 + i / 32 * 16, i % 32)}; }
  static constexpr place scale(int i) { return {{4 + i / 2, i % 2 * 4, 4}, {2 + i / 4, i % 4 * 2, 2}, 32}; }
  static constexpr place scale_of_scales() { return half(0); }
};
template <>
struct layout<q2_k> {
  static constexpr int values = 256, bytes = 84;
  static constexpr place code(int i) { return {crumb(16, i)}; }
  static constexpr place scale(int i) { return {{i, 0, 4}}; }
  static constexpr place offset(int i) { return {{i, 4, 4}}; }
  static constexpr place scale_of_scales() { return half(80); }
  static constexpr place scale_of_offsets() { return half(82); }
};
template <>
struct layout<q3_k> {
  static constexpr int values = 256, bytes = 110;
  static constexpr place code(int i) { return {crumb(32, i), {i % 32, i / 32, 1}, 4}; }
  static constexpr place scale(int i) { return {{96 + i % 8, i / 8 * 4, 4}, {104 + i % 4, i / 4 * 2, 2}, 32}; }
  static constexpr place scale_of_scales() { return half(108); }
};
/// The 6-bit scales and offsets of Q4_K and Q5_K, in 12 bytes from the fourth.
struct scales_6_bit {
  static constexpr place scale(int i) {
    return i < 4 ? place{{4 + i, 0, 6}} : place{{8 + i, 0, 4}, {i, 6, 2}};
  }
  static constexpr place offset(int i) {
    return i < 4 ? place{{8 + i, 0, 6}} : place{{8 + i, 4, 4}, {4 + i, 6, 2}};
  }
  static constexpr place scale_of_scales() { return half(0); }
  static constexpr place scale_of_offsets() { return half(2); }
};
template <>
struct layout<q4_k> : scales_6_bit {
  static constexpr int values = 256, bytes = 144;
  static constexpr place code(int i) { return {{16 + i / 64 * 32 + i % 32, i % 64 / 32 * 4, 4}}; }
};
template <>
struct layout<q5_k> : scales_6_bit {
  static constexpr int values = 256, bytes = 176;
  static constexpr place code(int i) {
    return {{48 + i / 64 * 32 + i % 32, i % 64 / 32 * 4, 4}, {16 + i % 32, i / 32, 1}};
  }
};
template <>
struct layout<q6_k> {
  static constexpr int values = 256, bytes = 210;
  static constexpr place code(int i) {
    return {{64 * (i / 128) + i % 64, i % 128 / 64 * 4, 4}, crumb(128, i), 32};
  }
  static constexpr place scale(int i) { return {{192 + i, 0, 8}}; }
  static constexpr place scale_of_scales() { return half(208); }
};

/// Schemes ggml has bytes for.
template <class Scheme>
concept known = block_scheme<Scheme> && requires { layout<Scheme>::bytes; };

template <class Scheme>
index_t blocks_per_line(const line_table& t) {
  constexpr index_t values = layout<Scheme>::values;
  if (t.length % values != 0) {
    contract::invalid_argument("lines of ", t.length, " values are no multiple of ggml's block of ", values);
  }
  return t.length / values;
}

/// Calls f(node, line, position in the line, place) on every code of block b of a line.
template <class Scheme, class Stored, class F>
void for_each_code(Stored& q, index_t line, index_t b, F&& f) {
  using l = layout<Scheme>;
  constexpr int scales = l::values / int(Scheme::length);
  for (int i = 0; i < l::values; ++i) f(q, line, b * l::values + i, l::code(i));
  for (int i = 0; i < scales; ++i) f(q.scales(), line, b * scales + i, l::scale(i));
  if constexpr (requires { l::scale_of_scales(); }) f(q.scales().scales(), line, b, l::scale_of_scales());
  if constexpr (Scheme::has_offset) {
    for (int i = 0; i < scales; ++i) f(q.offsets(), line, b * scales + i, l::offset(i));
    if constexpr (requires { l::scale_of_offsets(); }) f(q.offsets().scales(), line, b, l::scale_of_offsets());
  }
}

}  // namespace ggml

/// The tensor of `sizes` that ggml's bytes hold; throws where there are more or fewer bytes than it takes.
template <ggml::known Scheme>
quantized_blocks<Scheme> from_bytes(std::span<const std::uint8_t> bytes, const shape& sizes) {
  quantized_blocks<Scheme> q(sizes);
  const index_t blocks = ggml::blocks_per_line<Scheme>(q.size());
  constexpr index_t block_bytes = ggml::layout<Scheme>::bytes;
  if (static_cast<index_t>(bytes.size()) != q.size().lines * blocks * block_bytes) {
    contract::bad_data(bytes.size(), " bytes for a tensor of ", to_string(sizes), ", which takes ",
                       q.size().lines * blocks * block_bytes);
  }
  if constexpr (std::same_as<Scheme, nvfp4>) {
    if (q.count() > 0) q.scales().scales().values()[0] = 1;
  }
  const std::uint8_t* from = bytes.data();
  for (index_t line = 0; line < q.size().lines; ++line) {
    for (index_t b = 0; b < blocks; ++b, from += block_bytes) {
      ggml::for_each_code<Scheme>(q, line, b, [&](auto& node, index_t at_line, index_t i, const ggml::place& p) {
        using word = typename std::remove_cvref_t<decltype(node)>::word;
        node.set(at_line, i, static_cast<word>(ggml::read(from, p)));
      });
    }
  }
  return q;
}

/// The bytes ggml keeps a tensor in.
template <ggml::known Scheme>
std::vector<std::uint8_t> to_bytes(const quantized_blocks<Scheme>& q) {
  if constexpr (std::same_as<Scheme, nvfp4>) {
    if (q.count() > 0 && q.scales().scales().values()[0] != 1) {
      contract::invalid_argument("ggml keeps no scale per tensor, and this one has ", q.scales().scales().values()[0]);
    }
  }
  const index_t blocks = ggml::blocks_per_line<Scheme>(q.size());
  constexpr index_t block_bytes = ggml::layout<Scheme>::bytes;
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(q.size().lines * blocks * block_bytes));
  std::uint8_t* to = bytes.data();
  for (index_t line = 0; line < q.size().lines; ++line) {
    for (index_t b = 0; b < blocks; ++b, to += block_bytes) {
      ggml::for_each_code<Scheme>(q, line, b, [&](const auto& node, index_t at_line, index_t i, const ggml::place& p) {
        ggml::write(to, p, node.code(at_line, i));
      });
    }
  }
  return bytes;
}

}  // namespace equant::inline EQUANT_ABI
