// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>

#include <equant/core/random.hpp>
#include <equant/weights/gptq.hpp>

#include <cmath>

using namespace equant;

namespace {

Eigen::MatrixXf noise(index_t rows, index_t columns, std::uint64_t seed) {
  splitmix64 next(seed);
  Eigen::MatrixXf m(rows, columns);
  for (index_t i = 0; i < m.size(); ++i) m.data()[i] = static_cast<float>(2 * next.uniform() - 1);
  return m;
}

/// Neighbouring inputs vary together: an AR(1) process.
Eigen::MatrixXf moments(index_t n, float rho) {
  Eigen::MatrixXf s(n, n);
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < n; ++j) s(i, j) = std::pow(rho, static_cast<float>(std::abs(i - j)));
  }
  return s;
}

void to_integers(index_t, Eigen::VectorXf& column) {
  for (index_t o = 0; o < column.size(); ++o) column[o] = std::nearbyint(column[o] * 4) / 4;
}

}  // namespace

TEST_CASE("The upper factor's square is the moments") {
  const Eigen::MatrixXf s = moments(20, 0.6f), r = weights::upper_factor(s, 1e-7f);
  CHECK((r * r.transpose()).isApprox(s, 1e-5f));
  CHECK(r.isUpperTriangular());
}

TEST_CASE("With inputs that do not vary together every weight goes to its nearest level") {
  Eigen::MatrixXf w = noise(7, 130, 1), wanted = w;
  for (index_t i = 0; i < w.cols(); ++i) {
    Eigen::VectorXf c = wanted.col(i);
    to_integers(i, c);
    wanted.col(i) = c;
  }
  weights::gptq(w, weights::upper_factor(Eigen::MatrixXf::Identity(130, 130)), to_integers);
  CHECK(w == wanted);
}

TEST_CASE("With two inputs the second takes over what the first lost") {
  // S^-1 is proportional to (1, -r; -r, 1): an error e of the first moves the second by -r e... the best answer to it.
  const float r = 0.8f;
  Eigen::MatrixXf s(2, 2), w(1, 2);
  s << 1, r, r, 1;
  w << 0.6f, 0.3f;
  weights::gptq(w, weights::upper_factor(s, 1e-6f), [](index_t i, Eigen::VectorXf& c) {
    if (i == 0) c[0] = std::nearbyint(c[0]);
  });
  CHECK(w(0, 0) == 1);
  CHECK(w(0, 1) == Approx(0.3f - r * 0.4f).margin(1e-4));  // minimises (e1, e2) S (e1, e2)^T for e1 = 0.4
}

TEST_CASE("The levels are those of the best answer to every input in turn") {
  // After each input the rest moves to where the error of all is least: solved for afresh, not factored.
  const Eigen::MatrixXf s = moments(75, 0.8f), r = weights::upper_factor(s, 1e-6f), w = noise(6, 75, 5);
  Eigen::MatrixXf q = w, slow = w;
  weights::gptq(q, r, to_integers);
  for (index_t i = 0; i < 75; ++i) {
    Eigen::VectorXf c = slow.col(i);
    to_integers(i, c);
    slow.col(i) = c;
    const index_t rest = 74 - i;
    const Eigen::MatrixXf lost = w.leftCols(i + 1) - slow.leftCols(i + 1);
    const Eigen::MatrixXf felt = (lost * s.topRightCorner(i + 1, rest)).transpose();
    if (rest > 0) {
      slow.rightCols(rest) = w.rightCols(rest) + s.bottomRightCorner(rest, rest).ldlt().solve(felt).transpose();
    }
  }
  CHECK((q.array() != slow.array()).count() == 0);
}

TEST_CASE("Where inputs vary together the output's error is a fraction of the nearest levels'") {
  const Eigen::MatrixXf s = moments(200, 0.9f), before = noise(30, 200, 3);
  Eigen::MatrixXf nearest = before, better = before;
  for (index_t i = 0; i < 200; ++i) {
    Eigen::VectorXf c = nearest.col(i);
    to_integers(i, c);
    nearest.col(i) = c;
  }
  weights::gptq(better, weights::upper_factor(s), to_integers);
  CHECK(weights::output_error(before, better, s) < 0.3 * weights::output_error(before, nearest, s));
  for (index_t i = 0; i < better.size(); ++i) CHECK(better.data()[i] * 4 == std::nearbyint(better.data()[i] * 4));
}

TEST_CASE("Moments of dead inputs are no trouble") {
  Eigen::MatrixXf w = noise(2, 6, 9), s = Eigen::MatrixXf::Zero(6, 6);
  weights::gptq(w, weights::upper_factor(s), to_integers);
  CHECK(w.allFinite());
  s(2, 2) = 1;
  weights::gptq(w, weights::upper_factor(s), to_integers);
  CHECK(w.allFinite());
}
