// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/coordinate_descent.hpp>
#include <equant/weights/levels.hpp>

#include <cmath>

namespace equant::inline EQUANT_ABI::weights {

/// Weights on the points of a code: values(o, i) = scales(o, i / group) * units(o, i).
struct coded_weights {
  Eigen::MatrixXf values, units;  ///< outputs x inputs
  Eigen::MatrixXf scales;         ///< outputs x groups
  index_t group = 0;              ///< inputs that share a scale

  float scale(index_t output, index_t input) const { return scales(output, input / group); }
  /// Sets `values` from the others.
  void dequantize() {
    values.resize(units.rows(), units.cols());
    for (index_t i = 0; i < units.cols(); ++i) values.col(i) = units.col(i).cwiseProduct(scales.col(i / group));
  }
  /// The units that `values`, levels times scales, are of.
  void units_from_values(const levels& to) {
    for (index_t i = 0; i < values.cols(); ++i) {
      for (index_t o = 0; o < values.rows(); ++o) units(o, i) = to.nearest(values(o, i) / scale(o, i));
    }
  }
};

/// The scale at which rounding w to the nearest levels costs least: the sum over i of importance[i] (w - level)^2. The
/// candidates lie between the largest weight and a tenth of it; the best of them is then fitted to its own levels.
inline float best_scale(const Eigen::Ref<const Eigen::VectorXf>& w, const Eigen::Ref<const Eigen::VectorXf>& importance,
                        const levels& to) {
  const float largest = w.size() == 0 ? 0 : w.cwiseAbs().maxCoeff();
  if (!(largest > 0)) return 1;
  Eigen::VectorXf units(w.size());
  const auto attempt = [&](float scale) {
    units = w * (1 / scale);
    to.round(units);
    return importance.dot((w - units * scale).cwiseAbs2());
  };
  const auto fitted = [&](float scale) {
    attempt(scale);
    const float product = importance.cwiseProduct(units).dot(w), square = importance.dot(units.cwiseAbs2());
    return square > 0 && product > 0 ? product / square : scale;
  };
  float best = largest / to.reach(), least = attempt(best);
  for (float part = 0.95f; part > 0.1f; part *= 0.95f) {
    const float scale = largest / to.reach() * part, error = attempt(scale);
    if (error < least) least = error, best = scale;
    if (error > 3 * least) break;  // it is what is clipped that costs, and that grows
  }
  for (int turn = 0; turn < 4; ++turn) {
    const float scale = fitted(best), error = attempt(scale);
    if (!(error < least)) break;
    least = error, best = scale;
  }
  return best;
}

/// Scales for the weights `w` in groups of inputs, outputs x groups. `importance` is what an error of each input's
/// weight costs: the diagonal of the moments where errors stay, what the inputs after it cannot take over where GPTQ
/// rounds.
inline Eigen::MatrixXf best_scales(const Eigen::MatrixXf& w, const Eigen::VectorXf& importance, index_t group,
                                   const levels& to) {
  Eigen::MatrixXf scales(w.rows(), (w.cols() + group - 1) / group);
  constexpr index_t some = 16;  // rows copied together: a column of them is one line of the cache
  for (index_t top = 0; top < w.rows(); top += some) {
    const row_matrix rows = w.middleRows(top, std::min(some, w.rows() - top));
    for (index_t g = 0; g < scales.cols(); ++g) {
      const index_t first = g * group, count = std::min(group, w.cols() - first);
      for (index_t o = 0; o < rows.rows(); ++o) {
        const auto row = rows.row(o).segment(first, count).transpose();
        scales(top + o, g) = best_scale(row, importance.segment(first, count), to);
      }
    }
  }
  return scales;
}

/// For a trellis: the root mean square, as its values have variance 1.
template <int Bits>
Eigen::MatrixXf best_scales(const Eigen::MatrixXf& w, const Eigen::VectorXf&, index_t group,
                            const trellis_levels<Bits>&) {
  Eigen::MatrixXf scales(w.rows(), (w.cols() + group - 1) / group);
  for (index_t g = 0; g < scales.cols(); ++g) {
    const auto part = w.middleCols(g * group, std::min(group, w.cols() - g * group));
    scales.col(g) = (part.rowwise().squaredNorm() / static_cast<float>(part.cols())).cwiseSqrt();
  }
  return (scales.array() > 0).select(scales, 1);
}

/// Fits every scale to its units, so that the output's error for inputs of moments `s` is least: one equation per
/// group, the others held.
inline void refit_scales(coded_weights& q, const Eigen::MatrixXf& w, const Eigen::MatrixXf& s) {
  Eigen::MatrixXf pull = (w - q.values) * s;
  for (index_t g = 0; g < q.scales.cols(); ++g) {
    const index_t first = g * q.group, count = std::min(q.group, w.cols() - first);
    const Eigen::MatrixXf units = q.units.middleCols(first, count);
    const Eigen::MatrixXf felt = units * s.middleRows(first, count);
    for (index_t o = 0; o < w.rows(); ++o) {
      const float square = felt.row(o).segment(first, count).dot(units.row(o));
      if (!(square > 0)) continue;
      const float by = pull.row(o).segment(first, count).dot(units.row(o)) / square;
      if (!(q.scales(o, g) + by > 0)) continue;
      q.scales(o, g) += by;
      pull.row(o) -= by * felt.row(o);
    }
  }
  q.dequantize();
}

/// Coordinate descent and, where `fit`, fitted scales in turns, until the error falls no more or `turns` are done.
inline void improve(coded_weights& q, const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, const levels& to,
                    bool fit = true, int turns = 8) {
  for (int turn = 0; turn < turns; ++turn) {
    const Eigen::MatrixXf before = q.values;
    coordinate_descent(w, q.values, s, 1, [&](index_t o, index_t i, float x) {
      return q.scale(o, i) * to.nearest(x / q.scale(o, i));
    });
    if (q.values == before) return;
    q.units_from_values(to);
    if (fit) refit_scales(q, w, s);
  }
}
/// Trellis codes stay; their scales are fitted.
template <int Bits>
void improve(coded_weights& q, const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, const trellis_levels<Bits>&,
             bool fit = true) {
  if (fit) refit_scales(q, w, s);
}

}  // namespace equant::inline EQUANT_ABI::weights
