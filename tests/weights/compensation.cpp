// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <weights/layers.hpp>

#include <equant/weights/compensation.hpp>

#include <Eigen/LU>

#include <limits>

using namespace equant;

TEST_CASE("Inputs that were mixed by earlier layers are taken apart again") {
  const Eigen::MatrixXf w = gaussian_matrix(3, 8, 1), wanted = gaussian_matrix(200, 8, 2);
  Eigen::MatrixXf mix = Eigen::MatrixXf::Identity(8, 8) + 0.2f * gaussian_matrix(8, 8, 3);
  const Eigen::MatrixXf x = wanted * mix, s = x.transpose() * x / 200, missing = (wanted - x).transpose() * x / 200;
  const Eigen::MatrixXf mended = weights::compensated(w, s, missing, 1e-6f);
  CHECK(mended.isApprox((mix.inverse() * w.transpose()).transpose(), 1e-2f));
  CHECK((x * mended.transpose()).isApprox(wanted * w.transpose(), 1e-2f));
}

TEST_CASE("Where nothing is missing or nothing is known the weights stay") {
  const Eigen::MatrixXf w = gaussian_matrix(2, 4, 1), none = Eigen::MatrixXf::Zero(4, 4);
  CHECK(weights::compensated(w, neighbour_moments(4, 0.5f), none) == w);
  CHECK(weights::compensated(w, none, none) == w);
  CHECK(weights::compensated(w, Eigen::MatrixXf::Ones(4, 4), Eigen::MatrixXf::Ones(4, 4)).allFinite());
  CHECK_THROWS_WITH(weights::compensated(w, none, Eigen::MatrixXf::Zero(3, 3)), says("3 x 3 for weights of 4 inputs"));
  Eigen::MatrixXf bad = none;
  bad(1, 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(weights::compensated(w, bad, none), says("not finite"));
}
