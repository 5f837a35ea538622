// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/core/arithmetic.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using namespace equant;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float largest = std::numeric_limits<float>::max();
constexpr code_range signed8{-128, 127};
constexpr code_range unsigned8{0, 255};

using outside = arithmetic<>;
using by_reciprocal = arithmetic<nearest_even, scaling::reciprocal>;
using ties_away = arithmetic<half_away>;
using truncated = arithmetic<toward_zero>;
using inside = arithmetic<nearest_even, scaling::division, zero_point_added::before_rounding>;
using ties_away_inside = arithmetic<half_away, scaling::division, zero_point_added::before_rounding>;
using reciprocal_inside = arithmetic<nearest_even, scaling::reciprocal, zero_point_added::before_rounding>;

std::vector<code_range> every_range() {
  std::vector<code_range> ranges;
  for (int bits = 1; bits <= 16; ++bits) {
    ranges.push_back({0, (1 << bits) - 1});
    ranges.push_back({-(1 << (bits - 1)), (1 << (bits - 1)) - 1});
    if (bits > 1) ranges.push_back({1 - (1 << (bits - 1)), (1 << (bits - 1)) - 1});
  }
  return ranges;
}

/// What the C library rounds to. `step` is volatile, so that no product here is fused with a sum.
template <class Rules, class T, class Map>
double unclamped(T x, const Map& map) {
  using V = decltype(x / map.scale);
  using S = typename Map::scale_type;
  volatile V step = Rules::scaled_by == scaling::division ? x / map.scale : x * (S(1) / map.scale);
  const auto rounded = [](V v) -> double {
    if constexpr (std::same_as<typename Rules::rounding, half_away>) return double(std::round(v));
    if constexpr (std::same_as<typename Rules::rounding, toward_zero>) return double(std::trunc(v));
    return double(std::nearbyint(v));
  };
  if (Rules::added == zero_point_added::after_rounding) return rounded(step) + double(map.zero_point);
  step = step + static_cast<V>(map.zero_point);
  return rounded(step);
}

template <class Rules, class T, class Map>
void agrees(T x, const Map& map, code_range range) {
  INFO("x = " << x << ", scale " << map.scale << ", zero point " << map.zero_point << ", codes " << range.lowest
              << " to " << range.highest);
  const double wanted = unclamped<Rules>(x, map);
  const bool within = wanted >= range.lowest && wanted <= range.highest;
  CHECK(Rules::code(x, map, range) == (within ? wanted : wanted < 0 ? range.lowest : range.highest));
  CHECK(Rules::unclipped(x, map, range) == within);
}

template <class Rules>
void agrees_at_random() {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> exponent(-6, 6), value(-1, 1);
  for (int i = 0; i < 20000; ++i) {
    const code_range range = i % 2 == 0 ? signed8 : code_range{0, 15};
    const float scale = static_cast<float>(std::exp2(exponent(random)));
    const affine map{scale, range.lowest + static_cast<std::int32_t>(random() % 16)};
    const double reach = 1.3 * scale * (range.highest - range.lowest);
    const double x = reach * value(random);
    const int ties = static_cast<int>(random() % 700) - 350;
    agrees<Rules>(static_cast<float>(x), map, range);
    agrees<Rules>(x, map, range);
    agrees<Rules>(static_cast<float>(ties / 2.0 * scale), map, range);
    if constexpr (Rules::added == zero_point_added::before_rounding) {
      const double zero = 7 * value(random);
      agrees<Rules>(static_cast<float>(x), real_affine<float>{scale, static_cast<float>(zero)}, range);
      agrees<Rules>(x, real_affine<double>{scale, zero}, range);
    }
  }
}

template <class Rules>
void saturates() {
  for (const code_range range : every_range()) {
    for (const std::int32_t zero : {range.lowest, (range.lowest + range.highest) / 2, range.highest}) {
      for (const float scale : {0.01f, 1.0f, 1e6f}) {
        const affine map{scale, zero};
        INFO("scale " << scale << ", zero point " << zero << ", codes " << range.lowest << " to " << range.highest);
        for (const float x : {infinity, largest, 0x1p63f * scale, 0x1p31f * scale, 70000.0f * scale}) {
          CHECK(Rules::code(x, map, range) == range.highest);
          CHECK(Rules::code(-x, map, range) == range.lowest);
          CHECK(!Rules::unclipped(x, map, range));
          CHECK(!Rules::unclipped(-x, map, range));
        }
        CHECK(Rules::code(1e300, map, range) == range.highest);
        CHECK(Rules::code(-1e300, map, range) == range.lowest);
        CHECK(Rules::code(not_a_number, map, range) == zero);
        CHECK(Rules::code(-not_a_number, map, range) == zero);
        CHECK(Rules::code(std::numeric_limits<double>::quiet_NaN(), map, range) == zero);
        CHECK(!Rules::unclipped(not_a_number, map, range));
        CHECK(Rules::code(0.0f, map, range) == zero);
        CHECK(Rules::code(-0.0f, map, range) == zero);
        CHECK(Rules::code(std::numeric_limits<float>::denorm_min(), map, range) == zero);
        CHECK(Rules::unclipped(0.0f, map, range));
      }
    }
  }
}

/// Every code stands for a number that goes back to it.
template <class Rules>
void returns() {
  for (const code_range range : every_range()) {
    for (const float scale : {0.1f, 0.00214854861f, 3.0f, 1e-37f, 1e33f}) {
      const affine map{scale, range.lowest + (range.highest - range.lowest) / 3};
      int lost = 0;
      for (std::int32_t code = range.lowest; code <= range.highest; ++code) {
        lost += Rules::code(real_value<float>(code, map), map, range) != code;
        lost += Rules::code(real_value<double>(code, map), map, range) != code;
      }
      INFO("scale " << scale << ", codes " << range.lowest << " to " << range.highest);
      CHECK(lost == 0);
    }
  }
}

}  // namespace

TEST_CASE("arithmetic: ties go where the rule says") {
  const std::vector<float> x{-2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f};
  const auto codes = [&](auto rules, std::int32_t zero) {
    std::vector<std::int32_t> c;
    for (float v : x) c.push_back(decltype(rules)::code(v, affine{1, zero}, signed8));
    return c;
  };
  using list = std::vector<std::int32_t>;
  CHECK(codes(outside{}, 0) == list{-2, -2, 0, 0, 2, 2});
  CHECK(codes(outside{}, 3) == list{1, 1, 3, 3, 5, 5});
  CHECK(codes(inside{}, 3) == list{0, 2, 2, 4, 4, 6});
  CHECK(codes(ties_away{}, 3) == list{0, 1, 2, 4, 5, 6});
  CHECK(codes(ties_away_inside{}, 3) == list{1, 2, 3, 4, 5, 6});
  CHECK(codes(truncated{}, 3) == list{1, 2, 3, 3, 4, 5});
}

TEST_CASE("arithmetic: the reciprocal is not the division") {
  const affine map{0.00214854861f, 0};
  const float x = 0.273939937f;
  CHECK(outside::scaled(x, map.scale) == 127.499992f);
  CHECK(by_reciprocal::scaled(x, map.scale) == 127.5f);
  CHECK(outside::code(x, map, unsigned8) == 127);
  CHECK(by_reciprocal::code(x, map, unsigned8) == 128);
  CHECK(outside::code(-x, map, signed8) == -127);
  CHECK(by_reciprocal::code(-x, map, signed8) == -128);
}

TEST_CASE("arithmetic: the wider type is kept to the rounding") {
  const double above = 0.5 + 1e-12;  // in float, the tie 0.5
  CHECK(outside::code(above, affine{1, 0}, signed8) == 1);
  CHECK(inside::code(above, affine{1, 0}, signed8) == 1);
  CHECK(outside::code(static_cast<float>(above), affine{1, 0}, signed8) == 0);
  CHECK(inside::code(1.0f, real_affine<double>{2 - 1e-12, 0}, signed8) == 1);
  CHECK(inside::code(1.0f, real_affine<float>{2, 0}, signed8) == 0);
}

TEST_CASE("arithmetic: codes equal the C library's rounding") {
  agrees_at_random<outside>();
  agrees_at_random<by_reciprocal>();
  agrees_at_random<ties_away>();
  agrees_at_random<truncated>();
  agrees_at_random<inside>();
  agrees_at_random<ties_away_inside>();
  agrees_at_random<reciprocal_inside>();
}

TEST_CASE("arithmetic: too large saturates, and NaN goes to the code of zero") {
  saturates<outside>();
  saturates<by_reciprocal>();
  saturates<ties_away>();
  saturates<inside>();
  saturates<ties_away_inside>();
}

TEST_CASE("arithmetic: a real zero point rounds NaN to the nearest code, clamped") {
  CHECK(inside::code(not_a_number, real_affine<float>{1, 2.6f}, unsigned8) == 3);
  CHECK(inside::code(not_a_number, real_affine<float>{1, 2.5f}, unsigned8) == 2);
  CHECK(inside::code(not_a_number, real_affine<float>{1, -170}, unsigned8) == 0);
  CHECK(inside::code(not_a_number, real_affine<float>{1, 425}, unsigned8) == 255);
  CHECK(inside::code(0.0, real_affine<double>{1, 2.6}, unsigned8) == 3);
}

TEST_CASE("arithmetic: clipping starts where rounding leaves the codes") {
  const affine map{0.5f, -3};
  CHECK(outside::unclipped(65.0f, map, signed8));          // 130 - 3 = 127
  CHECK(outside::unclipped(65.24f, map, signed8));         // 130.48
  CHECK(outside::unclipped(65.25f, map, signed8));         // the tie 130.5 goes to 130
  CHECK(!outside::unclipped(65.26f, map, signed8));
  CHECK(outside::unclipped(-62.5f, map, signed8));         // -125 - 3 = -128
  CHECK(!outside::unclipped(-62.75f, map, signed8));       // the tie -125.5 goes to -126
  CHECK(!ties_away::unclipped(65.25f, map, signed8));      // the tie 130.5 goes to 131
  CHECK(!inside::unclipped(65.25f, map, signed8));         // 127.5 goes to 128
  CHECK(inside::unclipped(-62.75f, map, signed8));         // -128.5 goes to -128
}

TEST_CASE("arithmetic: what a code stands for") {
  CHECK(real_value<float>(127, affine{0.5f, -3}) == 65.0f);
  CHECK(real_value<float>(-128, affine{0.1f, -128}) == 0.0f);
  CHECK(!std::signbit(real_value<float>(-128, affine{0.1f, -128})));
  CHECK(real_value<float>(7, affine{0.1f, 0}) == 7 * 0.1f);
  CHECK(real_value<double>(7, affine{0.1f, 0}) == 7 * double(0.1f));
  CHECK(real_value<float>(-32768, affine{1, largest_zero_point}) == -4227072.0f);  // 2^22 + 2^15, exact
  CHECK(real_value<float>(5, real_affine<float>{2, 0.5f}) == 9.0f);
  CHECK(real_value<double>(5, real_affine<double>{0.1, 0.5}) == 4.5 * 0.1);
  CHECK(real_value<float>(5, real_affine<double>{0.1, 0.5}) == static_cast<float>(4.5 * 0.1));
}

TEST_CASE("arithmetic: every code comes back") {
  returns<outside>();
  returns<by_reciprocal>();
  returns<ties_away>();
  returns<inside>();
  returns<ties_away_inside>();
}

TEST_CASE("arithmetic: works at compile time") {
  static_assert(outside::code(0.5f, affine{1, 3}, unsigned8) == 3);
  static_assert(inside::code(0.5f, affine{1, 3}, unsigned8) == 4);
  static_assert(by_reciprocal::code(0.273939937f, affine{0.00214854861f, 0}, unsigned8) == 128);
  static_assert(outside::code(infinity, affine{1, 3}, unsigned8) == 255);
  static_assert(outside::code(not_a_number, affine{1, 3}, unsigned8) == 3);
  static_assert(!ties_away::unclipped(300.0, affine{1, 3}, unsigned8));
  static_assert(real_value<float>(4, affine{0.5f, 3}) == 0.5f);
  SUCCEED("the checks are made by the compiler");
}
