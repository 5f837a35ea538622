// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/format.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

/// Packed codes: one flat bit stream, little-endian, the first code in the lowest bits, no padding between rows. This
/// is ONNX's order of 2- and 4-bit elements. Eight codes of B bits fill B bytes.
namespace equant::inline EQUANT_ABI {

static_assert(std::endian::native == std::endian::little, "equant packs codes as words of a little-endian machine");

constexpr std::size_t packed_size(index_t count, int bits) {
  return (static_cast<std::size_t>(count) * static_cast<std::size_t>(bits) + 7) / 8;
}

/// Writes code i of the stream, leaving its neighbours alone.
template <int Bits>
constexpr void put_code(std::uint8_t* stream, index_t i, code_word<Bits> code) {
  const std::size_t bit = static_cast<std::size_t>(i) * Bits;
  std::uint8_t* byte = stream + bit / 8;
  const unsigned shift = bit % 8;
  constexpr std::uint32_t ones = (1u << Bits) - 1;
  std::uint32_t value = (code & ones) << shift;
  std::uint32_t mask = ones << shift;
  for (; mask != 0; mask >>= 8, value >>= 8, ++byte) {
    *byte = static_cast<std::uint8_t>((*byte & ~mask) | value);
  }
}

/// Reads code i of the stream.
template <int Bits>
constexpr code_word<Bits> get_code(const std::uint8_t* stream, index_t i) {
  const std::size_t bit = static_cast<std::size_t>(i) * Bits;
  const std::uint8_t* byte = stream + bit / 8;
  const unsigned shift = bit % 8;
  std::uint32_t value = 0;
  for (unsigned have = 0; have < shift + Bits; have += 8) value |= std::uint32_t{*byte++} << have;
  return static_cast<code_word<Bits>>((value >> shift) & ((1u << Bits) - 1));
}

namespace packing {

/// Eight codes as one number of 8 x Bits bits, in one or two words.
template <int Bits>
void put_eight(std::uint8_t* out, const code_word<Bits>* codes) {
  constexpr std::uint64_t ones = (std::uint64_t{1} << Bits) - 1;
  if constexpr (Bits <= 8) {
    // neighbours close up: pairs in 16 bits, fours in 32, all
    std::uint64_t word = 0;
    std::memcpy(&word, codes, 8);
    word &= ones * 0x0101010101010101u;
    word = (word & 0x00ff00ff00ff00ffu) | (word >> 8 & 0x00ff00ff00ff00ffu) << Bits;
    word = (word & 0x0000ffff0000ffffu) | (word >> 16 & 0x0000ffff0000ffffu) << 2 * Bits;
    word = (word & 0xffffffffu) | word >> 32 << 4 * Bits;
    std::memcpy(out, &word, Bits);
  } else {
    std::uint64_t low = 0, high = 0;
    for (int i = 0; i < 4; ++i) low |= (codes[i] & ones) << (i * Bits);
    for (int i = 0; i < 4; ++i) high |= (codes[i + 4] & ones) << (i * Bits);
    constexpr int used = 4 * Bits;  // 36..64 bits in each half
    if constexpr (used < 64) {
      low |= high << used;
      high >>= 64 - used;
    }
    std::memcpy(out, &low, 8);
    std::memcpy(out + 8, &high, Bits - 8);
  }
}

template <int Bits>
void get_eight(code_word<Bits>* codes, const std::uint8_t* in) {
  constexpr std::uint64_t ones = (std::uint64_t{1} << Bits) - 1;
  std::uint64_t low = 0, high = 0;
  std::memcpy(&low, in, Bits < 8 ? Bits : 8);
  if constexpr (Bits > 8) {
    std::memcpy(&high, in + 8, Bits - 8);
    constexpr int used = 4 * Bits;
    if constexpr (used < 64) high = (high << (64 - used)) | (low >> used);
    for (int i = 0; i < 4; ++i) codes[i + 4] = static_cast<code_word<Bits>>((high >> (i * Bits)) & ones);
  }
  if constexpr (Bits <= 8) {
    constexpr std::uint64_t two = (std::uint64_t{1} << 2 * Bits) - 1;
    constexpr std::uint64_t four = Bits == 8 ? 0xffffffffu : (std::uint64_t{1} << 4 * Bits) - 1;
    low = (low & four) | (low >> 4 * Bits & four) << 32;
    low = (low & two * 0x0000000100000001u) | (low >> 2 * Bits & two * 0x0000000100000001u) << 16;
    low = (low & ones * 0x0001000100010001u) | (low >> Bits & ones * 0x0001000100010001u) << 8;
    std::memcpy(codes, &low, 8);
  } else {
    for (int i = 0; i < 4; ++i) codes[i] = static_cast<code_word<Bits>>((low >> (i * Bits)) & ones);
  }
}

}  // namespace packing

/// Writes codes [first, first + count) of the stream from words; bits above `Bits` are ignored. A last byte that the
/// stream only partly uses must have been cleared.
template <int Bits>
void pack(std::uint8_t* stream, index_t first, const code_word<Bits>* codes, index_t count) {
  if constexpr (Bits == 8 || Bits == 16) {
    if (count > 0) std::memcpy(stream + first * (Bits / 8), codes, static_cast<std::size_t>(count) * (Bits / 8));
  } else {
    index_t i = 0;
    for (const index_t head = std::min(count, -first & 7); i < head; ++i) put_code<Bits>(stream, first + i, codes[i]);
    std::uint8_t* out = stream + (first + i) / 8 * Bits;
    for (; i + 8 <= count; i += 8, out += Bits) packing::put_eight<Bits>(out, codes + i);
    for (; i < count; ++i) put_code<Bits>(stream, first + i, codes[i]);
  }
}

/// Reads codes [first, first + count) of the stream into words.
template <int Bits>
void unpack(const std::uint8_t* stream, index_t first, code_word<Bits>* codes, index_t count) {
  if constexpr (Bits == 8 || Bits == 16) {
    if (count > 0) std::memcpy(codes, stream + first * (Bits / 8), static_cast<std::size_t>(count) * (Bits / 8));
  } else {
    index_t i = 0;
    for (const index_t head = std::min(count, -first & 7); i < head; ++i) codes[i] = get_code<Bits>(stream, first + i);
    const std::uint8_t* in = stream + (first + i) / 8 * Bits;
    for (; i + 8 <= count; i += 8, in += Bits) packing::get_eight<Bits>(codes + i, in);
    for (; i < count; ++i) codes[i] = get_code<Bits>(stream, first + i);
  }
}

}  // namespace equant::inline EQUANT_ABI
