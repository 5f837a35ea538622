// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <weights/layers.hpp>

#include <equant/weights/automatic.hpp>

#include <limits>

using namespace equant;

TEST_CASE("Rounded weights are scales times points of the code") {
  const Eigen::MatrixXf w = gaussian_matrix(6, 40, 1), s = neighbour_moments(40, 0.8f);
  const auto to = weights::levels::gaussian(3);
  for (bool ordered : {false, true}) {
    const auto q = weights::round_weights(w, s, to, {.ordered = ordered, .group = 16});
    REQUIRE(q.scales.cols() == 3);
    for (index_t o = 0; o < 6; ++o) {
      for (index_t i = 0; i < 40; ++i) {
        CHECK(to.nearest(q.units(o, i)) == q.units(o, i));
        CHECK(q.values(o, i) == q.units(o, i) * q.scale(o, i));
      }
    }
    CHECK(weights::output_error(w, q.values, s) < 0.02);
  }
}

TEST_CASE("Compensation and descent each lower the output error") {
  const Eigen::MatrixXf w = gaussian_matrix(16, 96, 2), s = neighbour_moments(96, 0.9f);
  const auto to = weights::levels::integers(3);
  const auto error = [&](const weights::rounding_options& o) {
    return weights::output_error(w, weights::round_weights(w, s, to, o).values, s);
  };
  const double nearest = error({.compensate = false, .descend = false});
  const double gptq = error({.descend = false}), both = error({});
  CHECK(gptq < 0.4 * nearest);
  CHECK(both < gptq);
  CHECK(error({.compensate = false}) < 0.7 * nearest);
}

TEST_CASE("Automatic rounding turns weights with outliers and says so") {
  Eigen::MatrixXf w = gaussian_matrix(16, 64, 3);
  for (index_t k = 0; k < 12; ++k) w.data()[k * 83] *= 12;
  const Eigen::MatrixXf s = Eigen::MatrixXf::Identity(64, 64);
  const auto to = weights::levels::gaussian(3);
  const auto choice = weights::automatic_rounding(w, s, s, to);
  CHECK(choice.attempts.size() == 7);
  CHECK(choice.attempts[choice.chosen].options.rotate);
  CHECK_THAT(choice.why(), says("gptq, rotated: output error") && says("held-out") && says("; nearest 0."));
  CHECK(weights::output_error(w, choice.result.values, s) == choice.attempts[choice.chosen].error);
  CHECK_FALSE(weights::automatic_rounding(w, s, s, to, 0, false).attempts.back().options.rotate);
}

TEST_CASE("Poor moments still give weights") {
  const Eigen::MatrixXf w = gaussian_matrix(4, 20, 7), x = gaussian_matrix(3, 20, 8);
  const auto to = weights::levels::integers(4);
  for (const Eigen::MatrixXf& s : {Eigen::MatrixXf(Eigen::MatrixXf::Zero(20, 20)), Eigen::MatrixXf(x.transpose() * x),
                                   Eigen::MatrixXf(Eigen::MatrixXf::Ones(20, 20))}) {
    for (bool rotate : {false, true}) CHECK(weights::round_weights(w, s, to, {.rotate = rotate}).values.allFinite());
  }
  Eigen::MatrixXf bad = neighbour_moments(20, 0.5f);
  bad(3, 4) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(weights::round_weights(w, bad, to), says("not finite"));
  CHECK_THROWS_WITH(weights::round_weights(w, neighbour_moments(19, 0.5f), to), says("19 x 19 for weights of 20"));
}

TEST_CASE("A trellis takes the place of levels") {
  const Eigen::MatrixXf w = gaussian_matrix(128, 32, 4), s = neighbour_moments(32, 0.9f);
  const auto levels = weights::round_weights(w, s, weights::levels::gaussian(2));
  const auto trellis = weights::round_weights(w, s, weights::trellis_levels<2>(8));
  CHECK(weights::output_error(w, trellis.values, s) < 0.85 * weights::output_error(w, levels.values, s));
}
