// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"
#include "golden.hpp"
#include "matrices.hpp"

#include <equant/calibration/automatic.hpp>
#include <equant/calibration/granular.hpp>
#include <equant/calibration/mse.hpp>
#include <equant/core/contiguous.hpp>

namespace {

using namespace equant;

std::vector<float> sample(index_t n, std::uint64_t seed, double (*quantile)(double)) {
  builders::random_numbers random(seed);
  std::vector<float> x;
  for (index_t i = 0; i < n; ++i) {
    const double u = random.uniform(-1, 1);
    x.push_back(static_cast<float>((u < 0 ? -1 : 1) * quantile(1 - std::abs(u))));
  }
  return x;
}

double laplace(double u) { return -std::log(u) * std::sqrt(0.5); }
/// A Pareto tail with the exponent 4.
double pareto(double u) { return std::pow(u, -0.25) - 1; }

/// The error over pareto's population, by its quantiles, of int8 symmetric.
double pareto_error(double scale) {
  double sum = 0;
  constexpr int n = 50000;
  for (int i = 0; i < n; ++i) {
    const double t = (i + 0.5) / n;  // u = t^3 is dense where the tail is, and has the weight 3 t^2
    const double x = pareto(t * t * t);
    const double e = x - scale * std::min(127.0, std::nearbyint(x / scale));
    sum += 3 * t * t * e * e / n;
  }
  return sum;
}

}  // namespace

TEST_CASE("generalized_pareto: survival in closed form, and the shape of exact quantiles") {
  CHECK(generalized_pareto{0.5, 2}.survival(4) == Approx(0.25));  // (1 + 1)^-2
  CHECK(generalized_pareto{-1, 3}.survival(2) == Approx(1.0 / 3));
  CHECK(generalized_pareto{-1, 3}.survival(4) == 0);
  CHECK(generalized_pareto{0, 2}.survival(2) == Approx(std::exp(-1.0)));
  for (double shape : {-0.5, 1e-6, 0.3}) {
    std::vector<mass> excesses;
    for (int i = 0; i < 4000; ++i) {
      const double y = 2 * (std::pow(1 - (i + 0.5) / 4000, -shape) - 1) / shape;
      excesses.push_back({y, y, 1});
    }
    const generalized_pareto fitted = generalized_pareto::fitted(excesses);
    CHECK(fitted.shape * 1.05 - 0.005 == Approx(shape).margin(0.02));
    CHECK(fitted.scale == Approx(2).epsilon(0.03));
  }
}

TEST_CASE("automatic: the optimum of the textbook") {
  automatic observer;
  observer.observe(sample(327680, 5, laplace));
  const auto golden = golden::csv("scalar_quantizers.csv");
  const auto step = [&](const char* name) { return golden::named(golden, name).number("opt_step"); };
  CHECK(double(observer.params<uint2>(mid_rise)[0].scale) == Approx(step("laplace_2")).epsilon(0.01));
  CHECK(double(observer.params<int4>(mid_rise)[0].scale) == Approx(step("laplace_4")).epsilon(0.02));
  CHECK(double(observer.params<int8>(mid_rise)[0].scale) == Approx(step("laplace_8")).epsilon(0.08));
}

TEST_CASE("automatic: on heavy tails the extremes of a sample do not rule") {
  double optimum = 1e9;
  for (double scale = 0.02; scale < 0.6; scale *= 1.02) optimum = std::min(optimum, pareto_error(scale));
  double by_tail = 0, by_sample = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    automatic observer;
    mse empirical;
    observer.observe(sample(100000, seed, pareto));
    empirical.merge(observer);
    by_tail += 10 * std::log10(pareto_error(double(observer.params<int8>(symmetric)[0].scale)) / optimum) / 4;
    by_sample += 10 * std::log10(pareto_error(double(empirical.params<int8>(symmetric)[0].scale)) / optimum) / 4;
  }
  CHECK(by_tail < 0.3);
  CHECK(by_tail < by_sample);
}

TEST_CASE("automatic: what has no smooth tail is left to mse") {
  std::vector<std::vector<float>> data(4);
  for (int i = 0; i < 20000; ++i) {
    data[0].push_back(static_cast<float>(i * i % 11));        // few distinct values
    data[1].push_back(i % 100 == 0 ? 50.0f : 0.001f * float(i % 997));  // an atom far out
    if (i < 500) data[2].push_back(static_cast<float>(std::sin(i)));
    data[3].push_back(-2.5f);
  }
  for (const auto& x : data) {
    automatic observer;
    mse empirical;
    observer.observe(x);
    empirical.observe(x);
    CHECK(observer.range<int8>(asymmetric) == empirical.range<int8>(asymmetric));
    CHECK(observer.range<int4>(symmetric) == empirical.range<int4>(symmetric));
  }
}

TEST_CASE("automatic: one sign stays one-sided, order does not matter, per axis") {
  std::vector<float> x = sample(30000, 9, laplace);
  for (float& v : x) v = std::max(v, 0.0f);
  automatic whole, a, b;
  whole.observe(x);
  a.observe(std::vector<float>(x.begin() + 700, x.end()));
  b.observe(std::vector<float>(x.begin(), x.begin() + 700));
  b.merge(a);
  CHECK(whole.save() == b.save());
  CHECK(whole.range<uint8>(asymmetric).low == 0);
  CHECK(whole.params<uint8>(asymmetric)[0].zero_point == 0);
  const Eigen::Map<const matrices::row_major> rows(x.data(), 3, 10000);
  granular each(automatic{}, per_axis{0});
  each.observe(rows);
  a = automatic{};
  a.observe(rows.row(1));
  CHECK(each.params<uint8>(asymmetric)[1] == a.params<uint8>(asymmetric)[0]);
  CHECK_THROWS_WITH(automatic{}.params<int8>(symmetric), says("automatic has not observed any value"));
}
