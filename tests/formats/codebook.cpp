// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "core/says.hpp"

#include <equant/formats/formats.hpp>

#include <algorithm>

using namespace equant;

TEST_CASE("codebook: half-way goes down, a repeated level is used once, NaN is zero", "[formats]") {
  const std::array<float, 4> levels{-2, 1, 1, 5};
  const codebook<2> c(levels);
  CHECK(int{c.encode(-2)} == 0);
  CHECK(int{c.encode(-0.5f)} == 0);
  CHECK(int{c.encode(builders::neighbour(-0.5f, 1))} == 1);
  CHECK(int{c.encode(1)} == 1);
  CHECK(int{c.encode(3)} == 1);
  CHECK(int{c.encode(builders::neighbour(3.0f, 1))} == 3);
  CHECK(int{c.encode(std::numeric_limits<float>::quiet_NaN())} == 1);
  CHECK(c.decode(2) == 1);
  CHECK(c.largest() == 5);
  CHECK((c.contains(-2) && c.contains(5) && !c.contains(5.5f) && !c.contains(-2.5f)));
  CHECK(c == codebook<2>(levels));
  CHECK_FALSE(c == codebook<2>{});
}

TEST_CASE("codebook: fewer levels leave codes unused, one level takes all", "[formats]") {
  const codebook<4> three(std::array{-1.0f, 0.25f, 2.0f});
  CHECK(int{three.encode(1e30f)} == 2);
  CHECK(int{three.encode(std::numeric_limits<float>::infinity())} == 2);
  CHECK(three.decode(15) == 2);
  const codebook<3> one(std::array{-7.0f});
  for (float r : builders::special_values<float>()) CHECK(int{one.encode(r)} == 0);
}

TEST_CASE("codebook: thresholds are exact where the middle is no float", "[formats]") {
  // The middle of 1 and its neighbour lies between floats; that of 1 and 1e-12 needs more bits than double has.
  const float up = builders::neighbour(1.0f, 1), tiny = 1e-12f;
  const codebook<1> close(std::array{1.0f, up});
  CHECK(int{close.encode(1)} == 0);
  CHECK(int{close.encode(up)} == 1);
  const codebook<1> wide(std::array{tiny, 1.0f});
  CHECK(int{wide.encode(0.5f)} == 0);
  CHECK(int{wide.encode(builders::neighbour(0.5f, 1))} == 1);
  const codebook<1> below(std::array{-tiny, 1.0f});
  CHECK(int{below.encode(builders::neighbour(0.5f, -1))} == 0);
  CHECK(int{below.encode(0.5f)} == 1);
  const float most = std::numeric_limits<float>::max(), least = std::numeric_limits<float>::denorm_min();
  CHECK(int{codebook<1>(std::array{-most, most}).encode(0)} == 0);
  CHECK(int{codebook<1>(std::array{-least, 0.0f}).encode(0)} == 1);
  CHECK(int{codebook<1>(std::array{-least, 0.0f}).encode(-least)} == 0);
}

TEST_CASE("codebook: refuses levels out of order, too many, none, or not finite", "[formats]") {
  const auto refused = [](std::vector<float> levels, const char* words) {
    CHECK_THROWS_WITH(codebook<1>(levels), says(words));
  };
  refused({2, 1}, "level 1 is 1 after 2");
  refused({1, 2, 3}, "3 levels for a codebook of 1 bits");
  refused({}, "0 levels");
  refused({std::numeric_limits<float>::quiet_NaN()}, "level 0 is nan");
  refused({0, std::numeric_limits<float>::infinity()}, "level 1 is inf");
}

TEST_CASE("fixed codebooks: levels by hand, at compile time", "[formats]") {
  static_assert(std::is_empty_v<nf4> && table_format<nf4> && table_format<codebook<8>> && !table_format<int8>);
  static_assert(int{nf4::encode(0)} == 7 && nf4::decode(15) == 1 && nf4::decode(nf4::encode(0.08f)) > 0.0795f);
  const auto levels = [](const auto& v) { return std::vector<float>(v.begin(), v.end()); };
  CHECK(levels(power_of_two<3>::levels()) == std::vector<float>{-1, -0.5f, -0.25f, 0, 0.25f, 0.5f, 1});
  CHECK(power_of_two<8>::levels()[128] == 0x1p-126f);
  // sums of {0, 1/2, 1/4, 1/16} and {0, 1/8}, of which 5/8 is the largest; and of {0, 1/2, 1/8, 1/32} and half of it
  std::vector<float> sums;
  for (float a : {0.0f, 0.5f, 0.25f, 0.0625f}) {
    for (float b : {0.0f, 0.125f}) sums.push_back((a + b) / 0.625f);
  }
  std::vector<float> more;
  for (float a : {0.0f, 0.5f, 0.125f, 0.03125f}) {
    for (float b : {0.0f, 0.5f, 0.125f, 0.03125f}) more.push_back((a + b / 2) / 0.75f);
  }
  const auto positive = [&](const auto& v) {
    return std::vector<float>(v.begin() + (v.end() - v.begin()) / 2, v.end());
  };
  std::sort(sums.begin(), sums.end());
  std::sort(more.begin(), more.end());
  CHECK(positive(additive_power_of_two<4>::levels()) == sums);
  CHECK(positive(additive_power_of_two<5>::levels()) == more);
}
