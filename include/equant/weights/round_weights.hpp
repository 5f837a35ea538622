// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/gptq.hpp>
#include <equant/weights/hadamard.hpp>
#include <equant/weights/scales.hpp>

#include <numeric>

namespace equant::inline EQUANT_ABI::weights {

struct rounding_options {
  bool compensate = true;     ///< GPTQ; else every weight goes to its nearest level
  bool descend = true;        ///< coordinate descent and fitted scales afterwards
  bool ordered = false;       ///< inputs of much power are rounded first
  bool rotate = false;        ///< by a Hadamard matrix before, and back afterwards
  Eigen::VectorXf factors{};  ///< of the inputs: weights are multiplied by them before, and divided afterwards
  index_t group = 0;          ///< inputs that share a scale; 0: all
  float damping = 0.01f;      ///< of the moments, relative to their mean diagonal
  Eigen::MatrixXf scales{};   ///< outputs x groups, to be kept as they are; empty: those of least error
};

namespace choosing {

template <class Code>
coded_weights in_order(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, const Code& code,
                       const rounding_options& o) {
  const index_t inputs = w.cols();
  const auto at = [](index_t i) { return static_cast<std::size_t>(i); };
  std::vector<index_t> order(at(inputs));
  std::iota(order.begin(), order.end(), index_t{0});
  if (o.ordered) {
    std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) { return s(a, a) > s(b, b); });
  }
  Eigen::MatrixXf r;
  coded_weights q{{}, w, {}, o.group == 0 ? std::max<index_t>(inputs, 1) : o.group};
  Eigen::VectorXf cost = s.diagonal();
  if (o.compensate) {
    r = o.ordered ? upper_factor(s(order, order), o.damping) : upper_factor(s, o.damping);
    for (index_t i = 0; i < inputs; ++i) cost[order[at(i)]] = r(i, i) * r(i, i);
  }
  q.scales = o.scales.size() > 0 ? o.scales : best_scales(w, cost, q.group, code);
  const auto round = [&](index_t place, Eigen::VectorXf& column) {
    const index_t i = order[at(place)];
    const auto scale = q.scales.col(i / q.group);
    column = column.cwiseQuotient(scale);
    code.round(column);
    q.units.col(i) = column;
    column = column.cwiseProduct(scale);
  };
  if (o.compensate) {
    Eigen::MatrixXf left(w.rows(), inputs);
    for (index_t i = 0; i < inputs; ++i) left.col(i) = w.col(order[at(i)]);
    gptq(left, r, round);
  } else {
    for (index_t i = 0; i < inputs; ++i) {
      Eigen::VectorXf column = w.col(order[at(i)]);
      round(i, column);
    }
  }
  q.dequantize();
  return q;
}

/// Rounds by `round(w, s)` weights scaled and turned as the options say; `values` are brought back.
template <class Round>
coded_weights changed(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, const rounding_options& o, Round&& round) {
  check_moments(w, s);
  if (o.factors.size() == 0 && !o.rotate) return round(w, s);
  const Eigen::VectorXf by = o.factors.size() == 0 ? Eigen::VectorXf::Ones(w.cols()) : o.factors,
                        back = by.cwiseInverse();
  if (by.size() != w.cols() || !by.allFinite() || !(by.minCoeff() > 0)) {
    contract::invalid_argument(by.size(), " factors for ", w.cols(),
                               " inputs; as many, finite and above 0 are possible");
  }
  const Eigen::MatrixXf scaled = w * by.asDiagonal(), moments = back.asDiagonal() * s * back.asDiagonal();
  const hadamard turn(w.cols());
  coded_weights q = o.rotate ? round(turn.turned(scaled), turn.turned_moments(moments)) : round(scaled, moments);
  if (o.rotate) q.values = turn.back(q.values);
  q.values = q.values * back.asDiagonal();
  return q;
}

}  // namespace choosing

/// Puts weights `w`, outputs x inputs, on the points of a code, for inputs of moments `s`. Of rotated
/// or scaled weights `values` are brought back; units and scales stay those that would be stored.
template <class Code>
coded_weights round_weights(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, const Code& code,
                            const rounding_options& o = {}) {
  check_moments(w, s);
  if (o.group < 0) contract::invalid_argument("groups of ", o.group, " inputs");
  const index_t groups = o.group == 0 ? 1 : (w.cols() + o.group - 1) / o.group;
  if (o.scales.size() > 0 && (o.scales.rows() != w.rows() || o.scales.cols() != groups)) {
    contract::invalid_argument(o.scales.rows(), " x ", o.scales.cols(), " scales for ", w.rows(), " outputs in ",
                               groups, " groups");
  }
  return choosing::changed(w, s, o, [&](const Eigen::MatrixXf& a, const Eigen::MatrixXf& b) {
    coded_weights q = choosing::in_order(a, b, code, o);
    if (o.descend) improve(q, a, b, code, o.scales.size() == 0);
    return q;
  });
}

}  // namespace equant::inline EQUANT_ABI::weights
