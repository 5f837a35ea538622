// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "core/says.hpp"

#include <equant/calibration/fit.hpp>
#include <equant/core/eigen.hpp>

namespace {

using namespace equant;

constexpr float most = std::numeric_limits<float>::max();

template <class... Format, class F>
void for_each_format(formats::list<Format...>, F f) {
  (f(Format{}), ...);
}

/// The real number of an integer code, in double.
template <class Map>
double real(int code, const Map& map) {
  return (code - static_cast<double>(map.zero_point)) * static_cast<double>(map.scale);
}

/// The level next to x, by trying them all.
template <class Format, class Map>
double nearest(double x, Format, const Map& map) {
  double best = real(Format::range.lowest, map);
  for (int c = Format::range.lowest; c <= Format::range.highest; ++c) {
    if (std::abs(real(c, map) - x) < std::abs(best - x)) best = real(c, map);
  }
  return best;
}

interval random_interval(builders::random_numbers& random) {
  const double a = random.uniform(-3, 3), b = random.uniform(-3, 3);
  return {std::min(a, b), std::max(a, b)};
}

}  // namespace

TEST_CASE("fit: asymmetric, by hand") {
  const affine u = fit<uint8>(interval{-1, 3}, asymmetric);
  CHECK(u.scale == 4.0f / 255);
  CHECK(u.zero_point == 64);  // 0 + 255 / 4 = 63.75
  CHECK(fit<int8>(interval{-1, 3}, asymmetric) == affine{4.0f / 255, -64});
  CHECK(fit<uint4>(interval{-7.5, 7.5}, asymmetric) == affine{1, 8});  // 7.5, to even
  CHECK(fit<uint8>(interval{-0.5, 254.5}, asymmetric) == affine{1, 0});
  CHECK(fit<uint8>(interval{-1.5, 253.5}, asymmetric) == affine{1, 2});
  CHECK(fit<narrow_int8>(interval{-127, 127}, asymmetric) == affine{1, 0});
  CHECK(fit<uint1>(interval{0, 2}, asymmetric) == affine{2, 0});
}

TEST_CASE("fit: an asymmetric range is widened to hold zero") {
  CHECK(fit<uint8>(interval{2, 51}, asymmetric) == affine{51.0f / 255, 0});
  CHECK(fit<uint8>(interval{-51, -2}, asymmetric) == affine{51.0f / 255, 255});
  CHECK(fit<int8>(interval{3, 3}, asymmetric) == affine{3.0f / 255, -128});
}

TEST_CASE("fit: symmetric is amax over the highest code, unsigned around the middle code") {
  CHECK(fit<int8>(interval{-1, 3}, symmetric) == affine{3.0f / 127, 0});
  CHECK(fit<int8>(interval{-3, -1}, symmetric) == affine{3.0f / 127, 0});
  CHECK(fit<int8>(interval{1, 3}, symmetric) == affine{3.0f / 127, 0});
  CHECK(fit<narrow_int4>(interval{-7, 3}, symmetric) == affine{1, 0});
  CHECK(fit<uint8>(interval{-1, 3}, symmetric) == affine{3.0f / 127, 128});
  CHECK(fit<uint4>(interval{-14, 3}, symmetric) == affine{2, 8});
}

TEST_CASE("fit: one bit has the levels -amax and +amax") {
  const affine map = fit<int1>(interval{-2, 1}, symmetric);
  CHECK(map == affine{2, 0});
  CHECK(int1::decode(0) * map.scale == -2);
  CHECK(int1::decode(1) * map.scale == 2);
}

TEST_CASE("fit: mid-rise has its zero between two codes, and its ends half a step inside") {
  const real_affine<float> map = fit<int4>(interval{-1, 3}, mid_rise);
  CHECK(map.scale == 0.375f);  // 2 * 3 / 16
  CHECK(map.zero_point == -0.5f);
  CHECK(real(-8, map) == -3 + 0.1875);
  CHECK(real(7, map) == 3 - 0.1875);
  CHECK(fit<uint4>(interval{-1, 3}, mid_rise) == real_affine<float>{0.375f, 7.5f});
  CHECK(fit<integer<1>>(interval{-1, 3}, mid_rise) == real_affine<float>{3, -0.5f});
  STATIC_REQUIRE(std::is_same_v<decltype(fit<int4, double>(interval{}, mid_rise)), real_affine<double>>);
  STATIC_REQUIRE(std::is_same_v<decltype(fit<int4, fp16>(interval{}, mid_rise)), real_affine<float>>);
}

TEST_CASE("fit: at compile time") {
  STATIC_REQUIRE(fit<int8>(interval{-254, 100}, symmetric) == affine{2, 0});
  STATIC_REQUIRE(fit<uint8>(interval{-1, 254}, asymmetric) == affine{1, 1});
  STATIC_REQUIRE(fit<int8>(interval{-1, 2}, mid_rise) == real_affine<float>{1.0f / 64, -0.5f});
  STATIC_REQUIRE(fit<int8>(interval{0, 255}, asymmetric, convention::tflite{}) == affine{1, -128});
}

TEST_CASE("fit: zero is exact, and everything in the range is at most half a step away") {
  builders::random_numbers random(7);
  for_each_format(formats::integers{}, [&](auto format) {
    using format_type = decltype(format);
    if constexpr (format_type::bits <= 10) {
      for (int i = 0; i < 20; ++i) {
        const interval x = random_interval(random);
        const double inside = random.uniform(x.low, x.high);
        INFO(format_type::bits << " bits, range " << x.low << " to " << x.high << ", value " << inside);
        const affine a = fit<format_type>(x, asymmetric);
        CHECK(nearest(0, format, a) == 0);
        for (double v : {x.low, inside, x.high}) {
          CHECK(std::abs(nearest(v, format, a) - v) <= 0.5001 * static_cast<double>(a.scale));
        }
        if constexpr (format_type::bits > 1) {
          const affine s = fit<format_type>(x, symmetric);
          CHECK(nearest(0, format, s) == 0);
          for (double v : {x.low, inside, x.high}) {
            CHECK(std::abs(nearest(v, format, s) - v) <= 0.5001 * static_cast<double>(s.scale));
          }
        }
        if constexpr ((format_type::range.highest - format_type::range.lowest) % 2 == 1) {
          const auto m = fit<format_type>(x, mid_rise);
          CHECK(std::abs(nearest(0, format, m)) == Approx(0.5 * static_cast<double>(m.scale)));
          for (double v : {x.low, inside, x.high}) {
            CHECK(std::abs(nearest(v, format, m) - v) <= 0.5001 * static_cast<double>(m.scale));
          }
        }
      }
    }
  });
}

TEST_CASE("fit: the scale is a normal float, and no code decodes to infinity") {
  const double tiny = static_cast<double>(std::numeric_limits<float>::denorm_min());
  const double widest = std::numeric_limits<double>::max();
  for (const interval x : {interval{0, 0}, interval{-0.0, 0.0}, interval{-tiny, tiny}, interval{0, 1e-300},
                           interval{-double(most), double(most)}, interval{0, double(most)},
                           interval{-double(most), 1}, interval{-widest, widest}, interval{0, widest}}) {
    for_each_format(formats::integers{}, [&](auto format) {
      using format_type = decltype(format);
      INFO(format_type::bits << " bits, range " << x.low << " to " << x.high);
      auto check = [](auto map) {
        CHECK(std::isnormal(map.scale));
        CHECK(map.scale > 0);
        for (int c : {format_type::range.lowest, format_type::range.highest}) {
          CHECK(std::abs(real_value<float>(c, map)) <= most);
        }
      };
      check(fit<format_type>(x, asymmetric));
      if constexpr (format_type::bits > 1) check(fit<format_type>(x, symmetric));
      if constexpr ((format_type::range.highest - format_type::range.lowest) % 2 == 1) {
        check(fit<format_type>(x, mid_rise));
        check(fit<format_type, double>(x, mid_rise));
      }
    });
  }
  CHECK(fit<int8>(interval{0, 0}, symmetric).scale == 1);
  CHECK(fit<int8>(interval{0, 0}, asymmetric) == affine{1, -128});
}

TEST_CASE("fit: a range that is not finite and ordered is refused") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const interval x : {interval{1, -1}, interval{nan, 1}, interval{0, nan}, interval{-infinity, 0},
                           interval{0, infinity}, interval{infinity, -infinity}}) {
    INFO(x.low << " to " << x.high);
    CHECK_THROWS_AS(fit<int8>(x, asymmetric), std::invalid_argument);
    CHECK_THROWS_AS(fit<int8>(x, symmetric), std::invalid_argument);
    CHECK_THROWS_AS(fit<int8>(x, mid_rise), std::invalid_argument);
    CHECK_THROWS_AS(fit<int1>(x, symmetric), std::invalid_argument);
  }
  CHECK_THROWS_WITH(fit<int8>(interval{2, -1}, symmetric), says("[2, -1]"));
}
