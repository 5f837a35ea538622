// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>
#include <equant/nn/own_memory.hpp>

#include <Eigen/Core>

#include <cmath>
#include <span>

/// Losses of a batch, rows of `y` its entries: each returns the mean over the entries and adds `weight` times its
/// gradient to `gradient`.
namespace equant::inline EQUANT_ABI::nn {

namespace losing {

using row = Eigen::Array<float, 1, Eigen::Dynamic>;

inline index_t columns(std::span<const float> y, index_t rows) {
  if (rows < 1 || static_cast<index_t>(y.size()) % rows != 0) {
    contract::invalid_argument(y.size(), " outputs for a batch of ", rows);
  }
  return static_cast<index_t>(y.size()) / rows;
}

/// log softmax(x): what exp makes shares of.
template <class X>
row log_shares(const X& x) {
  const row shifted = x - x.maxCoeff();
  return shifted - std::log(shifted.exp().sum());
}

}  // namespace losing

/// Throws std::invalid_argument, with the entry, where a label is none of `classes`.
inline void check_labels(std::span<const index_t> labels, index_t classes) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes) {
      contract::invalid_argument("entry ", i, " has label ", labels[i], " of ", classes, " classes");
    }
  }
}

/// -log softmax(y)[label].
inline double cross_entropy(std::span<const float> y, std::span<const index_t> labels, float weight,
                            std::span<float> gradient) {
  const auto rows = static_cast<index_t>(labels.size()), columns = losing::columns(y, rows);
  check_labels(labels, columns);
  double sum = 0;
  for (index_t r = 0; r < rows; ++r) {
    const Eigen::Map<const losing::row> logits(y.data() + r * columns, columns);
    const losing::row shares = losing::log_shares(logits);
    const index_t label = labels[static_cast<std::size_t>(r)];
    sum -= static_cast<double>(shares[label]);
    Eigen::Map<losing::row> to(gradient.data() + r * columns, columns);
    to += in_own_memory(weight / static_cast<float>(rows) * shares.exp());
    to[label] -= weight / static_cast<float>(rows);
  }
  return sum / static_cast<double>(rows);
}

/// T^2 KL(softmax(teacher / T) || softmax(y / T)), T the temperature (Hinton, Vinyals and Dean, 2015).
inline double distillation(std::span<const float> y, std::span<const float> teacher, index_t rows, float temperature,
                           float weight, std::span<float> gradient) {
  const index_t columns = losing::columns(y, rows);
  if (teacher.size() != y.size()) contract::invalid_argument(teacher.size(), " outputs of the teacher for ", y.size());
  double sum = 0;
  for (index_t r = 0; r < rows; ++r) {
    const Eigen::Map<const losing::row> own(y.data() + r * columns, columns),
        aim(teacher.data() + r * columns, columns);
    const losing::row p = losing::log_shares(aim / temperature), q = losing::log_shares(own / temperature);
    sum += static_cast<double>(temperature * temperature * (p.exp() * (p - q)).sum());
    Eigen::Map<losing::row>(gradient.data() + r * columns, columns) +=
        in_own_memory(weight * temperature / static_cast<float>(rows) * (q.exp() - p.exp()));
  }
  return sum / static_cast<double>(rows);
}

/// The mean of (y - wanted)^2 over all outputs.
inline double mean_squared_error(std::span<const float> y, std::span<const float> wanted, float weight,
                                 std::span<float> gradient) {
  if (wanted.size() != y.size() || y.empty())
    contract::invalid_argument(wanted.size(), " wanted values for ", y.size(), " outputs");
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const float e = y[i] - wanted[i];
    sum += static_cast<double>(e) * static_cast<double>(e);
    gradient[i] += weight * 2 * e / static_cast<float>(y.size());
  }
  return sum / static_cast<double>(y.size());
}

/// How many entries have their largest output at their label.
inline index_t count_correct(std::span<const float> y, std::span<const index_t> labels) {
  const auto rows = static_cast<index_t>(labels.size()), columns = losing::columns(y, rows);
  index_t correct = 0;
  for (index_t r = 0; r < rows; ++r) {
    index_t best = 0;
    Eigen::Map<const losing::row>(y.data() + r * columns, columns).maxCoeff(&best);
    correct += best == labels[static_cast<std::size_t>(r)];
  }
  return correct;
}

}  // namespace equant::inline EQUANT_ABI::nn
