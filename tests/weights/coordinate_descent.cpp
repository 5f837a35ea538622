// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <weights/layers.hpp>

#include <equant/weights/scales.hpp>

using namespace equant;

TEST_CASE("After the descent no single weight can move for the better") {
  const Eigen::MatrixXf w = gaussian_matrix(2, 12, 1), s = neighbour_moments(12, 0.8f);
  const auto to = weights::levels::integers(3);
  weights::coded_weights q{{}, (2 * w).unaryExpr([&](float x) { return to.nearest(x); }),
                           Eigen::MatrixXf::Constant(2, 1, 0.5f), 12};
  q.dequantize();
  const double before = weights::output_error(w, q.values, s);
  weights::improve(q, w, s, to, true, 50);
  const double after = weights::output_error(w, q.values, s);
  CHECK(after < before);
  for (index_t o = 0; o < 2; ++o) {
    for (index_t i = 0; i < 12; ++i) {
      for (float by : {-1.0f, 1.0f}) {
        if (std::abs(q.units(o, i) + by) > 3) continue;
        Eigen::MatrixXf other = q.values;
        other(o, i) += by * q.scale(o, i);
        CHECK(weights::output_error(w, other, s) >= after * (1 - 1e-4));
      }
    }
  }
}

TEST_CASE("Inputs that are always zero are left alone") {
  Eigen::MatrixXf w = gaussian_matrix(2, 4, 1), s = Eigen::MatrixXf::Zero(4, 4);
  weights::coded_weights q{{}, w.array().round().matrix(), Eigen::MatrixXf::Ones(2, 1), 4};
  q.dequantize();
  weights::improve(q, w, s, weights::levels::integers(4));
  CHECK(q.units == w.array().round().matrix());
}
