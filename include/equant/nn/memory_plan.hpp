// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

namespace equant::inline EQUANT_ABI::nn {

/// A piece of memory that is needed from step `first` to step `last`, both included.
struct lifetime {
  std::size_t bytes = 0;
  int first = 0, last = 0;
  std::size_t offset = 0;
};

/// Gives each piece its offset in one block, so that pieces needed at the same time do not overlap: the largest first,
/// each at the lowest place that is free all its life. Returns the bytes of the block. Offsets are multiples of 64.
inline std::size_t plan_memory(std::vector<lifetime>& pieces) {
  std::vector<std::size_t> order(pieces.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return pieces[a].bytes > pieces[b].bytes; });
  std::vector<const lifetime*> placed;  // by offset
  std::size_t all = 0;
  for (std::size_t i : order) {
    lifetime& piece = pieces[i];
    const std::size_t bytes = (piece.bytes + 63) / 64 * 64;
    std::size_t at = 0;
    for (const lifetime* other : placed) {
      if (other->last < piece.first || piece.last < other->first || other->bytes == 0) continue;
      if (other->offset >= at + bytes) break;
      at = std::max(at, other->offset + (other->bytes + 63) / 64 * 64);
    }
    piece.offset = at;
    all = std::max(all, at + bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &piece,
                                   [](const lifetime* a, const lifetime* b) { return a->offset < b->offset; }),
                  &piece);
  }
  return all;
}

}  // namespace equant::inline EQUANT_ABI::nn
