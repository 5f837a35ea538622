// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/rounding.hpp>

#include "builders.hpp"
#include "catch.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <tuple>

using namespace equant;

namespace {

/// The C library's own, the oracle; nearbyint is nearest even in the default rounding mode.
template <class T>
T oracle(nearest_even, T x) {
  return std::nearbyint(x);
}
template <class T>
T oracle(half_away, T x) {
  return std::round(x);
}
template <class T>
T oracle(toward_zero, T x) {
  return std::trunc(x);
}

/// Equal, or both NaN. Zeros of either sign are one integer.
template <class T>
bool same(T a, T b) {
  return a == b || (a != a && b != b);
}

template <class Rounding, class T>
bool right(T x) {
  return same(Rounding::apply(x), oracle(Rounding{}, x));
}

/// x and its neighbours on both sides, and the same with the other sign.
template <class Rounding, class T>
bool right_around(T x) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  for (T v : {x, std::nextafter(x, -infinity), std::nextafter(x, infinity)}) {
    if (!right<Rounding>(v) || !right<Rounding>(-v)) return false;
  }
  return true;
}

using all_roundings = std::tuple<nearest_even, half_away, toward_zero>;

// Usable at compile time.
static_assert(nearest_even::apply(0.5f) == 0 && nearest_even::apply(1.5f) == 2 &&
              nearest_even::apply(2.5f) == 2);
static_assert(nearest_even::apply(-0.5f) == 0 && nearest_even::apply(-1.5f) == -2 &&
              nearest_even::apply(-2.5) == -2);
static_assert(half_away::apply(0.5f) == 1 && half_away::apply(2.5f) == 3 &&
              half_away::apply(-2.5) == -3);
static_assert(toward_zero::apply(2.9f) == 2 && toward_zero::apply(-2.9) == -2);
static_assert(nearest_even::apply(0.49999997f) == 0 && half_away::apply(0.49999997f) == 0);
static_assert(nearest_even::apply(std::numeric_limits<float>::infinity()) ==
              std::numeric_limits<float>::infinity());

}  // namespace

TEST_CASE("rounding: ties and their neighbours by hand") {
  struct row {
    double x, even, away, zero;
  };
  // clang-format off
  const row rows[] = {
      {0, 0, 0, 0}, {0.25, 0, 0, 0}, {0.5, 0, 1, 0}, {-0.5, 0, -1, 0}, {0.75, 1, 1, 0},
      {1.5, 2, 2, 1}, {-1.5, -2, -2, -1}, {2.5, 2, 3, 2}, {-2.5, -2, -3, -2}, {3.5, 4, 4, 3},
      {126.5, 126, 127, 126}, {127.5, 128, 128, 127}, {-127.5, -128, -128, -127},
      {254.5, 254, 255, 254}, {8388606.5, 8388606, 8388607, 8388606},
      {8388607.5, 8388608, 8388608, 8388607}};
  // clang-format on
  for (const row& r : rows) {
    CAPTURE(r.x);
    CHECK(nearest_even::apply(r.x) == r.even);
    CHECK(half_away::apply(r.x) == r.away);
    CHECK(toward_zero::apply(r.x) == r.zero);
    const float x = static_cast<float>(r.x);  // exact
    CHECK(nearest_even::apply(x) == static_cast<float>(r.even));
    CHECK(half_away::apply(x) == static_cast<float>(r.away));
    CHECK(toward_zero::apply(x) == static_cast<float>(r.zero));
  }
}

TEMPLATE_LIST_TEST_CASE("rounding: every tie up to 2^15, and its neighbours", "", all_roundings) {
  bool all = true;
  for (int i = 0; i < 1 << 16; ++i) {
    const float x = static_cast<float>(i) / 2;
    all = all && right_around<TestType>(x) && right_around<TestType>(static_cast<double>(x));
  }
  CHECK(all);
}

TEMPLATE_LIST_TEST_CASE("rounding: edges of the types", "", all_roundings) {
  // 0.49999997f + 0.5f is 1 in float: the mistake of floor(x + 0.5). From 2^23 and 2^52 on nothing
  // has a fraction.
  for (float x :
       {0.0f, 1e-45f, 0.49999997f, 0.5f, 8388607.5f, 8388608.0f, 8388609.0f, 2147483648.0f, 9.3e18f,
        std::numeric_limits<float>::min(), std::numeric_limits<float>::max()}) {
    CAPTURE(x);
    CHECK(right_around<TestType>(x));
  }
  for (double x : {0.0, 5e-324, 0.49999999999999994, 0.5, 4503599627370495.5, 4503599627370496.0,
                   9007199254740993.0, 9.3e18, std::numeric_limits<double>::max()}) {
    CAPTURE(x);
    CHECK(right_around<TestType>(x));
  }
  CHECK(TestType::apply(std::numeric_limits<float>::infinity()) ==
        std::numeric_limits<float>::infinity());
  CHECK(TestType::apply(-std::numeric_limits<double>::infinity()) ==
        -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(TestType::apply(std::numeric_limits<float>::quiet_NaN())));
  CHECK(std::isnan(TestType::apply(std::numeric_limits<double>::quiet_NaN())));
}

TEMPLATE_LIST_TEST_CASE("rounding: random bit patterns, and values with a fraction", "",
                        all_roundings) {
  builders::random_numbers random;
  bool all = true;
  for (int i = 0; i < 200000; ++i) {
    const std::uint64_t bits = random.bits();
    all = all && right<TestType>(std::bit_cast<double>(bits)) &&
          right<TestType>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    // A number of 23 bits before the point at most: where codes live.
    const double x = static_cast<double>(static_cast<std::int64_t>(bits)) / 0x1p40 /
                     static_cast<double>(1 + bits % 999);
    all = all && right<TestType>(x) && right<TestType>(static_cast<float>(x));
  }
  CHECK(all);
}
