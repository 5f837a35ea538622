// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>

#include <equant/weights/scaled_levels.hpp>

using namespace equant;

namespace {

/// Moments of inputs that vary together.
Eigen::MatrixXf moments(index_t n) {
  Eigen::MatrixXf s(n, n);
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < n; ++j) s(i, j) = std::pow(0.8f, static_cast<float>(std::abs(i - j)));
  }
  return s;
}

}  // namespace

TEST_CASE("The nearest level is found, ends included") {
  const weights::scaled_levels s{{-1, 0, 0.5f, 2}, Eigen::VectorXf::Constant(1, 2)};
  CHECK(s.nearest(0, -9) == -2);
  CHECK(s.nearest(0, 0.4f) == 0);
  CHECK(s.nearest(0, 0.6f) == 1);
  CHECK(s.nearest(0, 2.4f) == 1);
  CHECK(s.nearest(0, 2.6f) == 4);
  CHECK(s.nearest(0, 99) == 4);
  CHECK(weights::integer_levels(3) == std::vector<float>{-3, -2, -1, 0, 1, 2, 3});
}

TEST_CASE("Coordinate descent ends where no single weight can do better") {
  const Eigen::MatrixXf s = moments(6), w = Eigen::MatrixXf::Random(4, 6) * 3;
  const auto nearest = [](index_t, index_t, float x) { return std::nearbyint(x); };
  Eigen::MatrixXf q = w.unaryExpr([](float x) { return std::nearbyint(x); });
  const double before = weights::output_error(w, q, s);
  weights::coordinate_descent(w, q, s, 50, nearest);
  const double after = weights::output_error(w, q, s);
  CHECK(after <= before);
  for (index_t o = 0; o < 4; ++o) {
    for (index_t i = 0; i < 6; ++i) {
      for (float step : {-1.0f, 1.0f}) {
        Eigen::MatrixXf other = q;
        other(o, i) += step;
        CHECK(weights::output_error(w, other, s) >= after * (1 - 1e-4));
      }
    }
  }
  Eigen::MatrixXf wrong(4, 5);
  CHECK_THROWS_WITH(weights::coordinate_descent(w, wrong, s, 1, nearest), says("weights of 4 x 6, levels of 4 x 5"));
}

TEST_CASE("Fitted factors are the least squares answer") {
  const Eigen::MatrixXf s = moments(5), q = Eigen::MatrixXf::Random(3, 5), w = Eigen::Vector3f(2, 0.5f, 1).asDiagonal() * q;
  CHECK(weights::fitted_factors(w, q, s).isApprox(Eigen::Vector3f(2, 0.5f, 1), 1e-5f));
  CHECK(weights::fitted_factors(w, Eigen::MatrixXf::Zero(3, 5), s) == Eigen::Vector3f::Ones());
}

TEST_CASE("Scales are fitted and levels improved, and all weights are levels") {
  const Eigen::MatrixXf s = moments(40), w = Eigen::MatrixXf::Random(6, 40);
  weights::scaled_levels levels = weights::fitted_scales(weights::integer_levels(3), w, s);
  Eigen::MatrixXf nearest = w;
  for (index_t i = 0; i < w.size(); ++i) nearest.data()[i] = levels.nearest(i % 6, w.data()[i]);
  const Eigen::MatrixXf q = weights::rounded(w, levels, s);
  CHECK(weights::output_error(w, q, s) < 0.5 * weights::output_error(w, nearest, s));
  for (index_t o = 0; o < 6; ++o) {
    for (index_t i = 0; i < 40; ++i) CHECK(q(o, i) / levels.scales[o] == Approx(std::nearbyint(q(o, i) / levels.scales[o])).margin(1e-4));
  }
}
