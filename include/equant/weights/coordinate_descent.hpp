// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/covariance.hpp>

namespace equant::inline EQUANT_ABI::weights {

/// Improves levels `q` of weights `w`, outputs x inputs, for inputs of these moments S: each weight in turn goes to the
/// level that makes its row's error e S e^T least while the others stay, `turns` times over. `round(output, input,
/// value)` is the level nearest to a value. The error never grows.
template <class Round>
void coordinate_descent(const Eigen::MatrixXf& w, Eigen::MatrixXf& q, const Eigen::MatrixXf& moments, int turns,
                        Round&& round) {
  const index_t inputs = w.cols();
  if (q.rows() != w.rows() || q.cols() != inputs || moments.rows() != inputs || moments.cols() != inputs) {
    contract::invalid_argument("weights of ", w.rows(), " x ", inputs, ", levels of ", q.rows(), " x ", q.cols(),
                               ", moments of ", moments.rows(), " x ", moments.cols());
  }
  row_matrix gradient = (q - w) * moments;  // e S, kept up to date
  for (int turn = 0; turn < turns; ++turn) {
    bool changed = false;
    for (index_t o = 0; o < w.rows(); ++o) {
      for (index_t i = 0; i < inputs; ++i) {
        const float curve = moments(i, i);
        if (!(curve > 0)) continue;
        const float now = q(o, i), next = round(o, i, now - gradient(o, i) / curve), step = next - now;
        if (step == 0 || !(step * (gradient(o, i) + step * curve / 2) < 0)) continue;
        q(o, i) = next;
        gradient.row(o) += step * moments.row(i);
        changed = true;
      }
    }
    if (!changed) return;
  }
}

/// The factor per output by which levels `q` come nearest to `w`: (w S q^T) / (q S q^T), 1 where q is nothing.
inline Eigen::VectorXf fitted_factors(const Eigen::MatrixXf& w, const Eigen::MatrixXf& q,
                                      const Eigen::MatrixXf& moments) {
  const Eigen::MatrixXf seen = q * moments;
  Eigen::VectorXf f = Eigen::VectorXf::Ones(w.rows());
  for (index_t o = 0; o < w.rows(); ++o) {
    const float power = seen.row(o).dot(q.row(o)), common = seen.row(o).dot(w.row(o));
    if (power > 0 && common > 0) f[o] = common / power;
  }
  return f;
}

}  // namespace equant::inline EQUANT_ABI::weights
