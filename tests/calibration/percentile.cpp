// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/calibration/granular.hpp>
#include <equant/calibration/percentile.hpp>

using namespace equant;

TEST_CASE("percentile: ranks of magnitudes, of both ends, or of the one end") {
  percentile p(90);
  Eigen::VectorXf x(11);
  x << 0, 1, -2, 3, -4, 5, -6, 7, -8, 9, -10;
  p.observe(x);
  CHECK(p.range<int8>(symmetric) == interval{-9, 9});
  const interval both = p.range<int8>(asymmetric);  // numpy.percentile(x, [5, 95])
  CHECK(both.low == Approx(-9));
  CHECK(both.high == Approx(8));
  percentile one(75);
  one.observe(x.cwiseAbs());
  CHECK(one.range<uint8>(asymmetric) == interval{0, 7.5});
  percentile other(75);
  other.observe((-x.cwiseAbs()).eval());
  CHECK(other.range<uint8>(asymmetric) == interval{-7.5, 0});
  percentile all(100);
  all.observe(x);
  CHECK(all.range<uint8>(asymmetric) == interval{-10, 9});
  CHECK(all.params<int8>(symmetric)[0] == affine{10.0f / 127, 0});
}

TEST_CASE("percentile: of many values to a bin's width, streamed or not") {
  const auto x = matrices::uniform<Eigen::MatrixXf>(300, 100, -1, 3);
  percentile p(99.9), parts(99.9);
  p.observe(x);
  for (int i = 0; i < 300; i += 50) parts.observe(x.middleRows(i, 50));
  CHECK(p.save() == parts.save());
  const interval both = p.range<int8>(asymmetric);
  CHECK(both.low == Approx(-1 + 4 * 0.0005).margin(0.008));
  CHECK(both.high == Approx(3 - 4 * 0.0005).margin(0.02));
}

TEST_CASE("percentile: per axis, and what is refused") {
  const auto x = matrices::uniform<Eigen::MatrixXf>(4, 50, -1, 1);
  granular rows(percentile(80), per_axis{0});
  rows.observe(x);
  for (int i = 0; i < 4; ++i) {
    percentile one(80);
    one.observe(x.row(i));
    CHECK(rows.params<int8>(symmetric)[i] == one.params<int8>(symmetric)[0]);
  }
  for (double bad : {0.0, -1.0, 100.1, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_WITH(percentile(bad), says("a percentile is in (0, 100]"));
  }
  CHECK_THROWS_WITH(percentile(50).params<int8>(symmetric), says("percentile has not observed any value"));
  percentile p(50);
  CHECK_THROWS_AS(p.observe(Eigen::Vector2f(1, std::numeric_limits<float>::infinity())), std::invalid_argument);
  CHECK(!p.seen());
  STATIC_REQUIRE(calibrator<percentile>);
}
