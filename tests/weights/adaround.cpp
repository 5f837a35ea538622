// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <weights/layers.hpp>

#include <equant/weights/adaround.hpp>

#include <limits>

using namespace equant;

TEST_CASE("Of all ways to round up or down AdaRound comes near to the best") {
  const Eigen::MatrixXf s = neighbour_moments(10, 0.9f), one = Eigen::MatrixXf::Ones(1, 1);
  const auto to = weights::levels::integers(4);
  double found = 0, best = 0, nearest = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Eigen::MatrixXf w = 1.5f * gaussian_matrix(1, 10, seed);
    double least = 1e30;
    for (int ups = 0; ups < 1 << 10; ++ups) {
      Eigen::MatrixXf q = w.array().floor();
      for (index_t i = 0; i < 10; ++i) q(0, i) += static_cast<float>(ups >> i & 1);
      least = std::min(least, weights::output_error(w, q, s));
    }
    best += least;
    nearest += weights::output_error(w, w.array().rint().matrix(), s);
    found += weights::output_error(w, weights::adaround(w, s, to, {.scales = one}).values, s);
  }
  CHECK(found < 1.5 * best);
  CHECK(found < 0.5 * nearest);
}

TEST_CASE("AdaRound beats the nearest levels in groups too and stays on the levels") {
  const Eigen::MatrixXf w = gaussian_matrix(6, 40, 3), s = neighbour_moments(40, 0.9f);
  const auto to = weights::levels::integers(3);
  const auto q = weights::adaround(w, s, to, {.group = 16});
  const auto nearest = weights::adaround(w, s, to, {.group = 16, .steps = 0});
  CHECK(weights::output_error(w, q.values, s) < 0.5 * weights::output_error(w, nearest.values, s));
  for (index_t i = 0; i < 40; ++i) {
    for (index_t o = 0; o < 6; ++o) CHECK(to.nearest(q.units(o, i)) == q.units(o, i));
  }
}

TEST_CASE("Poor moments are no trouble to AdaRound and NaN is refused") {
  const Eigen::MatrixXf w = gaussian_matrix(2, 8, 5), x = gaussian_matrix(3, 8, 6), none = Eigen::MatrixXf::Zero(8, 8);
  const auto to = weights::levels::integers(4);
  Eigen::MatrixXf dead = neighbour_moments(8, 0.5f);
  dead.row(2).setZero();
  dead.col(2).setZero();
  for (const Eigen::MatrixXf& s : {none, Eigen::MatrixXf(x.transpose() * x), dead}) {
    CHECK(weights::adaround(w, s, to, {.steps = 50}).values.allFinite());
  }
  Eigen::MatrixXf bad = none;
  bad(0, 0) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(weights::adaround(w, bad, to), says("not finite"));
  CHECK_THROWS_WITH(weights::adaround(w, Eigen::MatrixXf::Zero(3, 3), to), says("3 x 3 for weights of 8 inputs"));
}
