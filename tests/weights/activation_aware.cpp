// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <equant/weights/activation_aware.hpp>
#include <limits>
#include <weights/layers.hpp>

using namespace equant;

namespace {

/// Moments of independent inputs, some of them ten times as large as the rest.
Eigen::MatrixXf uneven_moments(index_t n) {
  Eigen::MatrixXf s = Eigen::MatrixXf::Identity(n, n);
  for (index_t i = 0; i < n; i += 16) s(i, i) = 400;
  return s;
}

}  // namespace

TEST_CASE("Factors are powers of the mean magnitudes about 1") {
  weights::row_matrix x(2, 3);
  x << 1, -8, 0, -3, 24, 0;
  const Eigen::VectorXf m = weights::mean_magnitudes(x);
  CHECK(m == Eigen::Vector3f(2, 16, 0));
  CHECK(weights::activation_factors(m, 0) == Eigen::Vector3f(1, 1, 1));
  CHECK(weights::activation_factors(m, 0.5f).isApprox(Eigen::Vector3f(0.594604f, 1.681793f, 0.594604f)));  // 8^(1/4)
  CHECK(weights::activation_factors(Eigen::Vector2f(0, 0), 0.5f) == Eigen::Vector2f(1, 1));
  const Eigen::Vector3f w(0.25f, 1, 9);
  CHECK(weights::smoothing_factors(m, w, 0.5f).isApprox(Eigen::Vector3f(2.828427f, 4, 1)));
  CHECK(weights::smoothing_factors(m, w, 1).isApprox(Eigen::Vector3f(2, 16, 1)));
  CHECK(weights::smoothing_factors(m, w, 0).isApprox(Eigen::Vector3f(4, 1, 1)));
}

TEST_CASE("Weights on scaled inputs are levels of the scaled ones and brought back") {
  const Eigen::MatrixXf w = gaussian_matrix(3, 8, 1), s = neighbour_moments(8, 0.5f);
  Eigen::VectorXf f(8);
  f << 1, 2, 4, 0.5f, 1, 1, 8, 1;
  for (bool rotate : {false, true}) {
    const auto q = weights::round_weights(w, s, weights::levels::integers(8), {.rotate = rotate, .factors = f});
    CHECK(weights::output_error(w, q.values, s) < 1e-3);
    if (rotate) continue;
    for (index_t i = 0; i < 8; ++i) CHECK(q.values.col(i).isApprox(q.units.col(i).cwiseProduct(q.scales) / f[i]));
  }
}

TEST_CASE("Where large inputs meet small weights the search finds the factors that even them") {
  const Eigen::MatrixXf even = gaussian_matrix(24, 64, 2), s = uneven_moments(64);
  const Eigen::VectorXf m = s.diagonal().cwiseSqrt();
  const Eigen::MatrixXf w = even * m.cwiseInverse().asDiagonal();
  const auto to = weights::levels::integers(4);
  for (bool compensate : {false, true}) {
    const weights::rounding_options o{.compensate = compensate, .descend = compensate};
    const auto best = weights::activation_aware(w, s, s, m, to, o);
    CHECK(best.exponent >= 0.5f);
    CHECK(best.error < 0.4 * best.plain_error);
    CHECK(best.plain_error == weights::output_error(w, weights::round_weights(w, s, to, o).values, s));
    CHECK(best.error == weights::output_error(w, best.result.values, s));
    const auto unseen = weights::activation_aware(w, 0 * s, s, 0 * m, to, o);
    CHECK(unseen.exponent == 0);
  }
}

TEST_CASE("Where weights are alike factors lower the error that nearest levels make, a little") {
  const Eigen::MatrixXf w = gaussian_matrix(24, 64, 2), s = uneven_moments(64);
  const auto best = weights::activation_aware(w, s, s, s.diagonal().cwiseSqrt(), weights::levels::integers(4),
                                              {.compensate = false, .descend = false});
  CHECK(best.exponent > 0);
  CHECK(best.error < 0.98 * best.plain_error);
}

TEST_CASE("Factors that are none are refused") {
  const Eigen::MatrixXf w = gaussian_matrix(2, 3, 1), s = neighbour_moments(3, 0.5f);
  const auto to = weights::levels::integers(4);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Eigen::Vector3f& f : {Eigen::Vector3f(1, 0, 1), Eigen::Vector3f(1, -1, 1), Eigen::Vector3f(1, nan, 1)}) {
    CHECK_THROWS_WITH(weights::round_weights(w, s, to, {.factors = f}), says("finite and above 0"));
  }
  CHECK_THROWS_WITH(weights::round_weights(w, s, to, {.factors = Eigen::Vector2f(1, 1)}), says("2 factors"));
  CHECK_THROWS_WITH(weights::activation_factors(Eigen::Vector2f(1, nan), 0.5f), says("not finite"));
  CHECK_THROWS_WITH(weights::activation_factors(Eigen::Vector2f(1, 1), 1.5f), says("an exponent of 1.5"));
  CHECK_THROWS_WITH(weights::smoothing_factors(Eigen::Vector2f(1, 1), Eigen::Vector3f(1, 1, 1), 0.5f), says("2 mag"));
  CHECK_THROWS_WITH(weights::mean_magnitudes(weights::row_matrix(0, 2)), says("no samples"));
}
