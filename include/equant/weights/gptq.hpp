// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/covariance.hpp>

#include <Eigen/Cholesky>

namespace equant::inline EQUANT_ABI::weights {

/// R, upper triangular, with R R^T = S, of S made safe by a hundredth of its mean diagonal (or `damping` of it). The
/// square of R(i, i) is what the inputs before i cannot say of it.
inline Eigen::MatrixXf upper_factor(const Eigen::MatrixXf& s, float damping = 0.01f) {
  const index_t n = s.rows();
  const float mean = n == 0 ? 0 : s.diagonal().mean();
  if (!(mean > 0)) return Eigen::MatrixXf::Identity(n, n);
  for (float more = damping;; more *= 10) {
    Eigen::MatrixXf turned = s.reverse();
    turned.diagonal().array() += more * mean;
    const Eigen::LLT<Eigen::Ref<Eigen::MatrixXf>> factor(turned);  // in place
    if (factor.info() != Eigen::Success) continue;
    turned.triangularView<Eigen::StrictlyUpper>().setZero();
    return turned.reverse();
  }
}

namespace compensating {

/// Inputs `first` and on. `errors` holds what was lost at inputs before them, and in their own columns what that comes
/// to.
template <class Round>
void round_columns(Eigen::MatrixXf& w, Eigen::MatrixXf& errors, const Eigen::MatrixXf& r, index_t first, index_t count,
                   Round& round) {
  constexpr index_t few = 32;
  if (count > few) {
    const index_t half = (count / 2 + few - 1) / few * few, rest = count - half;
    round_columns(w, errors, r, first, half, round);
    errors.middleCols(first + half, rest).noalias() +=
        errors.middleCols(first, half) * r.block(first, first + half, half, rest);
    round_columns(w, errors, r, first + half, rest, round);
    return;
  }
  Eigen::VectorXf column(w.rows());
  for (index_t k = 0; k < count; ++k) {
    const index_t i = first + k;
    column = errors.col(i);
    column.noalias() += errors.middleCols(first, k) * r.col(i).segment(first, k);
    column = w.col(i) + column / r(i, i);
    round(i, column);
    errors.col(i) = w.col(i) - column;
    w.col(i) = column;
  }
}

}  // namespace compensating

/// Rounds weights `w`, outputs x inputs, one input after the other; what rounding an input's weights costs is taken
/// over by the inputs that follow, as far as they vary together: GPTQ, Frantar et al. 2022. `r` is the upper factor R
/// of the inputs' moments: with e what was lost so far, input i is rounded at w_i + e R_i / R(i, i), which is GPTQ
/// without its inverse (Chen et al. 2025); blocks are halved, so that nearly all is products of large matrices.
/// `round(i, column)` puts the weights of input i on their levels in place. Afterwards `w` holds the levels.
template <class Round>
void gptq(Eigen::MatrixXf& w, const Eigen::MatrixXf& r, Round&& round) {
  if (r.rows() != w.cols()) contract::invalid_argument("moments of ", r.rows(), " inputs for weights of ", w.cols());
  Eigen::MatrixXf errors = Eigen::MatrixXf::Zero(w.rows(), w.cols());
  compensating::round_columns(w, errors, r, 0, w.cols(), round);
}

}  // namespace equant::inline EQUANT_ABI::weights
