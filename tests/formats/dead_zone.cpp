// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/formats/dead_zone.hpp>

using namespace equant;

TEST_CASE("dead_zone: codes and levels by hand", "[formats]") {
  dead_zone<5>::near_levels levels{};
  for (std::size_t i = 0; i < levels.size(); ++i) levels[i] = static_cast<float>(i) * 10;
  const dead_zone<5> f(0.75f, levels, 0.125f, 0.25f);
  const auto code = [&](float r) { return dead_zone<5>::value(f.encode(r)); };
  for (float sign : {-1.0f, 1.0f}) {
    const int s = static_cast<int>(sign);
    CHECK(code(0) == 0);
    CHECK(code(sign * 0.74f) == 0);
    CHECK(code(sign * 0.75f) == s);
    CHECK(code(sign * 1.74f) == s);
    CHECK(code(sign * 1.75f) == 2 * s);
    CHECK(code(sign * 14.7f) == 14 * s);
    CHECK(code(sign * 14.75f) == 15 * s);
    CHECK(code(sign * 1e30f) == 15 * s);
    CHECK(code(sign * std::numeric_limits<float>::infinity()) == 15 * s);
    CHECK(f.contains(sign * 15.75f));
    CHECK_FALSE(f.contains(sign * 15.8f));
  }
  CHECK(code(std::numeric_limits<float>::quiet_NaN()) == 0);
  // -8..8 have levels of their own; 9 is the cell 8.75..9.75, whose middle is pulled towards zero
  CHECK(f.decode(f.encode(-8)) == 0);
  CHECK(f.decode(f.encode(0)) == 80);
  CHECK(f.decode(f.encode(8)) == 160);
  CHECK(f.decode(f.encode(9)) == 9);
  CHECK(f.decode(f.encode(-9)) == -9.125f);
  CHECK(f.largest() == 15);
}
