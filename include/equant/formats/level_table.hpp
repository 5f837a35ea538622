// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/contract.hpp>
#include <equant/core/format.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <span>

namespace equant::inline EQUANT_ABI {

/// The levels of a codebook in ascending order, and the thresholds between their cells as a search tree.
///
/// A number belongs to the nearest level, one half-way between two of them to the lower. Of equal levels only the first
/// is used. Threshold i of the sorted ones, the largest float that still belongs to level i or one below it, is node of
/// a complete binary tree: `node[1]` is its root, and below `node[i]` lie `node[2 i]` and `node[2 i + 1]`. The nodes of
/// a depth are neighbours, which is what a permutation looks them up in.
template <int Bits>
struct level_table {
  static_assert(Bits >= 1 && Bits <= 8, "equant's codebooks have codes of 1 to 8 bits");
  static constexpr std::size_t count = std::size_t{1} << Bits;

  std::array<float, count> level{};
  std::array<float, count> node{};

  /// 1 to 2^Bits finite levels, ascending; codes beyond them repeat the last.
  explicit constexpr level_table(std::span<const float> levels) {
    const std::size_t given = levels.size();
    if (given < 1 || given > count) {
      contract::invalid_argument(given, " levels for a codebook of ", Bits, " bits, which takes 1 to ", count);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const float here = levels[std::min(i, given - 1)], before = i == 0 ? here : level[i - 1];
      if (!(here - here == 0) || here < before) {
        contract::invalid_argument("level ", i, " is ", here, " after ", before,
                                   "; levels are finite and in ascending order");
      }
      level[i] = here;
    }
    std::array<float, count> sorted{};
    float next = std::numeric_limits<float>::infinity();
    for (std::size_t i = count - 1; i-- > 0;) {
      if (level[i] < level[i + 1]) next = middle(level[i], level[i + 1]);
      sorted[i] = next;
    }
    for (int depth = 0; depth < Bits; ++depth) {
      const std::size_t nodes = std::size_t{1} << depth;
      for (std::size_t i = 0; i < nodes; ++i) node[nodes + i] = sorted[(2 * i + 1) * (count >> (depth + 1)) - 1];
    }
  }

  constexpr code_word<Bits> encode(float r) const {
    if (r != r) r = 0;
    std::size_t i = 1;
    for (int depth = 0; depth < Bits; ++depth) i = 2 * i + (r > node[i] ? 1 : 0);
    return static_cast<code_word<Bits>>(i - count);
  }
  constexpr float decode(code_word<Bits> c) const { return level[c]; }

  constexpr bool contains(float r) const { return r >= level[0] && r <= level[count - 1]; }

  constexpr bool operator==(const level_table&) const = default;

 private:
  /// The largest float not above (a + b) / 2, where a < b.
  static constexpr float middle(float a, float b) {
    const double x = static_cast<double>(a), y = static_cast<double>(b), sum = x + y;
    const double part = sum - x, lost = (x - (sum - part)) + (y - part);  // sum + lost is exact
    const float m = static_cast<float>(sum / 2);
    const double above = 2 * static_cast<double>(m) - sum;
    if (above < 0 || (above == 0 && lost >= 0)) return m;
    if (m == 0) return -std::numeric_limits<float>::denorm_min();
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(m) + (m > 0 ? ~std::uint32_t{0} : 1));
  }
};

/// A format whose codes are the places of a table: served by the codebook kernels.
template <class F>
concept table_format = element_format<F> && requires(const F f) {
  { f.table() } -> std::same_as<const level_table<F::bits>&>;
};

}  // namespace equant::inline EQUANT_ABI
