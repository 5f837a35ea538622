// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/formats/bipolar.hpp>

using namespace equant;

TEST_CASE("bipolar: two levels, zero and NaN at the upper one", "[formats]") {
  CHECK(bipolar::decode(0) == -1);
  CHECK(bipolar::decode(1) == 1);
  for (float r : builders::special_values<float>()) {
    CHECK(int{bipolar::encode(r)} == (r < 0 ? 0 : 1));
    CHECK(bipolar::contains(r) == (std::abs(r) <= 1));
  }
  CHECK(int{bipolar::encode(-0.0f)} == 1);
  CHECK(int{bipolar::encode(-std::numeric_limits<float>::denorm_min())} == 0);
  CHECK_FALSE(bipolar::contains(builders::neighbour(1.0f, 1)));
}

TEST_CASE("bipolar: what the type says", "[formats]") {
  static_assert(element_format<bipolar> && !integer_format<bipolar> && std::is_empty_v<bipolar>);
  static_assert(bipolar::bits == 1 && !bipolar::has_zero_point && bipolar::largest() == 1);
  static_assert(bipolar::decode(bipolar::encode(-3)) == -1 && bipolar{} == bipolar{});
  static_assert(std::same_as<int1, bipolar>);
  SUCCEED();
}
