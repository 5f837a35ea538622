// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "calibration/saved_state.hpp"
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/calibration/moving_average.hpp>
#include <equant/core/contiguous.hpp>

namespace {

using namespace equant;

/// m += c * (batch - m) in float, every operation rounded on its own.
float averaged(float m, float c, float batch) {
  volatile float step = batch - m;
  step = c * step;
  volatile float sum = m + step;
  return sum;
}

moving_average of_range(float low, float high) {
  moving_average m;
  m.observe(Eigen::Vector2f(low, high));
  return m;
}

}  // namespace

TEST_CASE("moving_average: the first batch starts it, the others pull") {
  moving_average observer(0.25);
  CHECK(!observer.seen());
  observer.observe(Eigen::Vector3f(-8, 0, 4));
  CHECK(observer.range() == interval{-8, 4});
  observer.observe(Eigen::Vector2f(0, 8));
  CHECK(observer.range() == interval{-6, 5});
  observer.observe(Eigen::Vector2f(-2, -2));
  CHECK(observer.range() == interval{-5, 3.25});
  CHECK(observer.params<int8>(symmetric)[0] == affine{5.0f / 127, 0});
  CHECK(observer.range<int8>(symmetric) == observer.range());
}

TEST_CASE("moving_average: a sequence in float, to the bit") {
  builders::random_numbers random(5);
  for (double constant : {0.01, 0.1, 1.0 / 3, 1.0}) {
    moving_average observer(constant);
    const float c = static_cast<float>(constant);
    float low = 0, high = 0;
    for (int batch = 0; batch < 100; ++batch) {
      const auto x = matrices::uniform<Eigen::MatrixXf>(3, 4, -random.uniform(0, 5), 5, random.bits());
      low = batch == 0 ? x.minCoeff() : averaged(low, c, x.minCoeff());
      high = batch == 0 ? x.maxCoeff() : averaged(high, c, x.maxCoeff());
      observer.observe(x);
      REQUIRE(observer.range() == interval{double(low), double(high)});
    }
  }
}

TEST_CASE("moving_average: a refused or an empty batch is none") {
  moving_average observer(0.5);
  observer.observe(Eigen::MatrixXf(0, 3));
  CHECK(!observer.seen());
  observer.observe(Eigen::Vector2f(0, 2));
  Eigen::Vector3f bad(1, std::numeric_limits<float>::quiet_NaN(), 9);
  CHECK_THROWS_WITH(observer.observe(bad), says("row 1, column 0"));
  observer.observe(Eigen::MatrixXf(0, 3));
  bad << bad[1], bad[1], bad[1];
  observer.observe(bad, non_finite::skip);
  CHECK(observer.range() == interval{0, 2});
  bad[2] = 4;
  observer.observe(bad, non_finite::skip);
  CHECK(observer.range() == interval{2, 3});
}

TEST_CASE("moving_average: without a value there are no parameters") {
  CHECK_THROWS_AS(moving_average{}.params<int8>(symmetric), std::invalid_argument);
  CHECK_THROWS_WITH(moving_average{}.params<int8>(symmetric), says("moving_average has not observed any value"));
}

TEST_CASE("moving_average: two that both saw batches do not merge") {
  moving_average observer = of_range(-1, 1);
  CHECK_THROWS_AS(observer.merge(of_range(0, 2)), std::invalid_argument);
  CHECK_THROWS_WITH(observer.merge(of_range(0, 2)), says("use min_max"));
  CHECK(observer.range() == interval{-1, 1});
  observer.merge(moving_average{});
  CHECK(observer.range() == interval{-1, 1});
  moving_average fresh;
  fresh.merge(observer);
  CHECK(fresh.range() == interval{-1, 1});
  fresh.merge(moving_average{});
  CHECK(fresh.range() == interval{-1, 1});
}

TEST_CASE("moving_average: a constant of 0 or less, or above 1, is refused") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (double c : {0.0, -0.01, 1.0001, 2.0, nan, infinity, -infinity, 1e-60}) {  // in float the last one is 0
    INFO(c);
    CHECK_THROWS_AS(moving_average(c), std::invalid_argument);
  }
  CHECK_THROWS_WITH(moving_average(1.5), says("(0, 1], not 1.5"));
  CHECK_NOTHROW(moving_average(1));
  CHECK_NOTHROW(moving_average(1e-30));
}

TEST_CASE("moving_average: a saved state is the observer") {
  moving_average observer(0.25);
  moving_average loaded;
  loaded.load(observer.save());
  CHECK(!loaded.seen());
  observer.observe(Eigen::Vector2f(-8, 4));
  loaded.load(observer.save());
  for (moving_average* m : {&observer, &loaded}) m->observe(Eigen::Vector2f(0, 8));
  CHECK(loaded.range() == interval{-6, 5});
  CHECK(loaded.save() == observer.save());
  const float most = std::numeric_limits<float>::max();
  CHECK_NOTHROW(loaded.load(of_range(-most, most).save()));
  CHECK(loaded.range() == interval{-double(most), double(most)});
}

TEST_CASE("moving_average: bytes that are not a state are refused") {
  moving_average loading = of_range(-8, 8);
  const auto valid = [](const moving_average& o) {
    return o.range().low <= o.range().high && std::isfinite(o.range().low) && std::isfinite(o.range().high);
  };
  saved_state::refuses_damage(of_range(-1.25f, 3.75f), loading, valid);
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const std::array<double, 3> states[] = {{0, -1, 1},        {2, -1, 1},   {nan, -1, 1}, {0.5, 1, -1},
                                          {0.5, nan, 1},     {0.5, 1, nan}, {0.5, 0, infinity},
                                          {0.5, -infinity, 0}};
  for (const auto& [constant, low, high] : states) {
    archive_writer out("moving_average", 1);
    out.real(constant);
    out.integer(1);
    out.real(low);
    out.real(high);
    INFO(constant << ", " << low << " to " << high);
    CHECK(saved_state::refused(loading, std::move(out).take()));
  }
}

TEST_CASE("moving_average: its memory does not grow") {
  STATIC_REQUIRE(sizeof(moving_average) <= 4 * sizeof(float));
  STATIC_REQUIRE(std::is_trivially_copyable_v<moving_average>);
  STATIC_REQUIRE(calibrator<moving_average>);
}
