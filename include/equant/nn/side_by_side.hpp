// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/graph.hpp>

namespace equant::inline EQUANT_ABI::nn {

/// Two networks of the same nodes as one, each node of `a` right before that of `b`, so that what both make of their
/// inputs can be compared value by value with only one value of each kept. Values of `b` come after those of `a`,
/// inputs and outputs too.
inline graph side_by_side(const graph& a, const graph& b) {
  if (a.nodes.size() != b.nodes.size() || a.values.size() != b.values.size()) {
    contract::invalid_argument("networks of ", a.nodes.size(), " and ", b.nodes.size(), " nodes side by side");
  }
  graph both = a;
  const int shift = static_cast<int>(a.values.size());
  both.values.insert(both.values.end(), b.values.begin(), b.values.end());
  both.nodes.clear();
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    both.nodes.push_back(a.nodes[i]);
    both.nodes.push_back(b.nodes[i]);
    for (int& v : both.nodes.back().inputs) v += shift;
    both.nodes.back().output += shift;
  }
  for (const graph_input& i : b.inputs) both.inputs.push_back({i.value + shift, i.sizes});
  for (int v : b.outputs) both.outputs.push_back(v + shift);
  return both;
}

}  // namespace equant::inline EQUANT_ABI::nn
