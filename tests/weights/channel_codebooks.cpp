// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <equant/weights/channel_codebooks.hpp>
#include <limits>
#include <weights/layers.hpp>

using namespace equant;

namespace {

/// The error of a row with its four best levels, by trying all cuts of its sorted values.
double best_of_four(Eigen::VectorXf row) {
  std::sort(row.begin(), row.end());
  const auto cost = [&](index_t first, index_t last) {
    const auto part = row.segment(first, last - first).cast<double>().array();
    return last > first ? (part - part.mean()).square().sum() : 0.0;
  };
  double least = 1e30;
  for (index_t a = 1; a < row.size(); ++a) {
    for (index_t b = a + 1; b < row.size(); ++b) {
      for (index_t c = b + 1; c < row.size(); ++c) {
        least = std::min(least, cost(0, a) + cost(a, b) + cost(b, c) + cost(c, row.size()));
      }
    }
  }
  return least;
}

}  // namespace

TEST_CASE("Each output has the levels that serve its own weights best") {
  Eigen::MatrixXf w = gaussian_matrix(3, 24, 1);
  w.row(1) = w.row(1).array() * 100 + 40;
  w.row(2) = w.row(2).array().sign();
  const Eigen::MatrixXf even = Eigen::MatrixXf::Identity(24, 24);
  const auto q = weights::round_to_codebooks(w, even, 2, {.compensate = false, .descend = false});
  for (index_t o : {0, 1}) {
    CHECK(q.levels.of(o).size() == 4);
    CHECK((w.row(o) - q.values.row(o)).squaredNorm() == Approx(best_of_four(w.row(o))).epsilon(1e-4));
  }
  CHECK(q.levels.of(2).size() == 2);  // there are no more values
  CHECK(q.values.row(2) == w.row(2));
}

TEST_CASE("By what inputs have in common codebooks lose less, and every weight lies on its output's levels") {
  const Eigen::MatrixXf w = gaussian_matrix(12, 96, 2), s = neighbour_moments(96, 0.9f);
  const auto error = [&](const weights::rounding_options& o) {
    const auto q = weights::round_to_codebooks(w, s, 2, o);
    for (index_t i = 0; i < 96; ++i) {
      for (index_t r = 0; r < 12; ++r) CHECK(q.levels.of(r).nearest(q.values(r, i)) == q.values(r, i));
    }
    return weights::output_error(w, q.values, s);
  };
  const double nearest = error({.compensate = false, .descend = false}), gptq = error({.descend = false}),
               all = error({});
  CHECK(gptq < 0.4 * nearest);
  CHECK(all < 0.95 * gptq);
  const auto integers = weights::round_weights(w, s, weights::levels::integers(2));  // three levels
  CHECK(all < 0.7 * weights::output_error(w, integers.values, s));
  const Eigen::MatrixXf skew = w.array().square();  // no level below zero is of use
  const auto gaussian = weights::round_weights(skew, s, weights::levels::gaussian(2));
  const auto own = weights::round_to_codebooks(skew, s, 2);
  CHECK(weights::output_error(skew, own.values, s) < 0.5 * weights::output_error(skew, gaussian.values, s));
}

TEST_CASE("Poor moments are no trouble to codebooks and what is not finite is refused") {
  const Eigen::MatrixXf w = gaussian_matrix(3, 20, 5), x = gaussian_matrix(3, 20, 6);
  Eigen::MatrixXf dead = neighbour_moments(20, 0.6f);
  for (index_t i : {0, 7, 19}) dead.row(i).setZero(), dead.col(i).setZero();
  for (const Eigen::MatrixXf& s : {Eigen::MatrixXf(Eigen::MatrixXf::Zero(20, 20)), Eigen::MatrixXf(x.transpose() * x),
                                   Eigen::MatrixXf(Eigen::MatrixXf::Ones(20, 20)), dead}) {
    const auto q = weights::round_to_codebooks(w, s, 3);
    CHECK(q.values.allFinite());
    CHECK((q.values - w).norm() < w.norm());
  }
  CHECK(weights::round_to_codebooks(0 * w, dead, 2).values == 0 * w);
  dead(1, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(weights::round_to_codebooks(w, dead, 2), says("not finite"));
  const Eigen::MatrixXf even = Eigen::MatrixXf::Identity(20, 20);
  CHECK_THROWS_WITH(weights::round_to_codebooks(w, even, 9), says("levels of 9 bits"));
  CHECK_THROWS_WITH(weights::round_to_codebooks(w, even, 2, {.rotate = true}), says("codebooks per channel with"));
}
