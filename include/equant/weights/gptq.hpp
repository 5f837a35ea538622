// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/covariance.hpp>

#include <Eigen/Cholesky>

namespace equant::inline EQUANT_ABI::weights {

/// U, upper triangular, with U^T U = S^-1, of S made safe by a hundredth of its mean diagonal (or `damping` of it).
/// With S = R R^T, R upper, U is the inverse of R.
inline Eigen::MatrixXf inverse_factor(Eigen::MatrixXf s, float damping = 0.01f) {
  const index_t n = s.rows();
  const float mean = n == 0 ? 0 : s.diagonal().mean();
  if (!(mean > 0)) return Eigen::MatrixXf::Identity(n, n);
  for (float more = damping;; more *= 10) {
    Eigen::MatrixXf turned = s.reverse();
    turned.diagonal().array() += more * mean;
    const Eigen::LLT<Eigen::Ref<Eigen::MatrixXf>> factor(turned);  // in place
    if (factor.info() != Eigen::Success) continue;
    Eigen::MatrixXf r = turned.triangularView<Eigen::Lower>();
    r = r.reverse().eval();
    Eigen::MatrixXf u = Eigen::MatrixXf::Identity(n, n);
    r.triangularView<Eigen::Upper>().solveInPlace(u);
    return u;
  }
}

/// Rounds weights `w`, outputs x inputs, one input after the other; what rounding an input's weights costs is taken
/// over by the inputs that follow, as far as they vary together: GPTQ, Frantar et al. 2022, in its Cholesky form, in
/// blocks. `u` is the inverse factor of the inputs' moments. `round(i, column)` puts the weights of input i on their
/// levels in place. Afterwards `w` holds the levels.
template <class Round>
void gptq(Eigen::MatrixXf& w, const Eigen::MatrixXf& u, Round&& round) {
  const index_t inputs = w.cols();
  if (u.rows() != inputs) contract::invalid_argument("moments of ", u.rows(), " inputs for weights of ", inputs);
  constexpr index_t block = 64;
  Eigen::MatrixXf errors(w.rows(), block);
  Eigen::VectorXf column;
  for (index_t first = 0; first < inputs; first += block) {
    const index_t count = std::min(block, inputs - first), rest = inputs - first - count;
    for (index_t k = 0; k < count; ++k) {
      const index_t i = first + k;
      column = w.col(i);
      round(i, column);
      errors.col(k) = (w.col(i) - column) / u(i, i);
      w.col(i) = column;
      if (k + 1 < count) {
        w.middleCols(i + 1, count - k - 1).noalias() -= errors.col(k) * u.block(i, i + 1, 1, count - k - 1);
      }
    }
    if (rest > 0) {
      w.rightCols(rest).noalias() -= errors.leftCols(count) * u.block(first, first + count, count, rest);
    }
  }
}

}  // namespace equant::inline EQUANT_ABI::weights
