// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/error_sums.hpp>

namespace {

using namespace equant;

/// The documented order, lane by lane: element i in lane i mod 8, each lane summed in order, lanes put together
/// pairwise. Every product is fused, which for floats changes nothing.
template <class T>
kernels::error_sums naive(const std::vector<T>& x, const std::vector<T>& y) {
  const auto sum = [&](auto term) {
    double lane[8] = {};
    for (std::size_t l = 0; l < 8; ++l) {
      for (std::size_t i = l; i < x.size(); i += 8) lane[l] = term(x[i], y[i], lane[l]);
    }
    const double even = (lane[0] + lane[4]) + (lane[2] + lane[6]);
    const double odd = (lane[1] + lane[5]) + (lane[3] + lane[7]);
    return even + odd;
  };
  const auto error = [](T a, T b) {
    volatile T e = b - a;
    return static_cast<double>(e);
  };
  const auto wide = [](T a) { return static_cast<double>(a); };
  kernels::error_sums s;
  s.error = sum([&](T a, T b, double c) { return c + error(a, b); });
  s.magnitude = sum([&](T a, T b, double c) { return c + std::abs(error(a, b)); });
  s.square = sum([&](T a, T b, double c) { return std::fma(error(a, b), error(a, b), c); });
  s.x_square = sum([&](T a, T, double c) { return std::fma(wide(a), wide(a), c); });
  s.y_square = sum([&](T, T b, double c) { return std::fma(wide(b), wide(b), c); });
  s.product = sum([&](T a, T b, double c) { return std::fma(wide(a), wide(b), c); });
  for (std::size_t i = 0; i < x.size(); ++i) s.largest = std::max(s.largest, std::abs(error(x[i], y[i])));
  return s;
}

/// Bit for bit, NaN equal to NaN.
bool same(const kernels::error_sums& a, const kernels::error_sums& b) {
  const auto equal = [](double u, double v) { return builders::same_bits(&u, &v, 1) || (u != u && v != v); };
  return equal(a.error, b.error) && equal(a.magnitude, b.magnitude) && equal(a.square, b.square) &&
         equal(a.x_square, b.x_square) && equal(a.y_square, b.y_square) && equal(a.product, b.product) &&
         equal(a.largest, b.largest);
}

template <class T>
void check(const std::string& what, const std::vector<T>& x, const std::vector<T>& y, auto run) {
  const kernels::error_sums wanted = naive(x, y);
  for (index_t offset = 0; offset < 4; ++offset) {
    INFO(what << ", " << x.size() << " pairs, " << offset << " elements off");
    const auto n = static_cast<index_t>(x.size());
    const builders::exact_copy<T> a(x.data(), n, offset), b(y.data(), n, 3 - offset);
    CHECK(same(run(a.data(), b.data(), n), wanted));
  }
}

template <class Isa, class T>
void every_length() {
  const auto run = [](const T* x, const T* y, index_t n) { return kernels::sum_errors<Isa>(x, y, n); };
  builders::random_numbers random(23);
  for (index_t n = 0; n <= 100; ++n) {
    std::vector<T> x = builders::uniform<T>(n, -3, 3, random.bits()), y = x;
    for (T& v : y) v += static_cast<T>(random.uniform(-1, 1));
    check<T>("near", x, y, run);
    for (T& v : x) v = static_cast<T>(random.uniform(-1, 1) * std::exp2(random.uniform(-40, 40)));
    check<T>("of all sizes", x, y, run);
    const auto& special = builders::special_values<T>();
    for (T& v : y) {
      if (random.below(8) == 0) v = special[static_cast<std::size_t>(random.below(int(special.size())))];
    }
    check<T>("with special values", x, y, run);
  }
  check<T>("long", builders::uniform<T>(5003, -1, 1, 1), builders::uniform<T>(5003, -1, 1, 2), run);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: error sums, every length, to the bit", "[kernels]", isa::compiled) {
  every_length<TestType, float>();
  every_length<TestType, double>();
}

TEMPLATE_LIST_TEST_CASE("kernels: error sums, by hand", "[kernels]", isa::compiled) {
  const float x[] = {1, 2, 3, 4}, y[] = {1.5f, 2, 2, 4};
  const kernels::error_sums s = kernels::sum_errors<TestType>(x, y, 4);
  CHECK(s.error == -0.5);
  CHECK(s.magnitude == 1.5);
  CHECK(s.square == 1.25);
  CHECK(s.x_square == 30);
  CHECK(s.y_square == 26.25);
  CHECK(s.product == 27.5);
  CHECK(s.largest == 1);
}

TEMPLATE_LIST_TEST_CASE("kernels: error sums, the order is seen in the last bit", "[kernels]", isa::compiled) {
  // One at a time 2^53 swallows both ones; in lanes 1 and 5 they meet before they meet it.
  std::vector<double> x(10, 0.0), y(10, 0.0);
  y[0] = 0x1p53;
  y[1] = 1;
  y[5] = 1;
  CHECK(kernels::sum_errors<TestType>(x.data(), y.data(), 10).error == 0x1p53 + 2);
  y[5] = 0;
  y[9] = 1;  // lane 1 again
  CHECK(kernels::sum_errors<TestType>(x.data(), y.data(), 10).error == 0x1p53 + 2);
  y[9] = 0;
  y[8] = 1;  // lane 0
  CHECK(kernels::sum_errors<TestType>(x.data(), y.data(), 10).error == 0x1p53);
}

TEST_CASE("kernels: error sums of parts add up") {
  kernels::error_sums a{1, 2, 3, 4, 5, 6, 7};
  a += {10, 20, 30, 40, 50, 60, 5};
  CHECK(same(a, {11, 22, 33, 44, 55, 66, 7}));
  a += {0, 0, 0, 0, 0, 0, 9};
  CHECK(a.largest == 9);
}
