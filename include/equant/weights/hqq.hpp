// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/scales.hpp>

namespace equant::inline EQUANT_ABI::weights {

namespace half_quadratic {

inline constexpr float power = 0.7f;

/// Where |x - e|^2 beta / 2 + |e|^p is nearly least: the shrinkage of Badri and Mobahi.
inline float shrunk(float x, float beta) {
  const float size = std::abs(x);
  if (!(size > 0)) return 0;
  return std::copysign(std::max(0.0f, size - std::pow(size, power - 1) / beta), x);
}

inline double cost(const Eigen::VectorXf& w, float scale, const levels& to) {
  double sum = 0;
  for (index_t i = 0; i < w.size(); ++i) {
    sum += std::pow(static_cast<double>(std::abs(w[i] - scale * to.nearest(w[i] / scale))), static_cast<double>(power));
  }
  return sum;
}

/// The scale of least sum |w - scale level|^p that half-quadratic steps find from some scales between the largest
/// weight and a fifth of it.
inline float scale(const Eigen::VectorXf& w, const levels& to) {
  const float largest = w.size() == 0 ? 0 : w.cwiseAbs().maxCoeff();
  if (!(largest > 0)) return 1;
  float best = largest / to.reach();
  double least = cost(w, best, to);
  for (const float part : {1.0f, 0.8f, 0.6f, 0.4f, 0.2f}) {
    float s = largest / to.reach() * part, beta = 10;
    for (int turn = 0; turn < 20; ++turn, beta *= 1.05f) {
      double product = 0, square = 0;
      for (index_t i = 0; i < w.size(); ++i) {
        const float x = w[i] / s, unit = to.nearest(x);
        product += static_cast<double>(unit * (x - shrunk(x - unit, beta)));
        square += static_cast<double>(unit * unit);
      }
      if (!(square > 0) || !(product > 0)) break;
      s *= static_cast<float>(product / square);
      if (const double now = cost(w, s, to); now < least) least = now, best = s;
    }
  }
  return best;
}

}  // namespace half_quadratic

/// Rounds weights to the nearest levels without any data, at scales that leave outliers out of account: those of least
/// sum |w - scale level|^0.7 per output and group, found by half-quadratic splitting, as HQQ (Badri and Shaji 2023)
/// does for zero points.
inline coded_weights hqq(const Eigen::MatrixXf& w, const levels& to, index_t group = 0) {
  if (!w.allFinite()) contract::invalid_argument("weights that are not finite");
  if (group < 0) contract::invalid_argument("groups of ", group, " inputs");
  coded_weights q{{}, w, {}, group == 0 ? std::max<index_t>(w.cols(), 1) : group};
  q.scales.resize(w.rows(), (w.cols() + q.group - 1) / q.group);
  for (index_t g = 0; g < q.scales.cols(); ++g) {
    const index_t first = g * q.group, count = std::min(q.group, w.cols() - first);
    for (index_t o = 0; o < w.rows(); ++o) q.scales(o, g) = half_quadratic::scale(w.row(o).segment(first, count), to);
  }
  q.values = w;
  q.units_from_values(to);
  q.dequantize();
  return q;
}

}  // namespace equant::inline EQUANT_ABI::weights
