// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>

#include <equant/weights/hadamard.hpp>

using namespace equant;

TEST_CASE("A rotation is undone and keeps products") {
  for (index_t n : {1, 2, 8, 12, 7}) {
    const weights::hadamard r(n, 3);
    CHECK(r.block() == (n == 12 ? 4 : n == 7 ? 1 : n));
    const Eigen::MatrixXf w = Eigen::MatrixXf::Random(3, n), x = Eigen::MatrixXf::Random(5, n);
    CHECK(r.back(r.turned(w)).isApprox(w, 1e-5f));
    CHECK((r.turned(w) * r.turned(x).transpose()).isApprox(w * x.transpose(), 1e-4f));
    const Eigen::MatrixXf s = x.transpose() * x, wanted = r.turned(x).transpose() * r.turned(x);
    CHECK(r.turned_moments(s).isApprox(wanted, 1e-4f));
  }
}

TEST_CASE("One outlier is spread over all inputs, by the seed's signs") {
  Eigen::MatrixXf w = Eigen::MatrixXf::Zero(1, 16);
  w(0, 3) = 4;
  const Eigen::MatrixXf a = weights::hadamard(16, 1).turned(w), b = weights::hadamard(16, 1).turned(w);
  CHECK(a == b);
  for (index_t i = 0; i < 16; ++i) CHECK(std::abs(a(0, i)) == 1);
  CHECK_THROWS_WITH(weights::hadamard(8).turned(w), says("a rotation of 8 inputs for rows of 16"));
}
