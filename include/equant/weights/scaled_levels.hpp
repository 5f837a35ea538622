// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/coordinate_descent.hpp>
#include <equant/weights/gptq.hpp>

#include <limits>
#include <span>
#include <vector>

namespace equant::inline EQUANT_ABI::weights {

/// Levels, ascending, with a scale for each output: what a weight may be is scale[output] * level. Integers are the levels
/// -7 .. 7, a codebook its own.
struct scaled_levels {
  std::vector<float> levels;
  Eigen::VectorXf scales;

  /// The level nearest to x / scale.
  float level(float x) const {
    const auto above = std::lower_bound(levels.begin(), levels.end(), x);
    if (above == levels.begin()) return levels.front();
    if (above == levels.end()) return levels.back();
    return x - above[-1] <= above[0] - x ? above[-1] : above[0];
  }
  float nearest(index_t output, float x) const { return scales[output] * level(x / scales[output]); }
};

/// Symmetric integers of so many bits as levels.
inline std::vector<float> integer_levels(int bits) {
  std::vector<float> levels;
  for (int i = -(1 << (bits - 1)) + 1; i < 1 << (bits - 1); ++i) levels.push_back(static_cast<float>(i));
  return levels;
}

/// Scales of least error, each weight counted by its input's moment: of steps of 2 % between the scale that clips nothing
/// and a sixth of it.
inline scaled_levels fitted_scales(std::vector<float> levels, const Eigen::MatrixXf& w, const Eigen::MatrixXf& moments) {
  scaled_levels s{std::move(levels), Eigen::VectorXf::Ones(w.rows())};
  const float largest = std::max(-s.levels.front(), s.levels.back());
  for (index_t o = 0; o < w.rows(); ++o) {
    const float whole = w.row(o).cwiseAbs().maxCoeff() / largest;
    if (!(whole > 0)) continue;
    double least = std::numeric_limits<double>::infinity();
    for (float scale = whole; scale > whole / 6; scale *= 0.98f) {
      double error = 0;
      for (index_t i = 0; i < w.cols(); ++i) {
        const float e = w(o, i) - scale * s.level(w(o, i) / scale);
        error += static_cast<double>(moments(i, i) * e * e);
      }
      if (error < least) {
        least = error;
        s.scales[o] = scale;
      }
    }
  }
  return s;
}

/// Weights on scaled levels by GPTQ, improved by coordinate descent and a fit of the scales, in turns. Returns what they
/// stand for; `s` gets the scales that fit.
inline Eigen::MatrixXf rounded(const Eigen::MatrixXf& w, scaled_levels& s, const Eigen::MatrixXf& moments, int turns = 4) {
  Eigen::MatrixXf q = w;
  gptq(q, inverse_factor(moments), [&](index_t, Eigen::VectorXf& column) {
    for (index_t o = 0; o < column.size(); ++o) column[o] = s.nearest(o, column[o]);
  });
  for (int turn = 0; turn < turns; ++turn) {
    const Eigen::VectorXf factors = fitted_factors(w, q, moments);
    q = factors.asDiagonal() * q;
    s.scales = s.scales.cwiseProduct(factors);
    coordinate_descent(w, q, moments, 4, [&](index_t o, index_t, float x) { return s.nearest(o, x); });
  }
  return q;
}

}  // namespace equant::inline EQUANT_ABI::weights
