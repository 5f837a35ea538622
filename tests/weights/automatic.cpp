// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <equant/weights/automatic.hpp>
#include <limits>
#include <weights/layers.hpp>

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
  CHECK(choice.attempts.size() == 7);  // even inputs want no factors
  CHECK(choice.attempts[choice.chosen].options.rotate);
  CHECK_THAT(choice.why(), says("gptq, rotated: output error") && says("held-out") && says("; nearest 0."));
  CHECK(weights::output_error(w, choice.result.values, s) == choice.attempts[choice.chosen].error);
  CHECK_FALSE(weights::automatic_rounding(w, s, s, to, 0, false).attempts.back().options.rotate);
}

TEST_CASE("Automatic rounding scales inputs of uneven power and says so") {
  Eigen::MatrixXf w = gaussian_matrix(24, 96, 5), s = Eigen::MatrixXf::Identity(96, 96);
  for (index_t i = 0; i < 96; i += 3) {
    s(i, i) = 900;
    w.col(i) /= 30;
  }
  const auto choice = weights::automatic_rounding(w, s, s, weights::levels::integers(3));
  CHECK(choice.attempts[choice.chosen].options.factors.size() == 96);
  CHECK_THAT(choice.why(), says("gptq, activation-aware with exponent 1:") && says("; gptq, rotated 0."));
  CHECK(weights::output_error(w, choice.result.values, s) == choice.attempts[choice.chosen].error);
}

TEST_CASE("Whatever the moments every method gives weights that are not worse than none") {
  const Eigen::MatrixXf w = gaussian_matrix(4, 20, 7), few = gaussian_matrix(3, 20, 8);
  Eigen::MatrixXf dead = neighbour_moments(20, 0.6f);
  for (index_t i : {0, 7, 19}) dead.row(i).setZero(), dead.col(i).setZero();
  const auto to = weights::levels::integers(4);
  Eigen::VectorXf factors = Eigen::VectorXf::Ones(20);
  factors[3] = 4;
  const Eigen::MatrixXf kinds[] = {Eigen::MatrixXf::Zero(20, 20),
                                   few.transpose() * few,
                                   Eigen::MatrixXf::Ones(20, 20),
                                   dead,
                                   1e-30f * dead,
                                   1e25f * dead};
  for (const Eigen::MatrixXf& s : kinds) {
    for (auto way : {weights::rounding_way::by_options, weights::rounding_way::adaround, weights::rounding_way::hqq}) {
      for (int bits = 0; bits < 32; ++bits) {
        const auto has = [&](int bit) { return (bits >> bit & 1) != 0; };
        if (way != weights::rounding_way::by_options && bits % 8 != 0) continue;
        weights::rounding_options o{.compensate = has(0), .descend = has(1), .ordered = has(2), .rotate = has(3)};
        if (has(4)) o.factors = factors;
        const auto q = weights::round_in(way, w, s, to, o);
        REQUIRE(q.values.allFinite());
        CHECK((q.values - w).norm() < w.norm());
      }
    }
    const auto choice = weights::automatic_rounding(w, s, s, to);
    CHECK(choice.result.values.allFinite());
  }
}

TEST_CASE("Moments that are not finite or of other inputs are refused by every method") {
  const Eigen::MatrixXf w = gaussian_matrix(4, 20, 7);
  const auto to = weights::levels::integers(4);
  for (float x : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Eigen::MatrixXf bad = neighbour_moments(20, 0.5f);
    bad(3, 4) = x;
    for (auto way : {weights::rounding_way::by_options, weights::rounding_way::adaround, weights::rounding_way::hqq}) {
      CHECK_THROWS_WITH(weights::round_in(way, w, bad, to, {}), says("not finite"));
      CHECK_THROWS_WITH(weights::round_in(way, bad.leftCols(20), w.transpose() * w, to, {}), says("not finite"));
      CHECK_THROWS_WITH(weights::round_in(way, w, w * w.transpose(), to, {}), says("4 x 4 for weights of 20"));
    }
    CHECK_THROWS_WITH(weights::automatic_rounding(w, bad, bad, to), says("not finite"));
    CHECK_THROWS_WITH(weights::automatic_rounding(w, neighbour_moments(20, 0.5f), bad, to), says("not finite"));
  }
}

TEST_CASE("A trellis takes the place of levels") {
  const Eigen::MatrixXf w = gaussian_matrix(128, 32, 4), s = neighbour_moments(32, 0.9f);
  const auto levels = weights::round_weights(w, s, weights::levels::gaussian(2));
  const auto trellis = weights::round_weights(w, s, weights::trellis_levels<2>(8));
  CHECK(weights::output_error(w, trellis.values, s) < 0.85 * weights::output_error(w, levels.values, s));
}
