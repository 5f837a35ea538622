// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/order.hpp>

#include "catch.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

using namespace equant;

namespace {

axis_order make_order(const std::vector<int>& slowest_first) {
  axis_order order = axis_order::row_major();
  for (std::size_t i = 0; i < slowest_first.size(); ++i) {
    order.axes[i] = static_cast<std::int8_t>(slowest_first[i]);
  }
  return order;
}

/// Calls f(permutation) with every order of `rank` axes.
template <class F>
void for_each_permutation(int rank, F f) {
  std::vector<int> axes(static_cast<std::size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  do f(axes);
  while (std::next_permutation(axes.begin(), axes.end()));
}

static_assert(axis_order::column_major(2)[0] == 1 && axis_order::column_major(2)[1] == 0);
static_assert(order_of({4, 5}, {1, 4}) == axis_order::column_major(2));
static_assert(row_major_strides({2, 3, 5}) == shape{15, 5, 1});

}  // namespace

TEST_CASE("order: row-major and column-major") {
  CHECK(axis_order::row_major() == make_order({0, 1, 2, 3, 4}));
  CHECK(axis_order::column_major(4) == make_order({3, 2, 1, 0}));
  CHECK(axis_order::column_major(1) == axis_order::row_major());
  CHECK(axis_order::column_major(0) == axis_order::row_major());
  CHECK(axis_order::column_major(2) != axis_order::column_major(3));
}

TEST_CASE("order: dense strides number the elements as they are walked") {
  const std::vector<index_t> lengths{2, 3, 1, 5, 4};
  for (int rank = 0; rank <= 5; ++rank) {
    shape sizes = shape::filled(rank, 0);
    for (int axis = 0; axis < rank; ++axis) sizes[axis] = lengths[static_cast<std::size_t>(axis)];
    for_each_permutation(rank, [&](const std::vector<int>& axes) {
      const shape strides = dense_strides(sizes, make_order(axes));
      REQUIRE(strides.rank == rank);
      // An odometer whose last place turns fastest reaches positions 0, 1, 2, ...
      std::vector<index_t> at(axes.size(), 0);
      for (index_t expected = 0; expected < sizes.count(); ++expected) {
        index_t position = 0;
        for (std::size_t p = 0; p < axes.size(); ++p) position += at[p] * strides[axes[p]];
        REQUIRE(position == expected);
        for (std::size_t p = axes.size(); p-- > 0;) {
          if (++at[p] < sizes[axes[p]]) break;
          at[p] = 0;
        }
      }
    });
  }
}

TEST_CASE("order: strides by hand") {
  CHECK(row_major_strides({}) == shape{});
  CHECK(row_major_strides({7}) == shape{1});
  CHECK(row_major_strides({2, 3, 4}) == shape{12, 4, 1});
  CHECK(dense_strides({2, 3, 4}, axis_order::column_major(3)) == shape{1, 2, 6});
  CHECK(dense_strides({2, 3, 4}, make_order({1, 0, 2})) == shape{4, 8, 1});
}

TEST_CASE("order: the order of dense strides is the order they were made in") {
  for (int rank = 0; rank <= 5; ++rank) {
    shape sizes = shape::filled(rank, 0);
    for (int axis = 0; axis < rank; ++axis) sizes[axis] = 2 + axis % 3;
    for_each_permutation(rank, [&](const std::vector<int>& axes) {
      const axis_order order = make_order(axes);
      shape strides = dense_strides(sizes, order);
      CHECK(order_of(sizes, strides) == order);
      // Neither direction nor gaps matter.
      for (int axis = 0; axis < rank; ++axis) strides[axis] *= axis % 2 == 0 ? -3 : 3;
      CHECK(order_of(sizes, strides) == order);
    });
  }
}

TEST_CASE("order: axes of size 1 come first, in logical order, whatever their strides") {
  CHECK(order_of({5, 1}, {1, 5}) == make_order({1, 0}));
  CHECK(order_of({5, 1}, {1, 1}) == make_order({1, 0}));
  CHECK(order_of({5, 1}, {1, 0}) == make_order({1, 0}));
  CHECK(order_of({1, 5}, {1, 1}) == make_order({0, 1}));
  CHECK(order_of({4, 1, 3, 1}, {1, 99, 4, -7}) == make_order({1, 3, 2, 0}));
  CHECK(order_of({1, 1, 1}, {1, 2, 3}) == make_order({0, 1, 2}));
}

TEST_CASE("order: a repeated axis is the fastest, equal strides keep the logical order") {
  CHECK(order_of({4, 3}, {0, 1}) == make_order({1, 0}));
  CHECK(order_of({4, 3}, {1, 0}) == make_order({0, 1}));
  CHECK(order_of({4, 3, 2}, {1, 1, 1}) == make_order({0, 1, 2}));
}
