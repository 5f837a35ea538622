// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/bias_correction.hpp>
#include <equant/nn/layer_inputs.hpp>
#include <equant/nn/quantize_weights.hpp>
#include <equant/weights/gptq.hpp>

namespace equant::inline EQUANT_ABI::nn {

/// How weights are put on their grids.
enum class rounding_method { nearest, gptq };

namespace repairing {

/// Rounds the weights of a layer, which has scales already, by GPTQ for inputs `values`.
inline void round_by_inputs(layer& l, std::span<const float> values, const shape& from, const shape& to) {
  weights& w = *weights_of(l);
  const float largest = static_cast<float>(largest_weight_code(w.bits));
  const index_t groups = matrices_of(l), outputs = w.outputs() / std::max<index_t>(groups, 1);
  for (index_t g = 0; g < groups; ++g) {
    Eigen::MatrixXf m = weight_matrix(l, g);
    const Eigen::MatrixXf u = equant::weights::inverse_factor(input_moments(l, g, values, from, to).shrunk());
    equant::weights::gptq(m, u, [&](index_t, Eigen::VectorXf& column) {
      for (index_t o = 0; o < outputs; ++o) {
        const float scale = w.scale(g * outputs + o);
        column[o] = weighing::rounded(column[o], scale, largest) * scale;
      }
    });
    set_weight_matrix(l, g, m);
  }
  const std::size_t each = w.values.values.size() / static_cast<std::size_t>(w.outputs());
  for (std::size_t i = 0; i < w.codes.size(); ++i) {
    w.codes[i] = static_cast<std::int8_t>(std::lround(w.values.values[i] / w.scale(static_cast<index_t>(i / each))));
  }
}

}  // namespace repairing

/// Rounds the weights of `g`'s layers again and corrects their biases so that the network answers as `wanted`, the float
/// one with the same nodes and values, does on `inputs`: layer by layer, each seeing the layers before it quantized and
/// repaired.
inline void repair(const graph& wanted, graph& g, std::span<const tensor> inputs, rounding_method method, bool biases) {
  std::vector<node*> made_by(g.values.size(), nullptr);
  std::vector<std::vector<node*>> read_by(g.values.size());
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    node& n = g.nodes[i];
    const weights* w = weights_of(n.layer);
    if (w == nullptr || !w->quantized()) continue;
    made_by[static_cast<std::size_t>(n.output)] = &n;
    read_by[static_cast<std::size_t>(n.inputs[0])].push_back(&n);
    if (method == rounding_method::gptq) weights_of(n.layer)->values = weights_of(wanted.nodes[i].layer)->values;
  }
  std::vector<std::vector<double>> means(g.values.size());
  std::vector<shape> sizes(g.values.size());
  evaluate(wanted, inputs, {.grids = false}, [&](int v, std::span<float> values, const shape& s) {
    const auto at = static_cast<std::size_t>(v);
    sizes[at] = s;
    if (biases && made_by[at] != nullptr) means[at] = correcting::channel_means(values, weights_of(made_by[at]->layer)->outputs());
  });
  std::vector<float> quantized;
  evaluate(g, inputs, {}, [&](int v, std::span<float> values, const shape& s) {
    const auto at = static_cast<std::size_t>(v);
    if (biases && made_by[at] != nullptr) correcting::correct(*made_by[at], means[at], values);
    if (method != rounding_method::gptq || read_by[at].empty()) return;
    quantized.assign(values.begin(), values.end());
    if (g.at(v).grid) put_on_grid(quantized, *g.at(v).grid);
    for (node* n : read_by[at]) repairing::round_by_inputs(n->layer, quantized, s, sizes[static_cast<std::size_t>(n->output)]);
  });
}

}  // namespace equant::inline EQUANT_ABI::nn
