// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/allocation.hpp>
#include <equant/weights/gptq.hpp>
#include <equant/weights/scales.hpp>

/// A width for each group of a layer's inputs: many bits where the inputs are strong, few where they hardly count
/// (SliM-LLM, Huang et al. 2024):
///
///   auto [widths, q] = weights::round_in_groups(w, s, 3.5, {.group = 64});   // 3.5 bits on average, at least error
namespace equant::inline EQUANT_ABI::weights {

struct group_width_options {
  index_t group = 64;                       ///< inputs that share a width, and in each output a scale
  std::vector<int> bits{2, 3, 4, 5, 6, 8};  ///< to choose from: 2 to 8, ascending
  bool gaussian = false;                    ///< Lloyd-Max levels for a Gaussian instead of integers
  float damping = 0.01f;                    ///< of the moments, relative to their mean diagonal
};

/// The widths of a layer's groups.
struct grouped_widths {
  std::vector<int> bits;
  group_width_options options{};
  double average = 0;  ///< bits per weight, scales not counted
};

namespace grouping {

inline levels levels_of(int bits, const group_width_options& o) {
  return o.gaussian ? levels::gaussian(bits) : levels::integers(bits);
}

inline index_t groups_of(index_t inputs, const group_width_options& o) {
  if (o.group < 1) contract::invalid_argument("groups of ", o.group, " inputs");
  return (inputs + o.group - 1) / o.group;
}

/// What an error of each input's weight costs, that the inputs after it cannot take over.
inline Eigen::VectorXf costs(const Eigen::MatrixXf& r) { return r.diagonal().cwiseAbs2(); }

/// round_groups() by a factor R that is there already.
inline coded_weights rounded(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, const Eigen::MatrixXf& r,
                             const grouped_widths& widths) {
  const group_width_options& o = widths.options;
  const index_t groups = groups_of(w.cols(), o);
  if (static_cast<index_t>(widths.bits.size()) != groups) {
    contract::invalid_argument(widths.bits.size(), " widths for ", groups, " groups of inputs");
  }
  const Eigen::VectorXf cost = costs(r);
  std::vector<levels> codes;
  coded_weights q{w, w, Eigen::MatrixXf(w.rows(), groups), o.group};
  for (index_t g = 0; g < groups; ++g) {
    const index_t first = g * o.group, count = std::min(o.group, w.cols() - first);
    codes.push_back(levels_of(widths.bits[static_cast<std::size_t>(g)], o));
    q.scales.col(g) = best_scales(w.middleCols(first, count), cost.segment(first, count), count, codes.back());
  }
  const auto code = [&](index_t input) -> const levels& { return codes[static_cast<std::size_t>(input / o.group)]; };
  gptq(q.values, r, [&](index_t i, Eigen::VectorXf& column) {
    const auto scale = q.scales.col(i / o.group);
    column = column.cwiseQuotient(scale);
    code(i).round(column);
    q.units.col(i) = column;
    column = column.cwiseProduct(scale);
  });
  for (int turn = 0; turn < 8; ++turn) {
    const Eigen::MatrixXf before = q.values;
    coordinate_descent(w, q.values, s, 1, [&](index_t output, index_t i, float x) {
      return q.scale(output, i) * code(i).nearest(x / q.scale(output, i));
    });
    if (q.values == before) break;
    for (index_t i = 0; i < w.cols(); ++i) {
      q.units.col(i) = q.values.col(i).cwiseQuotient(q.scales.col(i / o.group));
      Eigen::VectorXf column = q.units.col(i);
      code(i).round(column);
      q.units.col(i) = column;
    }
    refit_scales(q, w, s);
  }
  return q;
}

}  // namespace grouping

/// Per group, each width with what it costs: the sum over outputs and inputs of R(i, i)^2 (w - level)^2, R of
/// upper_factor(), at scales of least such error. Their `bytes` count bits: nothing is lost to rounding.
inline std::vector<std::vector<width_choice>> group_choices(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s,
                                                            const group_width_options& o = {}) {
  check_moments(w, s);
  check_widths(o.bits);
  const Eigen::VectorXf cost = grouping::costs(upper_factor(s, o.damping));
  std::vector<std::vector<width_choice>> groups(static_cast<std::size_t>(grouping::groups_of(w.cols(), o)));
  for (int bits : o.bits) {
    const levels to = grouping::levels_of(bits, o);
    const Eigen::MatrixXf scales = best_scales(w, cost, o.group, to);
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const index_t first = static_cast<index_t>(g) * o.group, count = std::min(o.group, w.cols() - first);
      double error = 0;
      for (index_t i = first; i < first + count; ++i) {
        const auto scale = scales.col(static_cast<index_t>(g));
        Eigen::VectorXf column = w.col(i).cwiseQuotient(scale);
        to.round(column);
        error += static_cast<double>(cost[i] * (w.col(i) - column.cwiseProduct(scale)).squaredNorm());
      }
      groups[g].push_back({bits, w.rows() * count * bits, error});
    }
  }
  return groups;
}

/// The widths of least expected error with so many bits on average. Throws std::invalid_argument where not even the
/// smallest widths fit.
inline grouped_widths group_widths(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, double average,
                                   const group_width_options& o = {}) {
  const auto groups = group_choices(w, s, o);
  const auto smallest = static_cast<double>(o.bits.front());
  if (!(average >= smallest && average <= 8)) {
    contract::invalid_argument("groups of ", average, " bits on average; ", smallest, " to 8 are possible");
  }
  const auto count = static_cast<double>(w.size());
  const allocation a = within_bytes(groups, static_cast<std::int64_t>(average * count));
  grouped_widths widths{{}, o, count > 0 ? static_cast<double>(a.bytes) / count : 0};
  for (std::size_t g = 0; g < groups.size(); ++g) widths.bits.push_back(groups[g][a.chosen[g]].bits);
  return widths;
}

/// Puts weights `w`, outputs x inputs, on levels of each group's own width, for inputs of moments `s`: GPTQ, then
/// coordinate descent in turns with fitted scales.
inline coded_weights round_groups(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, const grouped_widths& widths) {
  check_moments(w, s);
  return grouping::rounded(w, s, upper_factor(s, widths.options.damping), widths);
}

struct grouped_rounding {
  grouped_widths widths;
  coded_weights result;
};

/// Rounds to the widths of group_widths(), or to the largest one width for all within the average where, once rounded,
/// that loses less.
inline grouped_rounding round_in_groups(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, double average,
                                        const group_width_options& o = {}) {
  grouped_rounding own{group_widths(w, s, average, o), {}}, even = own;
  const Eigen::MatrixXf r = upper_factor(s, o.damping);
  own.result = grouping::rounded(w, s, r, own.widths);
  const int bits = *std::find_if(o.bits.rbegin(), o.bits.rend(), [&](int b) { return b <= average; });
  even.widths = {std::vector<int>(own.widths.bits.size(), bits), o, static_cast<double>(bits)};
  if (own.widths.bits == even.widths.bits) return own;
  even.result = grouping::rounded(w, s, r, even.widths);
  const bool better = output_error(w, even.result.values, s) < output_error(w, own.result.values, s);
  return better ? std::move(even) : std::move(own);
}

}  // namespace equant::inline EQUANT_ABI::weights
