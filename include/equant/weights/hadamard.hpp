// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/random.hpp>
#include <equant/weights/covariance.hpp>

#include <cmath>

namespace equant::inline EQUANT_ABI::weights {

/// A rotation that spreads outliers over all inputs: x -> x D H / sqrt(b), D signs drawn from a seed and H the Hadamard
/// matrix in blocks of b, the largest power of two that divides the number of inputs. Orthogonal, so that (w R)(x R)^T
/// = w x^T: a layer computes the same with rotated weights on rotated inputs.
class hadamard {
 public:
  explicit hadamard(index_t inputs, std::uint64_t seed = 0)
      : signs_(inputs), block_(inputs == 0 ? 1 : inputs & -inputs) {
    splitmix64 next(seed);
    for (index_t i = 0; i < inputs; ++i) signs_[i] = next() >> 63 == 0 ? 1.0f : -1.0f;
  }

  index_t block() const { return block_; }

  /// Rows, each over the inputs, turned, and turned back.
  Eigen::MatrixXf turned(Eigen::MatrixXf rows) const {
    check(rows);
    rows = rows * signs_.asDiagonal();
    mix(rows);
    return rows;
  }
  Eigen::MatrixXf back(Eigen::MatrixXf rows) const {
    check(rows);
    mix(rows);
    return rows * signs_.asDiagonal();
  }
  /// The moments of turned inputs.
  Eigen::MatrixXf turned_moments(const Eigen::MatrixXf& moments) const {
    return turned(turned(moments).transpose()).transpose();
  }

 private:
  void check(const Eigen::MatrixXf& m) const {
    if (m.cols() != signs_.size()) {
      contract::invalid_argument("a rotation of ", signs_.size(), " inputs for rows of ", m.cols());
    }
  }
  void mix(Eigen::MatrixXf& m) const {
    for (index_t half = 1; half < block_; half *= 2) {
      for (index_t first = 0; first < m.cols(); first += 2 * half) {
        const Eigen::MatrixXf a = m.middleCols(first, half), b = m.middleCols(first + half, half);
        m.middleCols(first, half) = a + b;
        m.middleCols(first + half, half) = a - b;
      }
    }
    m /= std::sqrt(static_cast<float>(block_));
  }

  Eigen::VectorXf signs_;
  index_t block_;
};

}  // namespace equant::inline EQUANT_ABI::weights
