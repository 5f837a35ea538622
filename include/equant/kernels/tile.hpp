// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/mac.hpp>
#include <equant/kernels/wide_lanes.hpp>

#include <algorithm>
#include <utility>

namespace equant::inline EQUANT_ABI::kernels {

/// The operands of a tile: rows of a, `groups` words each, and a panel of packed columns.
struct tile_operands {
  const void* a;
  index_t a_stride;           ///< bytes from row to row
  const void* b;              ///< [group][column][j]
  index_t b_stride;           ///< bytes from group to group
  index_t groups;
  const std::int32_t* start;  ///< per column, what the sums begin with
};

/// One tile of a product: Rows x (Vectors * count) sums over all groups, kept in registers. finish(lanes, column) is
/// asked for every part of the width, lanes of one, two or four vectors, and returns what takes (row, sums) of it. Few
/// rows are summed in Split parts, so that a sum need not wait for the step before.
///
/// Every loop but the one over the groups is gone when the code is made.
template <class Isa, std::size_t Rows, std::size_t Vectors, std::size_t Split, bool Flip, class Finish>
[[gnu::always_inline]] inline void tile(const tile_operands& t, Finish&& finish) noexcept {
  using mac = mac_on<Isa>;
  using lanes = typename mac::lanes;
  constexpr std::size_t pointers = (Rows + 3) / 4;
  typename mac::i32 acc[Split][Rows][Vectors];
#pragma GCC unroll 8
  for (std::size_t s = 0; s < Split; ++s) {
#pragma GCC unroll 32
    for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) {
        acc[s][r][v] = s == 0 ? lanes::load(t.start + v * lanes::count, lanes::count) : lanes::splat(0);
      }
    }
  }
  // A pointer to every fourth row, and the distances to the three behind it: more would not fit the registers.
  const index_t distance[4] = {0, t.a_stride, 2 * t.a_stride, 3 * t.a_stride};
  const char* a[pointers];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < pointers; ++i) {
    a[i] = static_cast<const char*>(t.a) + static_cast<index_t>(4 * i) * t.a_stride;
  }
  const char* b = static_cast<const char*>(t.b);
  const auto step = [&](typename mac::i32 (&sums)[Rows][Vectors]) __attribute__((always_inline)) {
    typename mac::word columns[Vectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) columns[v] = mac::load(b + 4 * v * lanes::count);
#pragma GCC unroll 32
    for (std::size_t r = 0; r < Rows; ++r) {
      auto row = mac::spread(a[r / 4] + distance[r % 4]);
      if constexpr (Flip) row = mac::flip(row);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = mac::step(sums[r][v], row, columns[v]);
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < pointers; ++i) a[i] += 4;
    b += t.b_stride;
  };
  constexpr index_t at_once = static_cast<index_t>(Split);
  index_t left = t.groups;
  for (; left >= at_once; left -= at_once) {
#pragma GCC unroll 8
    for (std::size_t s = 0; s < Split; ++s) step(acc[s]);
  }
  for (; Split > 1 && left > 0; --left) step(acc[0]);
#pragma GCC unroll 8
  for (std::size_t s = 1; s < Split; ++s) {
#pragma GCC unroll 32
    for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) acc[0][r][v] = lanes::add(acc[0][r][v], acc[s][r][v]);
    }
  }
  constexpr std::size_t width = Vectors == 3 ? 2 : Vectors;
  [&]<std::size_t... V>(std::index_sequence<V...>) __attribute__((always_inline)) {
    // Row by row, so that memory is written in its order.
    [&](const auto&... take) __attribute__((always_inline)) {
#pragma GCC unroll 32
      for (std::size_t r = 0; r < Rows; ++r) {
        (take(static_cast<index_t>(r),
              side_by_side<lanes, std::min(width, Vectors - V * width)>(acc[0][r] + V * width)),
         ...);
      }
    }(finish(wide_lanes<lanes, std::min(width, Vectors - V * width)>{},
             static_cast<index_t>(V * width) * lanes::count)...);
  }(std::make_index_sequence<(Vectors + width - 1) / width>{});
}

/// How a product is cut into tiles: up to `vectors` vectors wide, and of some heights.
template <class Isa>
struct tiling {
  static constexpr int vectors = mac_on<Isa>::registers >= 32 ? 4 : 2;

  /// The tallest tile of `v` vectors: its sums, the columns, a row and a product stay in registers.
  static constexpr int tallest(int v) { return (mac_on<Isa>::registers - v - 2) / v; }
  /// Whether a tile is as tall as its width allows. The narrowest, by far the tallest, has two such heights: h and
  /// h - 1 make any number of rows from h (h - 1) on.
  static constexpr bool tall(int v, int height) {
    return height == tallest(v) || (v == 1 && height == tallest(v) - 1);
  }
  /// Full width has every height, so that rows can be split evenly; narrow tiles have a few.
  static constexpr bool has(int v, int height) {
    return height <= tallest(v) && (v == vectors || height == 1 || height == 4 || tall(v, height));
  }
  /// The height of the next tile where `left` rows are left: 8 rows by 6 are 4 and 4 at full width.
  template <int V>
  static constexpr int height(index_t left) {
    if (V == 1 && left > tallest(V) && left < tallest(V) * tallest(V)) {
      const index_t tiles = (left + tallest(V) - 1) / tallest(V), even = (left + tiles - 1) / tiles;
      if (even == tallest(V) - 1) return tallest(V) - 1;
    }
    const bool whole = V == vectors ? left >= 2 * tallest(V) || left == tallest(V) : left >= tallest(V);
    if (whole) return tallest(V);
    int h = static_cast<int>(left > tallest(V) ? (left + 1) / 2 : left);
    while (!has(V, h)) --h;
    return h;
  }
  /// Whether one call makes all tallest tiles of a panel. Sums of the narrowest fill the registers, so that nothing can
  /// be held over from tile to tile.
  static constexpr bool in_a_row(int v) { return v > 1; }
  /// How many rows the next tile begins before the `left` ones: where narrow tiles would take several low ones after
  /// some rows are done, a tallest one that does a few rows again is faster.
  template <int V>
  static constexpr index_t again(index_t done, index_t left) {
    const bool low = left > 4 && left < tallest(V) && !has(V, static_cast<int>(left));
    return V < vectors && done >= tallest(V) && low ? tallest(V) - left : 0;
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
