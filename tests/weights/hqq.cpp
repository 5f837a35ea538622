// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <weights/layers.hpp>

#include <equant/weights/hqq.hpp>

#include <limits>

using namespace equant;

namespace {

double cost(const Eigen::MatrixXf& w, const Eigen::MatrixXf& q) {
  return (w - q).cast<double>().array().abs().pow(0.7).sum();
}

}  // namespace

TEST_CASE("Half-quadratic scales come near to the best of all scales") {
  const auto to = weights::levels::integers(3);
  for (std::uint64_t seed : {1u, 2u, 3u}) {
    Eigen::MatrixXf w = gaussian_matrix(1, 60, seed);
    w(0, 7) = 9;
    double least = 1e30;
    for (int i = 1; i <= 4000; ++i) {
      const float scale = 0.001f * static_cast<float>(i);
      least = std::min(least, cost(w, w.unaryExpr([&](float x) { return scale * to.nearest(x / scale); })));
    }
    const auto q = weights::hqq(w, to);
    CHECK(cost(w, q.values) < 1.1 * least);
    const float whole = 9.0f / 3;
    CHECK(cost(w, q.values) < 0.8 * cost(w, w.unaryExpr([&](float x) { return whole * to.nearest(x / whole); })));
  }
}

TEST_CASE("Levels are found again behind an outlier and groups have their own") {
  const auto to = weights::levels::integers(3);
  Eigen::MatrixXf w(1, 16);
  w << 0.75f, -0.5f, 0.25f, 3, -0.25f, 0.5f, -0.75f, 0.25f, 6, -4, 2, 0, 2, 4, -6, -2;
  const auto q = weights::hqq(w, to, 8);
  CHECK(q.scales(0, 0) == Approx(0.25).epsilon(0.02));
  CHECK(q.scales(0, 1) == Approx(2).epsilon(0.02));
  CHECK(weights::hqq(0 * w, to).values == 0 * w);
  w(0, 3) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(weights::hqq(w, to), says("not finite"));
  CHECK_THROWS_WITH(weights::hqq(0 * q.values, to, -1), says("groups of -1"));
}
