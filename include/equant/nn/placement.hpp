// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/graph.hpp>

#include <span>
#include <string_view>

/// Where the quantizers of a network stand, so that convolutions, products, additions and pools run in integers, in our
/// engine and in ONNX Runtime alike: at the inputs of such layers and at their results, after a clip that follows. What
/// only moves values (max pooling, reshape, concat ...) has one grid for what goes in and what comes out, and a product
/// that no integer layer reads stays in float, as logits do.
namespace equant::inline EQUANT_ABI::nn {

/// Values that share one grid, and those of them that have to be looked at to choose it: the others hold no value that
/// these do not.
struct grid_group {
  std::vector<int> values;
  std::vector<int> observed;
};

namespace placing {

inline bool moves_values(const layer& l) {
  return std::holds_alternative<max_pool>(l) || std::holds_alternative<reshape>(l) ||
         std::holds_alternative<transpose>(l) || std::holds_alternative<concat>(l) ||
         std::holds_alternative<slice>(l) || std::holds_alternative<pad>(l);
}

inline bool averages(const layer& l) {
  return std::holds_alternative<average_pool>(l) || std::holds_alternative<global_average_pool>(l);
}

/// Layers whose inputs must be on grids: they compute in integers.
inline bool computes(const graph& g, const layer& l, const node& n) {
  if (std::holds_alternative<conv>(l) || std::holds_alternative<dense>(l)) return true;
  const auto* b = std::get_if<binary>(&l);
  if (b == nullptr || b->kind != binary_kind::add) return false;
  for (int v : n.inputs) {
    const node* from = g.producer(v);
    if (from != nullptr && std::holds_alternative<constant>(from->layer)) return false;
  }
  return true;
}

/// The sets of values that were united.
class union_find {
 public:
  explicit union_find(std::size_t n) : parent_(n) {
    for (std::size_t i = 0; i < n; ++i) parent_[i] = static_cast<int>(i);
  }
  int root(int v) const {
    while (parent_[static_cast<std::size_t>(v)] != v) v = parent_[static_cast<std::size_t>(v)];
    return v;
  }
  void unite(int a, int b) {
    const int p = root(a), q = root(b);
    parent_[static_cast<std::size_t>(std::max(p, q))] = std::min(p, q);
  }

 private:
  std::vector<int> parent_;
};

}  // namespace placing

/// The value that is quantized after node `n`: what a clip that alone reads its result makes of it, or the result.
inline int fused_output(const graph& g, const node& n) {
  const auto readers = g.readers(n.output);
  if (readers.size() != 1 || g.is_output(n.output)) return n.output;
  const node& next = g.nodes[readers[0]];
  return std::holds_alternative<clip>(next.layer) ? next.output : n.output;
}

/// The groups of values that get grids. Nodes named in `keep_float` stay in float; a name that no node has is refused.
inline std::vector<grid_group> place_grids(const graph& g, std::span<const std::string> keep_float = {}) {
  std::vector<bool> in_float(g.nodes.size(), false);
  for (const std::string& name : keep_float) {
    bool found = false;
    for (std::size_t i = 0; i < g.nodes.size(); ++i) {
      if (g.nodes[i].name == name) in_float[i] = found = true;
    }
    if (!found) contract::invalid_argument("no node of network '", g.name, "' is called '", name, "'");
  }

  std::vector<bool> wanted(g.values.size(), false);
  const auto want = [&](int v) -> std::vector<bool>::reference { return wanted[static_cast<std::size_t>(v)]; };
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    const node& n = g.nodes[i];
    if (in_float[i] || !placing::computes(g, n.layer, n)) continue;
    for (int v : n.inputs) want(v) = true;
    if (!std::holds_alternative<dense>(n.layer)) want(fused_output(g, n)) = true;
  }
  placing::union_find together(g.values.size());
  for (std::size_t i = g.nodes.size(); i-- > 0;) {
    const node& n = g.nodes[i];
    if (in_float[i] || !want(n.output)) continue;
    if (placing::moves_values(n.layer)) {
      for (int v : n.inputs) {
        want(v) = true;
        together.unite(v, n.output);
      }
    } else if (placing::averages(n.layer)) {
      for (int v : n.inputs) want(v) = true;
    }
  }

  std::vector<grid_group> groups;
  std::vector<int> place(g.values.size(), -1);
  for (int v = 0; v < static_cast<int>(g.values.size()); ++v) {
    if (!want(v)) continue;
    int& at = place[static_cast<std::size_t>(together.root(v))];
    if (at < 0) {
      at = static_cast<int>(groups.size());
      groups.emplace_back();
    }
    grid_group& group = groups[static_cast<std::size_t>(at)];
    group.values.push_back(v);
    const node* from = g.producer(v);
    const bool moved = from != nullptr && placing::moves_values(from->layer) && !from->inputs.empty() &&
                       together.root(from->inputs[0]) == together.root(v);
    if (!moved) group.observed.push_back(v);
  }
  return groups;
}

}  // namespace equant::inline EQUANT_ABI::nn
