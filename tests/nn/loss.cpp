// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"

#include <equant/core/random.hpp>
#include <equant/nn/loss.hpp>

#include <functional>
#include <vector>

using namespace equant;

namespace {

std::vector<float> random(std::size_t n, std::uint64_t seed) {
  splitmix64 bits(seed);
  std::vector<float> x(n);
  for (float& v : x) v = static_cast<float>(4 * bits.uniform() - 2);
  return x;
}

std::vector<double> shares(const double* x, std::size_t n, double temperature) {
  std::vector<double> p(n);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += p[i] = std::exp(x[i] / temperature);
  for (double& v : p) v /= sum;
  return p;
}

/// The gradient that was added to ones, times its weight of 1/2, against differences of `loss` in double.
void check(const std::vector<float>& y, std::vector<float> gradient,
           const std::function<double(const std::vector<double>&)>& loss) {
  std::vector<double> at(y.begin(), y.end());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double x = at[i];
    at[i] = x + 1e-5;
    const double above = loss(at);
    at[i] = x - 1e-5;
    const double slope = (above - loss(at)) / 2e-5;
    at[i] = x;
    CHECK(static_cast<double>(gradient[i]) - 1 == Approx(slope / 2).margin(1e-6));
  }
}

}  // namespace

TEST_CASE("cross entropy: value and gradient by numeric differentiation") {
  const std::vector<float> y = random(12, 1);
  const std::vector<index_t> labels{2, 0, 3};
  const auto loss = [&](const std::vector<double>& x) {
    double sum = 0;
    for (std::size_t r = 0; r < 3; ++r)
      sum -= std::log(shares(x.data() + 4 * r, 4, 1)[static_cast<std::size_t>(labels[r])]);
    return sum / 3;
  };
  std::vector<float> gradient(12, 1);
  CHECK(nn::cross_entropy(y, labels, 0.5f, gradient) == Approx(loss({y.begin(), y.end()})));
  check(y, gradient, loss);
}

TEST_CASE("cross entropy: logits of thousands do not overflow") {
  const std::vector<float> y{5000, -5000};
  std::vector<float> gradient(2, 0);
  CHECK(nn::cross_entropy(y, std::vector<index_t>{0}, 1, gradient) == 0);
  CHECK(nn::cross_entropy(y, std::vector<index_t>{1}, 1, gradient) == 10000);
}

TEST_CASE("distillation: value and gradient by numeric differentiation") {
  const std::vector<float> y = random(10, 2), teacher = random(10, 3);
  const std::vector<double> aim(teacher.begin(), teacher.end());
  const auto loss = [&](const std::vector<double>& x) {
    double sum = 0;
    for (std::size_t r = 0; r < 2; ++r) {
      const auto p = shares(aim.data() + 5 * r, 5, 3), q = shares(x.data() + 5 * r, 5, 3);
      for (std::size_t i = 0; i < 5; ++i) sum += 9 * p[i] * std::log(p[i] / q[i]);
    }
    return sum / 2;
  };
  std::vector<float> gradient(10, 1);
  CHECK(nn::distillation(y, teacher, 2, 3, 0.5f, gradient) == Approx(loss({y.begin(), y.end()})).epsilon(1e-4));
  check(y, gradient, loss);
}

TEST_CASE("mean squared error: value and gradient by numeric differentiation") {
  const std::vector<float> y = random(6, 4), wanted = random(6, 5);
  const auto loss = [&](const std::vector<double>& x) {
    double sum = 0;
    for (std::size_t i = 0; i < 6; ++i)
      sum += (x[i] - static_cast<double>(wanted[i])) * (x[i] - static_cast<double>(wanted[i]));
    return sum / 6;
  };
  std::vector<float> gradient(6, 1);
  CHECK(nn::mean_squared_error(y, wanted, 0.5f, gradient) == Approx(loss({y.begin(), y.end()})));
  check(y, gradient, loss);
}

TEST_CASE("losses: labels out of range and sizes that do not fit are refused") {
  const std::vector<float> y(6);
  std::vector<float> gradient(6);
  CHECK_THROWS_WITH(nn::cross_entropy(y, std::vector<index_t>{0, 3}, 1, gradient),
                    says("entry 1 has label 3 of 3 classes"));
  CHECK_THROWS_AS(nn::cross_entropy(y, std::vector<index_t>{0, -1}, 1, gradient), std::invalid_argument);
  CHECK_THROWS_AS(nn::cross_entropy(y, std::vector<index_t>{0, 0, 0, 0}, 1, gradient), std::invalid_argument);
  CHECK_THROWS_AS(nn::distillation(y, std::vector<float>(5), 2, 1, 1, gradient), std::invalid_argument);
  CHECK_THROWS_AS(nn::mean_squared_error(y, std::vector<float>(5), 1, gradient), std::invalid_argument);
}

TEST_CASE("count correct: the largest output at the label") {
  CHECK(nn::count_correct(std::vector<float>{1, 2, 0, 5, 3, 4}, std::vector<index_t>{1, 2}) == 1);
}
