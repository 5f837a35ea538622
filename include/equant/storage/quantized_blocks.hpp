// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/storage/block.hpp>
#include <equant/storage/buffer.hpp>
#include <equant/storage/packing.hpp>

namespace equant::inline EQUANT_ABI {

/// `lines` lines of `length` values each.
struct line_table {
  index_t lines = 0;
  index_t length = 0;

  constexpr index_t count() const { return lines * length; }
  /// That of the parameters, one for every block of a line.
  constexpr line_table blocks(index_t block) const {
    if (block == whole) return {count() == 0 ? 0 : 1, 1};
    return {lines, length / block + (length % block != 0 ? 1 : 0)};
  }
  constexpr bool operator==(const line_table&) const = default;
};

/// A table of values kept by a scheme, line after line without padding: raw, cast, or a block.
template <class Scheme>
class stored;

template <>
class stored<no_offset> {
 public:
  stored() = default;
  explicit stored(line_table) {}
  static constexpr std::size_t size_bytes() { return 0; }
  bool operator==(const stored&) const = default;
};

template <>
class stored<raw<>> {
 public:
  stored() = default;
  explicit stored(line_table size) : size_(size), values_(static_cast<std::size_t>(size.count())) {}
  const line_table& size() const { return size_; }
  float* values() { return values_.data(); }
  const float* values() const { return values_.data(); }
  std::size_t size_bytes() const { return values_.size() * sizeof(float); }
  bool operator==(const stored&) const = default;

 private:
  line_table size_{};
  std::vector<float> values_;
};

/// Codes of a format, packed.
template <element_format Format>
class stored_codes {
 public:
  using format_type = Format;
  using word = code_word<Format::bits>;

  stored_codes() = default;
  explicit stored_codes(line_table size) : size_(size), bytes_(packed_size(size.count(), Format::bits)) {
    if (bytes_.size() > 0) bytes_.data()[bytes_.size() - 1] = 0;
  }

  const line_table& size() const { return size_; }
  std::uint8_t* bytes() { return bytes_.data(); }
  const std::uint8_t* bytes() const { return bytes_.data(); }
  std::size_t code_bytes() const { return bytes_.size(); }

  word code(index_t line, index_t i) const { return get_code<Format::bits>(bytes_.data(), line * size_.length + i); }
  void set(index_t line, index_t i, word code) { put_code<Format::bits>(bytes_.data(), line * size_.length + i, code); }
  void get(index_t line, index_t first, word* codes, index_t n) const {
    unpack<Format::bits>(bytes_.data(), line * size_.length + first, codes, n);
  }
  void put(index_t line, index_t first, const word* codes, index_t n) {
    pack<Format::bits>(bytes_.data(), line * size_.length + first, codes, n);
  }

  bool operator==(const stored_codes&) const = default;

 private:
  line_table size_{};
  byte_buffer bytes_{};
};

template <class F>
class stored<cast<F>> : public stored_codes<typename cast<F>::format_type> {
 public:
  using stored_codes<typename cast<F>::format_type>::stored_codes;
  std::size_t size_bytes() const { return this->code_bytes(); }
  bool operator==(const stored&) const = default;
};

template <class Format, class Scale, index_t Length, class Offset, class Rule>
class stored<block<Format, Scale, Length, Offset, Rule>> : public stored_codes<Format> {
 public:
  using scheme = block<Format, Scale, Length, Offset, Rule>;

  stored() = default;
  explicit stored(line_table size)
      : stored_codes<Format>(size), scales_(size.blocks(Length)), offsets_(size.blocks(Length)) {}

  stored<Scale>& scales() { return scales_; }
  const stored<Scale>& scales() const { return scales_; }
  stored<Offset>& offsets() { return offsets_; }
  const stored<Offset>& offsets() const { return offsets_; }

  /// Codes and all parameters.
  std::size_t size_bytes() const { return this->code_bytes() + scales_.size_bytes() + offsets_.size_bytes(); }
  bool operator==(const stored&) const = default;

 private:
  stored<Scale> scales_{};
  stored<Offset> offsets_{};
};

/// A tensor in a block scheme. The codes lie in row-major order of the tensor, whatever order it had, so that those of
/// a block are neighbours.
template <block_scheme Scheme>
class quantized_blocks : public stored<Scheme> {
 public:
  using scheme_type = Scheme;

  quantized_blocks() = default;
  /// Codes and parameters of unknown value.
  explicit quantized_blocks(const shape& sizes) : stored<Scheme>(lines_of(sizes)), sizes_(sizes) {}

  const shape& sizes() const { return sizes_; }
  index_t count() const { return sizes_.count(); }
  double bits_per_value() const {
    return count() == 0 ? 0 : 8.0 * static_cast<double>(this->size_bytes()) / static_cast<double>(count());
  }

  bool operator==(const quantized_blocks&) const = default;

  /// The lines blocks are cut from: the last axis that is longer than 1.
  static line_table lines_of(const shape& sizes) {
    const index_t count = sizes.count();
    int axis = sizes.rank - 1;
    while (axis > 0 && sizes[axis] == 1) --axis;
    const index_t length = sizes.rank == 0 ? 1 : sizes[axis];
    return {length == 0 ? 0 : count / length, length};
  }

 private:
  shape sizes_{0};
};

}  // namespace equant::inline EQUANT_ABI
