// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/gptq.hpp>
#include <equant/weights/hadamard.hpp>
#include <equant/weights/scales.hpp>
#include <numeric>

namespace equant::inline EQUANT_ABI::weights {

struct rounding_options {
  bool compensate = true;    ///< GPTQ; else every weight goes to its nearest level
  bool descend = true;       ///< coordinate descent and fitted scales afterwards
  bool ordered = false;      ///< inputs of much power are rounded first
  bool rotate = false;       ///< by a Hadamard matrix before, and back afterwards
  index_t group = 0;         ///< inputs that share a scale; 0: all
  float damping = 0.01f;     ///< of the moments, relative to their mean diagonal
  Eigen::MatrixXf scales{};  ///< outputs x groups, to be kept as they are; empty: those of least error
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

}  // namespace choosing

/// Puts weights `w`, outputs x inputs, on the points of a code, for inputs of moments `s`. Of rotated
/// weights `values` are turned back; units and scales stay those of the rotated ones, as they would be stored.
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
  if (o.rotate) {
    const hadamard turn(w.cols());
    rounding_options rest = o;
    rest.rotate = false;
    coded_weights q = round_weights(turn.turned(w), turn.turned_moments(s), code, rest);
    q.values = turn.back(q.values);
    return q;
  }
  coded_weights q = choosing::in_order(w, s, code, o);
  if (o.descend) improve(q, w, s, code, o.scales.size() == 0);
  return q;
}

}  // namespace equant::inline EQUANT_ABI::weights
