// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <weights/layers.hpp>

#include <equant/weights/covariance.hpp>
#include <equant/weights/scales.hpp>

using namespace equant;

TEST_CASE("Weights that lie on levels find their scale") {
  Eigen::VectorXf w(5), one = Eigen::VectorXf::Ones(5);
  w << -0.75f, 0.5f, 0, 0.25f, 0.75f;
  CHECK(weights::best_scale(w, one, weights::levels::integers(3)) == Approx(0.25));
  CHECK(weights::best_scale(0 * w, one, weights::levels::integers(3)) == 1);
}

TEST_CASE("An outlier that costs nothing does not stretch the scale") {
  Eigen::VectorXf w(5), importance = Eigen::VectorXf::Ones(5);
  w << -0.75f, 0.5f, 0.25f, -0.25f, 5;
  importance[4] = 0;
  CHECK(weights::best_scale(w, importance, weights::levels::integers(3)) == Approx(0.25));
}

TEST_CASE("A scale per group and output where the last group may be short") {
  Eigen::MatrixXf w(2, 5);
  w << 3, -2, 1, 6, 4, 1, 1, 1, 30, 20;
  const auto scales = weights::best_scales(w, Eigen::VectorXf::Ones(5), 3, weights::levels::integers(3));
  REQUIRE(scales.rows() == 2);
  REQUIRE(scales.cols() == 2);
  CHECK(scales(0, 0) == Approx(1));
  CHECK(scales(0, 1) == Approx(2));
  CHECK(scales(1, 1) == Approx(10));
}

TEST_CASE("Fitted scales leave nothing that another scale would take away") {
  const Eigen::MatrixXf w = gaussian_matrix(3, 24, 5), s = neighbour_moments(24, 0.7f);
  weights::coded_weights q{{}, w.array().round().matrix(), Eigen::MatrixXf::Constant(3, 1, 1.2f), 24};
  q.dequantize();
  weights::refit_scales(q, w, s);
  const double error = weights::output_error(w, q.values, s);
  for (float by : {0.98f, 1.02f}) CHECK(weights::output_error(w, by * q.values, s) > error);
}
