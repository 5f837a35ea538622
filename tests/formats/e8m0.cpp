// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "golden.hpp"

#include <equant/formats/e8m0.hpp>

using namespace equant;

TEST_CASE("e8m0: every code stands for the value of the golden table", "[formats]") {
  const golden::matrix<double> expected = golden::npy<double>("decode_e8m0_f64.npy");
  REQUIRE(expected.size() == 256);
  for (int c = 0; c < 255; ++c) {
    CHECK(static_cast<double>(e8m0::decode(static_cast<std::uint8_t>(c))) == expected(c));
  }
  CHECK(std::isnan(e8m0::decode(255)));
  CHECK(std::isnan(expected(255)));
}

TEST_CASE("e8m0: the nearest power of two, ties to the even code, zero and NaN to the smallest", "[formats]") {
  for (int c = 0; c < 254; ++c) {
    const float middle = static_cast<float>(std::ldexp(1.5, c - 127));
    CHECK(int{e8m0::encode(middle)} == c + c % 2);
    CHECK(int{e8m0::encode(builders::neighbour(middle, -1))} == c);
    CHECK(int{e8m0::encode(builders::neighbour(middle, 1))} == c + 1);
  }
  CHECK(int{e8m0::encode(std::numeric_limits<float>::infinity())} == 254);
  for (float x : {0.0f, -1.0f, std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(int{e8m0::encode(x)} == 0);
  }
  static_assert(e8m0::decode(127) == 1 && e8m0::largest() == 0x1p127f);
}
