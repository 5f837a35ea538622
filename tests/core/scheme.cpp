// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/scheme.hpp>

#include "catch.hpp"

using namespace equant;

static_assert(range_scheme<symmetric_t> && range_scheme<asymmetric_t> && range_scheme<mid_rise_t>);
static_assert(!range_scheme<interval> && !range_scheme<int>);

TEST_CASE("scheme: an interval's largest magnitude") {
  CHECK(interval{-3, 1}.largest_magnitude() == 3);
  CHECK(interval{-1, 3}.largest_magnitude() == 3);
  CHECK(interval{2, 5}.largest_magnitude() == 5);
  CHECK(interval{-5, -2}.largest_magnitude() == 5);
  CHECK(interval{}.largest_magnitude() == 0);
}

TEST_CASE("scheme: an interval is widened to hold zero, and not further") {
  CHECK(interval{2, 5}.with_zero() == interval{0, 5});
  CHECK(interval{-5, -2}.with_zero() == interval{-5, 0});
  CHECK(interval{-1, 3}.with_zero() == interval{-1, 3});
}
