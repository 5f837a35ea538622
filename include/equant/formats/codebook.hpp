// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/formats/level_table.hpp>

namespace equant::inline EQUANT_ABI {

/// Any levels, carried by value: a code is the place of a level in ascending order. What is found by looking at data
/// (Lloyd-Max, k-means) is one of these. By default the levels are evenly spaced from -1 to 1.
template <int Bits>
class codebook {
 public:
  static constexpr int bits = Bits;
  static constexpr bool has_zero_point = false;

  constexpr codebook() : table_(even()) {}
  /// 1 to 2^Bits finite levels in ascending order, of which some may be equal.
  explicit constexpr codebook(std::span<const float> levels) : table_(levels) {}

  constexpr code_word<Bits> encode(float r) const { return table_.encode(r); }
  constexpr float decode(code_word<Bits> c) const { return table_.decode(c); }
  constexpr float largest() const { return table_.level.back(); }
  constexpr bool contains(float r) const { return table_.contains(r); }

  /// All 2^Bits of them, in ascending order.
  constexpr std::span<const float> levels() const { return table_.level; }
  constexpr const level_table<Bits>& table() const { return table_; }
  /// What it takes to store the levels beside the codes.
  static constexpr std::size_t size_bytes() { return sizeof(float) * level_table<Bits>::count; }

  constexpr bool operator==(const codebook&) const = default;

 private:
  static constexpr level_table<Bits> even() {
    std::array<float, level_table<Bits>::count> levels{};
    const int last = (1 << Bits) - 1;
    for (int i = 0; float& level : levels) level = static_cast<float>(2 * i++ - last) / static_cast<float>(last);
    return level_table<Bits>(levels);
  }

  level_table<Bits> table_;
};

/// Levels fixed by the type: `Derived::levels()` returns them as an array in ascending order, at compile time.
template <class Derived, int Bits>
struct fixed_codebook {
  static constexpr int bits = Bits;
  static constexpr bool has_zero_point = false;

  static constexpr code_word<Bits> encode(float r) { return table().encode(r); }
  static constexpr float decode(code_word<Bits> c) { return table().decode(c); }
  static constexpr float largest() { return table().level.back(); }
  static constexpr bool contains(float r) { return table().contains(r); }
  static constexpr const level_table<Bits>& table() { return table_of<Derived>; }

  constexpr bool operator==(const fixed_codebook&) const = default;

 private:
  template <class D>
  static constexpr level_table<Bits> table_of{D::levels()};
};

}  // namespace equant::inline EQUANT_ABI
