// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/contraction.hpp>

#include "builders.hpp"
#include "catch.hpp"

#include <cmath>
#include <tuple>

using namespace equant;

// These say most with -O2 -march=haswell -ffp-contract=fast: `a * b + c` is one instruction there.

namespace {

using reals = std::tuple<float, double>;

static_assert(uncontracted(1.5f) == 1.5f && uncontracted(-2.25) == -2.25);

/// a * b + c rounded twice, whatever the compiler likes to do: the product goes through memory.
template <class T>
T rounded_twice(T a, T b, T c) {
  const volatile T product = a * b;
  return product + c;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("contraction: a product is rounded before it is added to", "", reals) {
  builders::random_numbers random;
  const auto next = [&] { return static_cast<TestType>(random.uniform(-4, 4)); };
  int wrong = 0, telling = 0;
  for (int i = 0; i < 100000; ++i) {
    const TestType a = next(), b = next(), c = -a * next();
    const TestType twice = rounded_twice(a, b, c);
    wrong += uncontracted(a * b) + c != twice ? 1 : 0;
    wrong += c - uncontracted(a * b) != -rounded_twice(a, b, -c) ? 1 : 0;
    telling += std::fma(a, b, c) != twice ? 1 : 0;
  }
  CHECK(wrong == 0);
  CHECK(telling > 10000);  // else the comparison would prove nothing
}

TEST_CASE("contraction: a case by hand") {
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24, which float rounds to 1 + 2^-11; fused, the 2^-24 survives.
  const volatile float a = 1.000244140625f, c = -1.00048828125f;
  CHECK(uncontracted(a * a) + c == 0.0f);
  CHECK(std::fma(a, a, c) == 0x1p-24f);
}

TEST_CASE("contraction: values pass unchanged") {
  for (double x : {0.0, -0.0, 0.1, -5e-324, HUGE_VAL}) {
    CHECK(uncontracted(x) == x);
    CHECK(std::signbit(uncontracted(x)) == std::signbit(x));
  }
  CHECK(std::isnan(uncontracted(std::nanf(""))));
}
