// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Cholesky>
#include <equant/weights/covariance.hpp>

namespace equant::inline EQUANT_ABI::weights {

/// The weights that make of disturbed inputs x, of moments S, what comes nearest to what `w` makes of the inputs that
/// were wanted: w + w M S^-1, M the mean of (wanted - x)^T x. What the layers before have lost is taken over by this
/// one before it is rounded itself (as in GPTAQ, Li et al. 2025). `damping` of S's mean diagonal keeps few samples from
/// deciding.
inline Eigen::MatrixXf compensated(const Eigen::MatrixXf& w, Eigen::MatrixXf s, const Eigen::MatrixXf& missing,
                                   float damping = 0.01f) {
  check_moments(w, s);
  check_moments(w, missing);
  const float mean = w.cols() == 0 ? 0 : s.diagonal().mean();
  if (!(mean > 0)) return w;
  s.diagonal().array() += damping * mean;
  const Eigen::LLT<Eigen::Ref<Eigen::MatrixXf>> factor(s);  // in place
  if (factor.info() != Eigen::Success) return w;
  Eigen::MatrixXf change = (w * missing).transpose();
  factor.solveInPlace(change);
  return w + change.transpose();
}

}  // namespace equant::inline EQUANT_ABI::weights
