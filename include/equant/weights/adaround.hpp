// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/scales.hpp>

namespace equant::inline EQUANT_ABI::weights {

struct adaround_options {
  index_t group = 0;  ///< inputs that share a scale; 0: all
  int steps = 400;
  float rate = 0.02f;        ///< Adam's
  float strength = 0.05f;    ///< of the regularizer
  Eigen::MatrixXf scales{};  ///< outputs x groups, to be kept as they are; empty: those of least error
};

namespace adaptive {

/// The rectified sigmoid, h(v) in [0, 1], and its derivative.
inline float soft(float v, float& slope) {
  const float s = 1 / (1 + std::exp(-v)), h = 1.2f * s - 0.1f;
  slope = h > 0 && h < 1 ? 1.2f * s * (1 - s) : 0;
  return std::min(std::max(h, 0.0f), 1.0f);
}

}  // namespace adaptive

/// Rounds each weight to the level below or above, whichever serves the output: AdaRound (Nagel et al. 2020) on
/// moments. q = scale (low + (high - low) h(v)) minimises tr((q - w) S (q - w)^T) / mean diagonal of S, in units of the
/// scales, plus strength * sum (1 - |2 h - 1|^beta), beta falling from 20 to 2, by Adam over v. An output for which the
/// nearest levels are better in the end gets those.
inline coded_weights adaround(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, const levels& to,
                              const adaround_options& o = {}) {
  check_moments(w, s);
  if (o.group < 0) contract::invalid_argument("groups of ", o.group, " inputs");
  coded_weights q{{}, w, o.scales, o.group == 0 ? std::max<index_t>(w.cols(), 1) : o.group};
  if (q.scales.size() == 0) q.scales = best_scales(w, s.diagonal(), q.group, to);
  q.values = w;
  q.units_from_values(to);
  q.dequantize();
  const coded_weights nearest = q;
  const float mean = w.cols() == 0 ? 0 : s.diagonal().mean();
  if (!(mean > 0)) return q;

  Eigen::MatrixXf x = w, low = w, width = w, v = w, h = w, slope = w;
  for (index_t i = 0; i < w.cols(); ++i) {
    for (index_t r = 0; r < w.rows(); ++r) {
      x(r, i) = w(r, i) / q.scale(r, i);
      std::size_t c = to.code(x(r, i));
      if (to.value(c) > x(r, i) && c > 0) --c;
      low(r, i) = to.value(c);
      width(r, i) = to.value(std::min(c + 1, to.size() - 1)) - low(r, i);
      const float part = width(r, i) > 0 ? std::min(std::max((x(r, i) - low(r, i)) / width(r, i), 0.01f), 0.99f) : 0;
      v(r, i) = -std::log(1.2f / (part + 0.1f) - 1);
      h(r, i) = adaptive::soft(v(r, i), slope(r, i));
    }
  }
  const Eigen::MatrixXf felt = s / mean;
  Eigen::ArrayXXf first = Eigen::ArrayXXf::Zero(w.rows(), w.cols()), second = first;
  const int begin = o.steps / 5;  // until then without the regularizer
  for (int step = 0; step < o.steps; ++step) {
    const Eigen::MatrixXf e = low + width.cwiseProduct(h) - x;
    Eigen::ArrayXXf gradient = 2 * (e * felt).array() * width.array();
    if (step >= begin) {
      const float part = static_cast<float>(step - begin) / static_cast<float>(std::max(o.steps - begin, 1));
      const float beta = 2 + 18 * (1 - part);
      const Eigen::ArrayXXf from = 2 * h.array() - 1;
      gradient -= o.strength * 2 * beta * from.abs().max(1e-6f).pow(beta - 1) * from.sign();
    }
    gradient *= slope.array();
    first = 0.9f * first + 0.1f * gradient;
    second = 0.999f * second + 0.001f * gradient.square();
    const float fix1 = 1 - std::pow(0.9f, static_cast<float>(step + 1)),
                fix2 = 1 - std::pow(0.999f, static_cast<float>(step + 1));
    v.array() -= o.rate * (first / fix1) / ((second / fix2).sqrt() + 1e-8f);
    for (index_t k = 0; k < v.size(); ++k) h.data()[k] = adaptive::soft(v.data()[k], slope.data()[k]);
  }
  q.units = low.array() + (h.array() >= 0.5f).select(width.array(), 0);
  q.dequantize();
  for (index_t r = 0; r < w.rows(); ++r) {
    const Eigen::RowVectorXf now = w.row(r) - q.values.row(r), other = w.row(r) - nearest.values.row(r);
    if ((now * s).dot(now) <= (other * s).dot(other)) continue;
    q.units.row(r) = nearest.units.row(r);
    q.values.row(r) = nearest.values.row(r);
  }
  return q;
}

}  // namespace equant::inline EQUANT_ABI::weights
