// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <concepts>

/// Granularity: which elements share a scale and a zero point.
///
/// Every granularity has one normal form, a block length per logical axis: elements in the same block share their
/// parameters. A last block may be ragged.
namespace equant::inline EQUANT_ABI {

/// One set of parameters for everything.
struct per_tensor_t {
  constexpr bool operator==(const per_tensor_t&) const = default;
};
inline constexpr per_tensor_t per_tensor{};

/// One set per position along `axis` (per channel); negative axes count from the end.
struct per_axis {
  int axis = 0;
  constexpr bool operator==(const per_axis&) const = default;
};

/// One set per `size` neighbours along `axis`, and per position of every other axis.
struct per_group {
  int axis = -1;
  index_t size = 32;
  constexpr bool operator==(const per_group&) const = default;
};

/// The normal form: a block length per axis, `whole` for one block however long the axis is.
struct blocking {
  static constexpr index_t whole = 0;

  shape lengths;

  /// Throws unless a tensor of `sizes` can be cut so.
  constexpr void check(const shape& sizes) const {
    if (sizes.rank != lengths.rank) {
      contract::invalid_argument("a granularity of rank ", lengths.rank, " does not fit a tensor of ",
                                 to_string(sizes));
    }
    for (int axis = 0; axis < sizes.rank; ++axis) {
      if (lengths[axis] < 0) contract::invalid_argument("block length ", lengths[axis], " on axis ", axis);
    }
  }

  /// How many blocks an axis of `sizes` is cut into, after check(sizes).
  constexpr index_t count(const shape& sizes, int axis) const {
    const index_t length = lengths[axis];
    return length == whole ? 1 : sizes[axis] / length + (sizes[axis] % length != 0 ? 1 : 0);
  }

  /// The same for each axis.
  constexpr shape counts(const shape& sizes) const {
    check(sizes);
    shape n = shape::filled(sizes.rank, 1);
    for (int axis = 0; axis < sizes.rank; ++axis) n[axis] = count(sizes, axis);
    return n;
  }

  constexpr bool operator==(const blocking&) const = default;
};

constexpr blocking normal_form(per_tensor_t, const shape& sizes) {
  return {shape::filled(sizes.rank, blocking::whole)};
}

constexpr blocking normal_form(per_axis g, const shape& sizes) {
  blocking b = normal_form(per_tensor, sizes);
  b.lengths[checked_axis(g.axis, sizes.rank)] = 1;
  return b;
}

constexpr blocking normal_form(per_group g, const shape& sizes) {
  const int axis = checked_axis(g.axis, sizes.rank);
  if (g.size < 1) contract::invalid_argument("group size ", g.size, " is not positive");
  blocking b = {shape::filled(sizes.rank, 1)};
  b.lengths[axis] = g.size;
  return b;
}

/// A normal form is a granularity itself: any block length per axis.
constexpr blocking normal_form(const blocking& g, const shape& sizes) {
  static_cast<void>(g.counts(sizes));
  return g;
}

template <class G>
concept granularity = requires(const G& g, const shape& sizes) {
  { normal_form(g, sizes) } -> std::same_as<blocking>;
};

inline std::string to_string(per_tensor_t) { return "per tensor"; }
inline std::string to_string(per_axis g) { return contract::joined("per axis ", g.axis); }
inline std::string to_string(per_group g) {
  return contract::joined("per group of ", g.size, " on axis ", g.axis);
}
inline std::string to_string(const blocking& g) {
  std::string text = "per block of";
  for (int axis = 0; axis < g.lengths.rank; ++axis) {
    text += axis == 0 ? " " : " x ";
    text += g.lengths[axis] == blocking::whole ? "all" : std::to_string(g.lengths[axis]);
  }
  return text;
}

}  // namespace equant::inline EQUANT_ABI
