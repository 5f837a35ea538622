// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/random.hpp>
#include <equant/core/shape.hpp>

#include <Eigen/Core>

#include <cmath>

/// Near enough to Gaussian values of variance 1: the sum of twelve uniform ones.
inline Eigen::MatrixXf gaussian_matrix(equant::index_t rows, equant::index_t columns, std::uint64_t seed) {
  equant::splitmix64 next(seed);
  Eigen::MatrixXf m(rows, columns);
  for (equant::index_t i = 0; i < m.size(); ++i) {
    double sum = -6;
    for (int k = 0; k < 12; ++k) sum += next.uniform();
    m.data()[i] = static_cast<float>(sum);
  }
  return m;
}

/// Moments of inputs of which neighbours are correlated by rho.
inline Eigen::MatrixXf neighbour_moments(equant::index_t n, float rho) {
  Eigen::MatrixXf s(n, n);
  for (equant::index_t i = 0; i < n; ++i) {
    for (equant::index_t j = 0; j < n; ++j) s(i, j) = std::pow(rho, static_cast<float>(std::abs(i - j)));
  }
  return s;
}
