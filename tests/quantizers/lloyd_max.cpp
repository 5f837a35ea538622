// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "core/says.hpp"
#include "golden.hpp"

#include <equant/quantizers/k_means.hpp>

#include <sstream>

namespace {

using namespace equant;
using Eigen::VectorXf;

template <class D>
void equals_table(const std::string& density) {
  const auto figures = golden::csv("scalar_quantizers.csv"), tables = golden::csv("lloyd_max_levels.csv");
  for (int bits = 1; bits <= 8; ++bits) {
    const std::string name = density + "_" + std::to_string(bits);
    INFO(name);
    const std::vector<double> levels = lloyd_max_levels<D>(1 << bits);
    const double error = densities::quantization_error<D>(levels);
    CHECK(error == Approx(golden::named(figures, name).number("lloyd")).epsilon(5e-11));
    std::istringstream expected(golden::named(tables, name).text("levels"));
    for (double level : levels) {
      double wanted = 0;
      REQUIRE(expected >> wanted);
      // The table's own levels stopped short by the square of their number times what is left in a step.
      CHECK(level == Approx(wanted).epsilon(0).margin(bits < 6 ? 1e-10 : 2e-7));
    }
  }
}

/// The least sum of squared errors of n sorted values in k cells, by trying every split.
double brute_force(const std::vector<double>& x, const std::vector<double>& w, std::size_t n, int k) {
  const auto cost = [&](std::size_t from, std::size_t to) {
    double weight = 0, mean = 0, sum = 0;
    for (std::size_t i = from; i < to; ++i) weight += w[i], mean += w[i] * x[i];
    mean /= weight;
    for (std::size_t i = from; i < to; ++i) sum += w[i] * (x[i] - mean) * (x[i] - mean);
    return sum;
  };
  if (k == 1) return cost(0, n);
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t split = static_cast<std::size_t>(k) - 1; split < n; ++split) {
    best = std::min(best, brute_force(x, w, split, k - 1) + cost(split, n));
  }
  return best;
}

template <int Bits>
double squared_error(const codebook_quantizer<Bits>& q, const VectorXf& x, const VectorXf& w) {
  const VectorXf y = q.fake_quantize(x);
  return ((x - y).array().square().cast<double>() * w.array().cast<double>()).sum();
}

VectorXf laplace(index_t n) {
  builders::random_numbers random;
  VectorXf x(n);
  for (float& v : x) {
    const double u = random.uniform(-1, 1);
    v = static_cast<float>(std::copysign(std::log(1 - std::abs(u)) / std::numbers::sqrt2, u));
  }
  return x;
}

}  // namespace

TEST_CASE("lloyd_max: from a density, to ten digits of the exact tables", "[lloyd]") {
  equals_table<densities::gaussian>("gauss");
  equals_table<densities::laplace>("laplace");
  const std::vector<double> even = lloyd_max_levels<densities::uniform>(4);
  for (int i = 0; i < 4; ++i) CHECK(even[static_cast<std::size_t>(i)] == Approx((i - 1.5) * std::sqrt(3) / 2));
  const auto moved = lloyd_max<1>(densities::located<densities::gaussian>{5, 2});
  CHECK(moved.levels()[0] == Approx(5 - 2 * std::sqrt(2 / std::numbers::pi)));
}

TEST_CASE("lloyd_max: the optimum of few values, weighted or not, by trying all splits", "[lloyd]") {
  builders::random_numbers random;
  for (int round = 0; round < 12; ++round) {
    VectorXf x(14), w(14);
    std::vector<double> sorted, weight;
    for (index_t i = 0; i < 14; ++i) {
      x[i] = static_cast<float>(100 + std::pow(random.uniform(-1, 1), 3) * (round % 3 == 0 && i == 3 ? 50 : 1));
      w[i] = round % 2 == 0 ? 1.0f : static_cast<float>(random.below(4) + (i == 0 ? 1 : 0));
    }
    std::vector<index_t> order(14);
    for (index_t i = 0; i < 14; ++i) order[static_cast<std::size_t>(i)] = i;
    std::sort(order.begin(), order.end(), [&](index_t a, index_t b) { return x[a] < x[b]; });
    for (index_t i : order) {
      if (w[i] > 0) sorted.push_back(static_cast<double>(x[i])), weight.push_back(static_cast<double>(w[i]));
    }
    const auto q = round % 2 == 0 ? lloyd_max<2>(x) : lloyd_max<2>(x, w);
    const double least = brute_force(sorted, weight, sorted.size(), 4);
    CHECK(squared_error(q, x, w) == Approx(least).epsilon(1e-4).margin(1e-9));  // levels are float
    const auto k = round % 2 == 0 ? k_means<2>(x) : k_means<2>(x, 1, w);
    CHECK(squared_error(k, x, w) < 3 * least + 1e-9);
  }
}

TEST_CASE("lloyd_max and k_means: many samples come near the density's own error", "[lloyd]") {
  const VectorXf x = laplace(100000), ones = VectorXf::Ones(x.size());
  const auto figures = golden::csv("scalar_quantizers.csv");
  const auto check = [&](const auto& q, int bits, double more) {
    const double error = squared_error(q, x, ones) / static_cast<double>(x.size());
    const double optimum = golden::named(figures, "laplace_" + std::to_string(bits)).number("lloyd");
    INFO(bits << " bits: " << error << " for " << optimum);
    CHECK(error < optimum * more);
    CHECK(error > optimum * 0.9);  // many levels fit few samples in the tails
  };
  check(lloyd_max<2>(x), 2, 1.01);
  check(lloyd_max<4>(x), 4, 1.01);
  check(lloyd_max<7>(x), 7, 1.01);
  check(k_means<4>(x), 4, 1.15);
  CHECK(k_means<4>(x, 7).format() == k_means<4>(x, 7).format());
  // In bins that are narrow beside the levels.
  std::vector<double> counts(4000, 0);
  for (float v : x) counts[static_cast<std::size_t>(std::clamp((v + 10) * 200, 0.0f, 3999.0f))] += 1;
  check(lloyd_max<4>(interval{-10, 10}, counts), 4, 1.012);
}

TEST_CASE("lloyd_max and k_means: few distinct values, one side, one sample", "[lloyd]") {
  const VectorXf three{{2, -1, 2, 7, 7, -1}};
  for (const auto& q : {lloyd_max<3>(three), k_means<3>(three)}) {
    CHECK(q.fake_quantize(three) == three);
    CHECK(q.levels()[2] == 7);
    CHECK(q.levels()[7] == 7);
  }
  const VectorXf one{{-3}};
  CHECK(lloyd_max<4>(one).fake_quantize(one) == one);
  const VectorXf positive = laplace(3000).cwiseAbs();
  const auto q = lloyd_max<4>(positive);
  CHECK(q.levels().front() > 0);
  CHECK(q.dequantize<VectorXf>(q.quantize(positive)) == q.fake_quantize(positive));
  CHECK(lloyd_max<2>(VectorXf::Zero(5).eval()).fake_quantize(one)[0] == 0);
}

TEST_CASE("lloyd_max: refuses NaN by its place, no values, and weights that mean nothing", "[lloyd]") {
  Eigen::MatrixXf x = Eigen::MatrixXf::Ones(2, 3);
  const auto refused = [&](auto&& f, const char* words) { CHECK_THROWS_WITH(f(), says(words)); };
  refused([&] { return lloyd_max<2>(Eigen::MatrixXf(0, 3)); }, "no values");
  refused([&] { return lloyd_max<2>(x, Eigen::MatrixXf::Zero(2, 3).eval()); }, "all weights are zero");
  refused([&] { return lloyd_max<2>(x, Eigen::MatrixXf::Ones(3, 2).eval()); }, "weights of 3 x 2");
  refused([&] { return lloyd_max<2>(x, (-x).eval()); }, "the weight -1");
  refused([&] { return k_means<2>(sorted_values(x), 1, 0); }, "0 trials");
  refused([&] { return lloyd_max<2>(interval{1, 1}, std::vector<double>{1, 2}); }, "bins over [1, 1]");
  refused([&] { return lloyd_max<2>(interval{0, 1}, std::vector<double>{}); }, "all weights are zero");
  x(1, 2) = std::numeric_limits<float>::quiet_NaN();
  refused([&] { return lloyd_max<2>(x); }, "row 1, column 2");
}
