// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/evaluate.hpp>

#include <algorithm>

/// How often a network is right:
///
///   double part = nn::agreement(nn::top1(nn::predict(net, images)), labels);
namespace equant::inline EQUANT_ABI::nn {

/// The first output of a network with one input for all of x, N x ..., `batch` entries at a time.
inline tensor predict(const graph& g, const tensor& x, const evaluate_options& options = {}, index_t batch = 32) {
  if (x.sizes.rank < 1 || x.sizes[0] < 1) contract::invalid_argument("no entry in inputs of ", to_string(x.sizes));
  if (batch < 1) contract::invalid_argument("batches of ", batch, " entries");
  tensor all;
  for (index_t first = 0; first < x.sizes[0]; first += batch) {
    const tensor part = x.rows(first, std::min(batch, x.sizes[0] - first));
    tensor y = std::move(evaluate(g, std::span<const tensor>(&part, 1), options)[0]);
    if (first > 0) y.sizes[0] += all.sizes[0];
    all.sizes = y.sizes;
    all.values.insert(all.values.end(), y.values.begin(), y.values.end());
  }
  return all;
}

/// The place of the largest value in each row of N x ..., the first of equals.
inline std::vector<index_t> top1(const tensor& y) {
  std::vector<index_t> best;
  const index_t rows = y.sizes.rank == 0 ? 0 : y.sizes[0], each = rows == 0 ? 0 : y.count() / rows;
  for (index_t r = 0; r < rows; ++r) {
    const auto from = y.values.begin() + r * each;
    best.push_back(std::max_element(from, from + each) - from);
  }
  return best;
}

/// The part of places, 0 to 1, where two lists of classes agree; 0 for empty ones. Throws std::invalid_argument where
/// one is longer.
inline double agreement(std::span<const index_t> a, std::span<const index_t> b) {
  if (a.size() != b.size()) contract::invalid_argument(a.size(), " results and ", b.size(), " to hold them against");
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) same += a[i] == b[i] ? 1u : 0u;
  return a.empty() ? 0 : static_cast<double>(same) / static_cast<double>(a.size());
}

}  // namespace equant::inline EQUANT_ABI::nn
