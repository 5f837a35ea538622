// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

namespace equant::inline EQUANT_ABI {

/// A storage order: which logical axis varies slowest, ..., fastest. Row-major is 0, 1, 2, ...
struct axis_order {
  std::array<std::int8_t, max_rank> axes{};

  constexpr int operator[](int place) const { return axes[static_cast<std::size_t>(place)]; }
  constexpr bool operator==(const axis_order&) const = default;

  static constexpr axis_order row_major() {
    axis_order order;
    for (std::size_t i = 0; i < order.axes.size(); ++i) order.axes[i] = static_cast<std::int8_t>(i);
    return order;
  }

  static constexpr axis_order column_major(int rank) {
    axis_order order = row_major();
    for (int i = 0; i < rank; ++i) {
      order.axes[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(rank - 1 - i);
    }
    return order;
  }
};

/// The order in which memory is laid out: axes by falling stride. Axes of size 1 come first, in logical order, so
/// that a vector has one order however it was declared.
constexpr axis_order order_of(const shape& sizes, const shape& strides) {
  axis_order order = axis_order::row_major();
  auto distance = [&](int axis) {
    if (sizes[axis] == 1) return std::numeric_limits<index_t>::max();
    return strides[axis] < 0 ? -strides[axis] : strides[axis];
  };
  for (int i = 1; i < sizes.rank; ++i) {
    for (int j = i; j > 0 && distance(order[j - 1]) < distance(order[j]); --j) {
      auto& axes = order.axes;
      const auto at = static_cast<std::size_t>(j);
      const std::int8_t moved = axes[at];
      axes[at] = axes[at - 1];
      axes[at - 1] = moved;
    }
  }
  return order;
}

/// Strides (per logical axis) of a tensor that lies densely in `order`.
constexpr shape dense_strides(const shape& sizes, const axis_order& order) {
  shape strides = shape::filled(sizes.rank, 0);
  index_t step = 1;
  for (int place = sizes.rank; place-- > 0;) {
    strides[order[place]] = step;
    step *= sizes[order[place]];
  }
  return strides;
}

constexpr shape row_major_strides(const shape& sizes) {
  return dense_strides(sizes, axis_order::row_major());
}

}  // namespace equant::inline EQUANT_ABI
