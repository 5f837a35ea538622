// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/shape.hpp>

#include "core/says.hpp"

using namespace equant;

namespace {

constexpr index_t huge = index_t{1} << 40;

// A shape is a literal: kernels and firmware tables use it at compile time.
static_assert(shape{}.rank == 0 && shape{}.count() == 1);
static_assert(shape{2, 3, 5}.rank == 3 && shape{2, 3, 5}.count() == 30);
static_assert(shape::filled(3, 4) == shape{4, 4, 4});
static_assert(checked_axis(-1, 3) == 2);
static_assert(part_begin(10, 3, 0) == 0 && part_begin(10, 3, 1) == 3 && part_begin(10, 3, 2) == 6 &&
              part_begin(10, 3, 3) == 10);
static_assert(checked_count({6, 7}) == 42);

}  // namespace

TEST_CASE("shape: sizes are read and written by axis") {
  shape s{7, 11, 13};
  CHECK(s[0] == 7);
  CHECK(s[1] == 11);
  CHECK(s[2] == 13);
  s[1] = 2;
  CHECK(s == shape{7, 2, 13});
}

TEST_CASE("shape: the count is the product of the sizes, 1 for a scalar") {
  CHECK(shape{}.count() == 1);
  CHECK(shape{5}.count() == 5);
  CHECK(shape{1, 1, 1}.count() == 1);
  CHECK(shape{4, 0, 3}.count() == 0);
  CHECK(shape{huge, 4}.count() == huge * 4);
}

TEST_CASE("shape: equality looks at the rank as well as at the sizes") {
  CHECK(shape{2, 3} == shape{2, 3});
  CHECK(shape{2, 3} != shape{3, 2});
  CHECK(shape{2} != shape{2, 1});
  CHECK(shape{} != shape{0});
}

TEST_CASE("shape: sixteen axes are the most") {
  CHECK(shape{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9}[15] == 9);
  CHECK_THROWS_AS((shape{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}),
                  std::invalid_argument);
  CHECK(shape::filled(16, 2).count() == 65536);
  CHECK(shape::filled(0, 2) == shape{});
  CHECK_THROWS_AS(shape::filled(17, 1), std::invalid_argument);
  CHECK_THROWS_AS(shape::filled(-1, 1), std::invalid_argument);
}

TEST_CASE("shape: text") {
  CHECK(to_string(shape{}) == "scalar");
  CHECK(to_string(shape{5}) == "5");
  CHECK(to_string(shape{128, 64, 0}) == "128 x 64 x 0");
}

TEST_CASE("shape: an axis counts from the front, or from the end when negative") {
  for (int rank = 1; rank <= 5; ++rank) {
    for (int axis = 0; axis < rank; ++axis) {
      CHECK(checked_axis(axis, rank) == axis);
      CHECK(checked_axis(-1 - axis, rank) == rank - 1 - axis);
    }
    CHECK_THROWS_AS(checked_axis(rank, rank), std::invalid_argument);
    CHECK_THROWS_AS(checked_axis(-rank - 1, rank), std::invalid_argument);
  }
  CHECK_THROWS_AS(checked_axis(0, 0), std::invalid_argument);
  CHECK_THROWS_WITH(checked_axis(-4, 3), says("axis -4") && says("rank 3"));
}

TEST_CASE("shape: sizes from outside are refused where they cannot be") {
  CHECK(checked_count({}) == 1);
  CHECK(checked_count({3, 0, 5}) == 0);
  CHECK(checked_count({huge, 16}) == huge * 16);
  CHECK_THROWS_WITH(checked_count({3, -2}), says("axis 1 has size -2"));
  CHECK_THROWS_WITH(checked_count({0, -1}), says("axis 1 has size -1"));
  CHECK_THROWS_WITH(checked_count({huge, huge}), says("too large"));
  // An empty axis does not excuse the others: their product is computed all over the library.
  CHECK_THROWS_WITH(checked_count({0, huge, huge}), says("too large"));
  constexpr index_t most = std::numeric_limits<index_t>::max() / 16;
  CHECK(checked_count({most}) == most);
  CHECK_THROWS_AS(checked_count({most + 1}), std::invalid_argument);
  CHECK_THROWS_AS(checked_count({2, most / 2 + 1}), std::invalid_argument);
}
