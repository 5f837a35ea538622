// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// Uniform quantizers on Gaussian and Laplace samples against the figures of numeric integration.
#include "builders.hpp"
#include "golden.hpp"

#include <equant/compare.hpp>
#include <equant/metrics/theory.hpp>
#include <equant/quantize.hpp>

#include <numbers>
#include <utility>

namespace {

using namespace equant;
using Eigen::VectorXf;

constexpr index_t sample_size = 1'000'000;

/// Unit variance, by Box and Muller (1958).
VectorXf gauss(std::uint64_t seed) {
  builders::random_numbers random(seed);
  VectorXf x(sample_size);
  for (index_t i = 0; i < sample_size; i += 2) {
    const double r = std::sqrt(-2 * std::log(1 - random.uniform(0, 1)));
    const double angle = 2 * std::numbers::pi * random.uniform(0, 1);
    x[i] = static_cast<float>(r * std::cos(angle));
    x[i + 1] = static_cast<float>(r * std::sin(angle));
  }
  return x;
}

/// Unit variance, by the inverse of the distribution, one value from each of a million equally likely parts:
/// independent ones would leave the error of the few values far out open by several per cent of the whole.
VectorXf laplace(std::uint64_t seed) {
  builders::random_numbers random(seed);
  VectorXf x(sample_size);
  for (index_t i = 0; i < sample_size; ++i) {
    const double u = 2 * (static_cast<double>(i) + random.uniform(0, 1)) / sample_size - 1;
    x[i] = static_cast<float>(std::copysign(std::log(1 - std::abs(u)) / std::numbers::sqrt2, u));
  }
  return x;
}

/// Calls f(std::integral_constant<int, bits>) for first..last.
template <int First, int Last, class F>
void each_width(F f) {
  [&]<int... I>(std::integer_sequence<int, I...>) {
    (f(std::integral_constant<int, First + I>{}), ...);
  }(std::make_integer_sequence<int, Last - First + 1>{});
}

/// The mid-rise quantizer whose levels are (k + 1/2) step.
template <int Bits>
double mid_rise_mse(const VectorXf& x, double step) {
  const real_affine<float> map{static_cast<float>(step), -0.5f};
  const uniform_quantizer<integer<Bits>, convention::standard, real_affine<float>> u{map};
  return compare(x, u.quantize(x)).mse;
}

template <class Draw>
void reaches_the_optimum(Draw draw, const std::string& density) {
  const std::vector<golden::row> rows = golden::csv("scalar_quantizers.csv");
  const VectorXf x = draw(1);
  each_width<1, 8>([&](auto bits) {
    const golden::row wanted = golden::named(rows, density + "_" + std::to_string(bits()));
    INFO(wanted.text("case"));
    const double step = wanted.number("opt_step"), optimum = wanted.number("opt_uniform");
    double mse = mid_rise_mse<bits()>(x, step);
    if (bits() > 6) {  // the few values beyond the last level make up a fifth of the error: one sample is not enough
      for (std::uint64_t seed = 2; seed <= 8; ++seed) mse += mid_rise_mse<bits()>(draw(seed), step);
      mse /= 8;
    }
    CHECK(mse == Approx(optimum).epsilon(0.01));
    // It is an optimum: a fifth more or less costs.
    CHECK(mid_rise_mse<bits()>(x, 1.2 * step) > 1.01 * optimum);
    CHECK(mid_rise_mse<bits()>(x, step / 1.2) > 1.01 * optimum);
  });
}

}  // namespace

TEST_CASE("the optimal mid-rise step gives the optimal error on Gaussian values", "[theory]") {
  reaches_the_optimum(gauss, "gauss");
}

TEST_CASE("the optimal mid-rise step gives the optimal error on Laplace values", "[theory]") {
  reaches_the_optimum(laplace, "laplace");
}

TEST_CASE("min-max leaves the error of its own step on Gaussian values", "[theory]") {
  const VectorXf x = gauss(1);
  each_width<5, 16>([&](auto bits) {
    INFO(bits());
    for (const bool midrise : {false, true}) {
      const auto holds = [&](const auto& q) {
        CHECK(compare(x, q).mse == Approx(metrics::uniform_noise(static_cast<double>(q.scales()[0]))).epsilon(0.01));
      };
      if (midrise) {
        holds(quantize<integer<bits()>>(x, mid_rise));
      } else {
        holds(quantize<integer<bits()>>(x, asymmetric));
      }
    }
  });
}

TEST_CASE("min-max leaves the error of its own step on Laplace values", "[theory]") {
  const VectorXf x = laplace(1);
  // The density falls alike in every cell, so the error is known: with t = step / 2b and b^2 = 1/2 the second moment
  // of a cell about its middle, that of cosh(u) over -t..t, is b^2 (t^2 + 2 - 2 t / tanh t).
  const auto exact = [](double step) {
    const double b = 1 / std::numbers::sqrt2, t = step / (2 * b);
    return b * b * (t * t + 2 - 2 * t / std::tanh(t));
  };
  each_width<5, 12>([&](auto bits) {
    INFO(bits());
    const auto q = quantize<integer<bits()>>(x, mid_rise);
    const double step = static_cast<double>(q.scales()[0]), mse = compare(x, q).mse;
    CHECK(mse == Approx(exact(step)).epsilon(0.01));
    // At five bits the step of 1e6 Laplace values is 0.9 b: the edge of the density at zero still shows.
    if (bits() > 5) CHECK(mse == Approx(metrics::uniform_noise(step)).epsilon(0.01));
  });
}
