// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>

#include <equant/core/random.hpp>
#include <equant/weights/covariance.hpp>

using namespace equant;

TEST_CASE("Moments are the mean of x x^T, whatever the blocks") {
  weights::row_matrix x(3, 2);
  x << 1, 2, 3, -1, 0, 4;
  weights::covariance all(2), parts(2);
  all.observe(x);
  parts.observe(x.topRows(1));
  parts.observe(x.bottomRows(2));
  Eigen::MatrixXf wanted(2, 2);
  wanted << 10, -1, -1, 21;
  wanted /= 3;
  CHECK(all.moments().isApprox(wanted));
  CHECK(parts.moments().isApprox(wanted));
  CHECK(parts.samples() == 3);
  CHECK_THROWS_WITH(parts.observe(weights::row_matrix(1, 3)), says("samples of 3 values for a layer of 2 inputs"));
  CHECK_THROWS_WITH(weights::covariance(2).moments(), says("no samples"));
}

TEST_CASE("Shrinkage takes few independent samples to the identity and leaves many alone") {
  splitmix64 next(5);
  const auto normal = [&] {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += next.uniform();
    return static_cast<float>(sum);
  };
  for (index_t samples : {8, 20000}) {
    weights::row_matrix x(samples, 16);
    for (index_t i = 0; i < x.size(); ++i) x.data()[i] = normal();
    weights::covariance c(16);
    c.observe(x);
    const Eigen::MatrixXf identity = Eigen::MatrixXf::Identity(16, 16);
    const float raw = (c.moments() - identity).norm(), better = (c.shrunk() - identity).norm();
    CHECK(better < 0.5f * raw);
    x.col(1) = x.col(0);  // now there is something to keep
    weights::covariance tied(16);
    tied.observe(x);
    if (samples > 100) CHECK(tied.shrunk().isApprox(tied.moments(), 0.02f));
  }
}

TEST_CASE("The output's error is held against the output") {
  Eigen::MatrixXf w(1, 2), q(1, 2), s(2, 2);
  w << 1, 2;
  q << 1, 1;
  s << 2, 1, 1, 3;
  CHECK(weights::output_error(w, q, s) == Approx(3.0 / (2 + 4 + 12)));
  CHECK(weights::output_error(w, w, s) == 0);
}
