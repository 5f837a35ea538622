// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "golden.hpp"

#include <equant/core/densities.hpp>

namespace {

using namespace equant;
using densities::infinity;

/// Simpson's rule on many intervals, with the pdf alone.
template <class D>
double integral(double a, double b, int power, double about) {
  const int n = 20000;
  double sum = 0;
  for (int i = 0; i <= n; ++i) {
    const double x = a + (b - a) * i / n;
    sum += D::pdf(x) * std::pow(x - about, power) * (i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2);
  }
  return sum * (b - a) / n / 3;
}

template <class D>
void holds() {
  INFO(D::name);
  const densities::moments all = densities::about<D>(0, -infinity, infinity);
  CHECK(all.zeroth == Approx(1).epsilon(1e-14));
  CHECK(std::abs(all.first) < 1e-15);
  CHECK(all.second == Approx(1).epsilon(1e-14));
  for (const auto& [a, b] : {std::pair{-1.5, -1.1}, {-1.0, 0.0}, {0.2, 0.9}, {0.0, 1.6}, {-0.7, 1.2}, {1.2, 1.25}}) {
    INFO(a << " to " << b);
    const densities::moments about = densities::about<D>(0.3, a, b), plain = D::between(a, b);
    const auto from_pdf = [a = a, b = b](int power, double c) {
      return a < 0 && b > 0 ? integral<D>(a, 0, power, c) + integral<D>(0, b, power, c) : integral<D>(a, b, power, c);
    };
    CHECK(about.zeroth == Approx(from_pdf(0, 0.3)).epsilon(1e-12));
    CHECK(about.first == Approx(from_pdf(1, 0.3)).epsilon(1e-11));
    CHECK(about.second == Approx(from_pdf(2, 0.3)).epsilon(1e-12));
    CHECK(plain.first == Approx(from_pdf(1, 0)).epsilon(1e-11));
    CHECK(plain.second == Approx(from_pdf(2, 0)).epsilon(1e-11));
    CHECK(D::cdf(b) - D::cdf(a) == Approx(about.zeroth).epsilon(1e-12));
  }
  for (double p : {1e-12, 1e-3, 0.2, 0.5, 0.7, 1 - 1e-9}) {
    CHECK(D::cdf(D::quantile(p)) == Approx(p).epsilon(1e-12).margin(1e-15));
  }
}

}  // namespace

TEST_CASE("densities: moments, distribution and quantile agree with the integral of the density", "[densities]") {
  holds<densities::gaussian>();
  holds<densities::laplace>();
  holds<densities::uniform>();
}

TEST_CASE("densities: the error of the best uniform quantizers to ten digits", "[densities]") {
  for (const golden::row& r : golden::csv("scalar_quantizers.csv")) {
    const std::string name = r.text("case");
    INFO(name);
    const int count = 1 << (name.back() - '0');
    std::vector<double> levels;
    for (int i = 0; i < count; ++i) levels.push_back((i + 0.5 - count / 2) * r.number("opt_step"));
    const double error = name[0] == 'g' ? densities::quantization_error<densities::gaussian>(levels)
                                        : densities::quantization_error<densities::laplace>(levels);
    CHECK(error == Approx(r.number("opt_uniform")).epsilon(1e-10));
  }
}
