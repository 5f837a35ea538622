// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/round_weights.hpp>

#include <Eigen/Cholesky>

namespace equant::inline EQUANT_ABI::weights {

/// Levels of its own for each output, in the weights' units: a codebook per channel.
class channel_levels {
 public:
  explicit channel_levels(std::vector<levels> outputs) : outputs_(std::move(outputs)) {}

  index_t outputs() const { return static_cast<index_t>(outputs_.size()); }
  const levels& of(index_t output) const { return outputs_[static_cast<std::size_t>(output)]; }
  void set(index_t output, levels to) { outputs_[static_cast<std::size_t>(output)] = std::move(to); }
  void round(Eigen::VectorXf& column) const {
    for (index_t o = 0; o < column.size(); ++o) column[o] = of(o).nearest(column[o]);
  }

 private:
  std::vector<levels> outputs_;
};

/// Levels in the weights' units need no scales.
inline Eigen::MatrixXf best_scales(const Eigen::MatrixXf& w, const Eigen::VectorXf&, index_t, const channel_levels&) {
  return Eigen::MatrixXf::Ones(w.rows(), 1);
}

/// The 2^bits levels of least sum of importance * error^2 for each output's weights (Lloyd 1957, Max 1960), or their
/// values where these are fewer. `importance`: of each input, at least 0; where all is 0, all count alike.
inline channel_levels lloyd_max_levels(const Eigen::MatrixXf& w, const Eigen::VectorXf& importance, int bits) {
  if (bits < 1 || bits > 8) contract::invalid_argument("levels of ", bits, " bits; 1 to 8 are possible");
  if (!w.allFinite()) contract::invalid_argument("weights that are not finite");
  const bool weighted = importance.size() > 0 && importance.maxCoeff() > 0;
  const float least = weighted ? 1e-6f * importance.maxCoeff() : 1;
  const Eigen::VectorXf counts =
      weighted ? importance.cwiseMax(least) : Eigen::VectorXf(Eigen::VectorXf::Ones(w.cols()));
  std::vector<levels> outputs;
  for (index_t o = 0; o < w.rows(); ++o) {
    std::vector<double> found{0};
    if (w.cols() > 0) {
      const Eigen::VectorXf row = w.row(o);
      const sorted_values x(row, counts);
      found = lloyd::values_of(x);
      if (x.count() > 1 << bits) {
        const std::vector<index_t> edges = lloyd::edges_of(x);
        found = lloyd::best_cells(x, edges, std::min(1 << bits, static_cast<int>(edges.size()) - 1));
        lloyd::descend(x, found);
      }
    }
    std::vector<float> values(found.begin(), found.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    outputs.emplace_back(std::move(values));
  }
  return channel_levels(std::move(outputs));
}

struct codebook_weights {
  Eigen::MatrixXf values;  ///< each one of its output's levels
  channel_levels levels;
};

namespace fitting {

/// Moves each output's levels to where its error e S e^T is least while each weight keeps its number.
inline void refit_levels(codebook_weights& q, const Eigen::MatrixXf& w, const Eigen::MatrixXf& s) {
  const Eigen::MatrixXf pull = w * s;
  for (index_t o = 0; o < w.rows(); ++o) {
    const levels& old = q.levels.of(o);
    const auto count = static_cast<index_t>(old.size());
    std::vector<index_t> number(static_cast<std::size_t>(w.cols()));
    Eigen::MatrixXd felt = Eigen::MatrixXd::Zero(w.cols(), count), square = Eigen::MatrixXd::Zero(count, count);
    Eigen::VectorXd wanted = Eigen::VectorXd::Zero(count), before(count);
    for (index_t k = 0; k < count; ++k) before[k] = static_cast<double>(old.value(static_cast<std::size_t>(k)));
    for (index_t i = 0; i < w.cols(); ++i) {
      const auto k = static_cast<index_t>(old.code(q.values(o, i)));
      number[static_cast<std::size_t>(i)] = k;
      felt.col(k) += s.col(i).cast<double>();
      wanted[k] += static_cast<double>(pull(o, i));
    }
    for (index_t i = 0; i < w.cols(); ++i) square.row(number[static_cast<std::size_t>(i)]) += felt.row(i);
    const double hold = 1e-4 * square.trace() / static_cast<double>(count);  // levels without weights stay
    if (!(hold > 0)) continue;
    square.diagonal().array() += hold;
    const Eigen::VectorXd best = square.ldlt().solve(wanted + hold * before);
    std::vector<float> values(static_cast<std::size_t>(count));
    for (index_t k = 0; k < count; ++k) values[static_cast<std::size_t>(k)] = static_cast<float>(best[k]);
    if (!best.allFinite() || std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()) != values.end())
      continue;
    Eigen::VectorXf row(w.cols());
    for (index_t i = 0; i < w.cols(); ++i)
      row[i] = values[static_cast<std::size_t>(number[static_cast<std::size_t>(i)])];
    const Eigen::RowVectorXf now = w.row(o) - row.transpose(), then = w.row(o) - q.values.row(o);
    if (!((now * s).dot(now) < (then * s).dot(then))) continue;
    q.levels.set(o, levels(std::move(values)));
    q.values.row(o) = row;
  }
}

}  // namespace fitting

/// Puts weights `w`, outputs x inputs, on 2^bits levels of each output's own, for inputs of moments `s`: Lloyd-Max
/// levels, then, as far as the options say, GPTQ onto them, and coordinate descent in turns with levels fitted to the
/// weights that have them. Groups, scales, rotation and factors are not for codebooks.
inline codebook_weights round_to_codebooks(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, int bits,
                                           const rounding_options& o = {}) {
  check_moments(w, s);
  if (o.group != 0 || o.scales.size() > 0 || o.rotate || o.factors.size() > 0) {
    contract::invalid_argument("codebooks per channel with groups, scales, rotation or factors");
  }
  codebook_weights q{w, lloyd_max_levels(w, s.diagonal(), bits)};
  q.values = choosing::in_order(w, s, q.levels, o).values;
  for (int turn = 0; o.descend && turn < 8; ++turn) {
    fitting::refit_levels(q, w, s);
    const Eigen::MatrixXf before = q.values;
    coordinate_descent(w, q.values, s, 1,
                       [&](index_t output, index_t, float x) { return q.levels.of(output).nearest(x); });
    if (q.values == before) break;
  }
  return q;
}

}  // namespace equant::inline EQUANT_ABI::weights
