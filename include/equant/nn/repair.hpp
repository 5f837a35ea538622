// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/bias_correction.hpp>
#include <equant/nn/layer_inputs.hpp>
#include <equant/nn/quantize_weights.hpp>
#include <equant/weights/scaled_levels.hpp>

namespace equant::inline EQUANT_ABI::nn {

/// How weights are put on their grids.
enum class rounding_method { nearest, gptq };

namespace repairing {

/// Rounds the weights of a layer by what they read, `values`: by GPTQ, and with few bits on scales fitted to that, improved
/// by coordinate descent. Scales of 8 bits, and one scale for all outputs, stay as they are; none gets so small that a bias
/// would not fit its codes, where the input has a scale.
inline void round_by_inputs(layer& l, std::span<const float> values, const shape& from, const shape& to, float input_scale) {
  weights& w = *weights_of(l);
  const index_t groups = matrices_of(l), outputs = w.outputs() / std::max<index_t>(groups, 1);
  const bool fitted = w.bits < 8 && static_cast<index_t>(w.scales.size()) == w.outputs();
  for (index_t g = 0; g < groups; ++g) {
    const Eigen::MatrixXf m = weight_matrix(l, g), moments = input_moments(l, g, values, from, to).shrunk();
    equant::weights::scaled_levels levels{equant::weights::integer_levels(w.bits), Eigen::VectorXf(outputs)};
    for (index_t o = 0; o < outputs; ++o) levels.scales[o] = w.scale(g * outputs + o);
    if (fitted) levels = equant::weights::fitted_scales(std::move(levels.levels), m, moments);
    const std::vector<float>& shift = bias_of(l)->values;
    for (index_t o = 0; o < outputs && input_scale > 0 && !shift.empty(); ++o) {
      const float least = least_scale_for_bias(shift[static_cast<std::size_t>(g * outputs + o)], input_scale);
      levels.scales[o] = std::max(levels.scales[o], least);
    }
    const int turns = !fitted ? 0 : m.cols() > 1500 ? 1 : 4;
    const Eigen::MatrixXf q = equant::weights::rounded(m, levels, moments, turns);
    for (index_t o = 0; fitted && o < outputs; ++o) w.scales[static_cast<std::size_t>(g * outputs + o)] = levels.scales[o];
    set_weight_matrix(l, g, q);
  }
  const std::size_t each = w.values.values.size() / static_cast<std::size_t>(w.outputs());
  for (std::size_t i = 0; i < w.codes.size(); ++i) {
    const float scale = w.scale(static_cast<index_t>(i / each));
    w.codes[i] = static_cast<std::int8_t>(std::lround(w.values.values[i] / scale));
    w.values.values[i] = static_cast<float>(w.codes[i]) * scale;
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
    const float scale = g.at(v).grid ? g.at(v).grid->scale : 0;
    for (node* n : read_by[at]) {
      repairing::round_by_inputs(n->layer, quantized, s, sizes[static_cast<std::size_t>(n->output)], scale);
    }
  });
}

}  // namespace equant::inline EQUANT_ABI::nn
