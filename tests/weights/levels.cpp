// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <weights/layers.hpp>

#include <equant/weights/levels.hpp>

#include <limits>

using namespace equant;

TEST_CASE("Integer levels are symmetric about zero") {
  const auto l = weights::levels::integers(3);
  CHECK(l.size() == 7);
  CHECK(l.reach() == 3);
  for (float x : {-9.0f, -2.6f, -0.4f, 0.4f, 1.6f, 9.0f}) {
    CHECK(l.nearest(x) == std::max(-3.0f, std::min(3.0f, std::nearbyint(x))));
  }
  CHECK(l.nearest(std::numeric_limits<float>::quiet_NaN()) == 0);
  CHECK_THROWS_WITH(weights::levels::integers(9), says("9 bits"));
  CHECK_THROWS_WITH(weights::levels({1, 1}), says("level 1 after 1"));
  CHECK_THROWS_WITH(weights::levels({}), says("0 levels"));
}

TEST_CASE("Gaussian levels are those of Max") {
  const auto l = weights::levels::gaussian(2);  // Max 1960, table I
  CHECK(l.value(0) == Approx(-1.510).epsilon(1e-3));
  CHECK(l.value(2) == Approx(0.4528).epsilon(1e-3));
  CHECK(l.nearest(0.97f) == l.value(2));
  CHECK(l.nearest(0.99f) == l.value(3));
}

TEST_CASE("A trellis along the outputs loses less than the best levels") {
  Eigen::VectorXf x = gaussian_matrix(512, 1, 3), y = x, z = x;
  weights::trellis_levels<2>(8).round(y);
  weights::levels::gaussian(2).round(z);
  CHECK((y - x).squaredNorm() < 0.8f * (z - x).squaredNorm());
}
