// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "builders.hpp"

#include <Eigen/Core>

/// Eigen's dense types filled with the same numbers on every machine, in logical row-major order, so that the storage
/// order does not change what stands where.
namespace matrices {

/// Uniform in [low, high), rounded to the scalar.
template <class M>
M uniform(Eigen::Index rows, Eigen::Index cols, double low, double high, std::uint64_t seed = 1) {
  using T = typename M::Scalar;
  builders::random_numbers random(seed);
  M m(rows, cols);
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index j = 0; j < cols; ++j) m(i, j) = static_cast<T>(static_cast<float>(random.uniform(low, high)));
  }
  return m;
}

using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace matrices
