// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/importer.hpp>

/// What is done with a graph when all its nodes are read.
namespace equant::inline EQUANT_ABI::nn::importing {

/// Copies that carry the grid of a QuantizeLinear are made one with the value they copy, where nobody reads that
/// without it.
inline void merge_copies(graph& g) {
  std::vector<std::vector<std::size_t>> readers(g.values.size());
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    for (int v : g.nodes[i].inputs) readers[static_cast<std::size_t>(v)].push_back(i);
  }
  std::vector<bool> is_input(g.values.size(), false), is_output(g.values.size(), false);
  for (const graph_input& i : g.inputs) is_input[static_cast<std::size_t>(i.value)] = true;
  for (int v : g.outputs) is_output[static_cast<std::size_t>(v)] = true;
  std::vector<int> same(g.values.size());
  for (std::size_t v = 0; v < same.size(); ++v) same[v] = static_cast<int>(v);

  const auto all_wear = [&](int v, const grid& wanted) {
    if (is_output[static_cast<std::size_t>(v)]) return false;
    for (std::size_t i : readers[static_cast<std::size_t>(v)]) {
      const auto& other = g.at(g.nodes[i].output).grid;
      if (!std::holds_alternative<copy>(g.nodes[i].layer) || !other || !(*other == wanted)) return false;
    }
    return true;
  };
  std::vector<node> kept;
  for (node& n : g.nodes) {
    for (int& v : n.inputs) v = same[static_cast<std::size_t>(v)];
    const auto to = static_cast<std::size_t>(n.output);
    const auto wanted = g.values[to].grid;
    if (std::holds_alternative<copy>(n.layer) && wanted) {
      const int v = n.inputs[0];
      const auto from = static_cast<std::size_t>(v);
      const bool first = !g.at(v).grid && all_wear(v, *wanted);
      if ((first || g.at(v).grid == wanted) && !(is_output[to] && (is_input[from] || is_output[from]))) {
        if (first && !is_input[from]) g.at(v).name = g.values[to].name;
        g.at(v).grid = wanted;
        is_output[from] = is_output[from] || is_output[to];
        same[to] = v;
        continue;
      }
    }
    kept.push_back(std::move(n));
  }
  g.nodes = std::move(kept);
  for (int& v : g.outputs) v = same[static_cast<std::size_t>(v)];
}

/// The codes of a bias are kept where they mean what they have to, code * input's scale * weights' scale; then that,
/// not rounded on the way, is the bias.
inline void settle_biases(graph& g) {
  for (node& n : g.nodes) {
    bias* b = bias_of(n.layer);
    if (b == nullptr || b->codes.empty()) continue;
    const weights& w = *weights_of(n.layer);
    const auto& from = g.at(n.inputs[0]).grid;
    std::vector<float> meant;
    for (std::size_t o = 0; w.quantized() && w.group == 0 && from && o < b->codes.size(); ++o) {
      const double scale = static_cast<double>(from->scale) * static_cast<double>(w.scale(static_cast<index_t>(o)));
      const double means = static_cast<double>(b->codes[o]) * scale;
      if (std::abs(means - static_cast<double>(b->values[o])) > 1e-5 * std::abs(means) + 1e-3 * scale) break;
      meant.push_back(static_cast<float>(means));
    }
    if (meant.size() == b->codes.size()) {
      b->values = std::move(meant);
    } else {
      b->codes.clear();
    }
  }
}

/// Gives the outputs the names that the file has for them. Where a value has another already, it is copied.
inline void name_outputs(graph& g, const std::vector<std::string>& names) {
  std::vector<bool> taken(g.values.size(), false);
  for (const graph_input& i : g.inputs) taken[static_cast<std::size_t>(i.value)] = true;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const int v = g.outputs[i];
    if (taken[static_cast<std::size_t>(v)]) {
      g.outputs[i] = g.add(names[i], copy{}, {v});
      taken.push_back(true);
    } else {
      g.at(v).name = names[i];
      taken[static_cast<std::size_t>(v)] = true;
    }
  }
}

/// Zero padding that one convolution alone reads becomes its own.
inline void merge_pads(graph& g) {
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    const auto* p = std::get_if<pad>(&g.nodes[i].layer);
    if (p == nullptr || p->value != 0 || p->before.size() != 4 || g.is_output(g.nodes[i].output)) continue;
    const auto &before = g.at(g.nodes[i].inputs[0]).grid, &after = g.at(g.nodes[i].output).grid;
    if (after && !(before == after)) continue;
    if (p->before[0] != 0 || p->before[1] != 0 || p->after[0] != 0 || p->after[1] != 0) continue;
    const auto readers = g.readers(g.nodes[i].output);
    auto* c = readers.size() == 1 ? std::get_if<conv>(&g.nodes[readers[0]].layer) : nullptr;
    if (c == nullptr) continue;
    c->window.pads[0] += p->before[2];
    c->window.pads[1] += p->before[3];
    c->window.pads[2] += p->after[2];
    c->window.pads[3] += p->after[3];
    g.nodes[readers[0]].inputs[0] = g.nodes[i].inputs[0];
    g.nodes.erase(g.nodes.begin() + static_cast<index_t>(i--));
  }
}

/// A batch of exactly one, as some exporters write it, becomes any batch where every layer lets it.
inline void open_batch(graph& g) {
  graph open = g;
  for (graph_input& i : open.inputs) {
    if (i.sizes.rank < 2 || i.sizes[0] != 1) return;
    i.sizes[0] = -1;
  }
  for (node& n : open.nodes) {
    auto* r = std::get_if<reshape>(&n.layer);
    if (r != nullptr && !r->sizes.empty() && r->sizes[0] == 1) r->sizes[0] = 0;
  }
  const auto sizes_of = [&](index_t batch) {
    std::vector<shape> in;
    for (const graph_input& i : open.inputs) {
      in.push_back(i.sizes);
      in.back()[0] = batch;
    }
    return infer_shapes(open, in);
  };
  try {
    const auto one = sizes_of(1), more = sizes_of(stand_ins[0]);
    for (int v : g.outputs) {
      shape wanted = one[static_cast<std::size_t>(v)];
      if (wanted.rank < 1 || wanted[0] != 1) return;
      wanted[0] = stand_ins[0];
      if (!(more[static_cast<std::size_t>(v)] == wanted)) return;
    }
  } catch (const std::invalid_argument&) {
    return;
  }
  g = std::move(open);
}

/// Keeps the nodes that an output needs, and the values that they use.
inline graph trimmed(const graph& g) {
  std::vector<bool> needed(g.values.size(), false);
  for (int v : g.outputs) needed[static_cast<std::size_t>(v)] = true;
  for (std::size_t i = g.nodes.size(); i-- > 0;) {
    if (!needed[static_cast<std::size_t>(g.nodes[i].output)]) continue;
    for (int v : g.nodes[i].inputs) needed[static_cast<std::size_t>(v)] = true;
  }
  for (const graph_input& i : g.inputs) needed[static_cast<std::size_t>(i.value)] = true;
  graph t;
  t.name = g.name;
  std::vector<int> place(g.values.size(), -1);
  for (std::size_t v = 0; v < g.values.size(); ++v) {
    if (!needed[v]) continue;
    place[v] = static_cast<int>(t.values.size());
    t.values.push_back(g.values[v]);
  }
  const auto at = [&](int v) { return place[static_cast<std::size_t>(v)]; };
  for (const graph_input& i : g.inputs) t.inputs.push_back({at(i.value), i.sizes});
  for (const node& n : g.nodes) {
    if (!needed[static_cast<std::size_t>(n.output)]) continue;
    t.nodes.push_back(n);
    for (int& v : t.nodes.back().inputs) v = at(v);
    t.nodes.back().output = at(n.output);
  }
  for (int v : g.outputs) t.outputs.push_back(at(v));
  return t;
}

}  // namespace equant::inline EQUANT_ABI::nn::importing
