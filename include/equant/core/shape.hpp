// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/contract.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>

namespace equant::inline EQUANT_ABI {

/// Counts, positions and strides, in elements. Signed, as Eigen's are.
using index_t = std::ptrdiff_t;

inline constexpr int max_rank = 16;

/// Where a part begins, of `parts` that `count` things are cut into as evenly as can be; part == parts is the end.
constexpr index_t part_begin(index_t count, index_t parts, index_t part) {
  return count / parts * part + count % parts * part / parts;
}

/// The sizes of a tensor, or one stride per axis. Axis 0 comes first, as in a matrix rows do.
struct shape {
  int rank = 0;
  std::array<index_t, max_rank> values{};

  constexpr shape() = default;
  constexpr shape(std::initializer_list<index_t> sizes) {
    if (sizes.size() > max_rank) {
      contract::invalid_argument("a shape of rank ", sizes.size(), " exceeds ", max_rank);
    }
    for (index_t n : sizes) values[static_cast<std::size_t>(rank++)] = n;
  }

  /// `rank` axes that all hold `value`.
  static constexpr shape filled(int rank, index_t value) {
    if (rank < 0 || rank > max_rank) {
      contract::invalid_argument("rank ", rank, " is not between 0 and ", max_rank);
    }
    shape s;
    s.rank = rank;
    for (int axis = 0; axis < rank; ++axis) s[axis] = value;
    return s;
  }

  constexpr index_t operator[](int axis) const { return values[static_cast<std::size_t>(axis)]; }
  constexpr index_t& operator[](int axis) { return values[static_cast<std::size_t>(axis)]; }

  /// The product of the sizes; 1 for rank 0, a scalar.
  constexpr index_t count() const {
    index_t n = 1;
    for (int axis = 0; axis < rank; ++axis) n *= (*this)[axis];
    return n;
  }

  constexpr bool operator==(const shape&) const = default;
};

/// "128 x 64": for messages and reports.
inline std::string to_string(const shape& sizes) {
  if (sizes.rank == 0) return "scalar";
  std::string text;
  for (int axis = 0; axis < sizes.rank; ++axis) {
    if (axis > 0) text += " x ";
    text += std::to_string(sizes[axis]);
  }
  return text;
}

/// `axis` of a tensor of `rank` axes, counted from the end when negative.
constexpr int checked_axis(int axis, int rank) {
  const int from_front = axis < 0 ? axis + rank : axis;
  if (from_front < 0 || from_front >= rank) {
    contract::invalid_argument("axis ", axis, " of a tensor of rank ", rank);
  }
  return from_front;
}

/// The element count of sizes that came from outside, refused where negative or beyond what memory can hold.
constexpr index_t checked_count(const shape& sizes) {
  constexpr index_t most = std::numeric_limits<index_t>::max() / 16;  // 16 bytes: the widest element
  index_t n = 1;
  bool empty = false;
  for (int axis = 0; axis < sizes.rank; ++axis) {
    if (sizes[axis] < 0) contract::invalid_argument("axis ", axis, " has size ", sizes[axis]);
    if (sizes[axis] == 0) {
      empty = true;
    } else if (n > most / sizes[axis]) {
      contract::invalid_argument("a tensor of ", to_string(sizes), " is too large");
    } else {
      n *= sizes[axis];
    }
  }
  return empty ? 0 : n;
}

}  // namespace equant::inline EQUANT_ABI
