// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/moving_average.hpp>
#include <equant/nn/calibrate.hpp>
#include <equant/nn/gradients.hpp>
#include <equant/nn/learned_grid.hpp>
#include <equant/nn/quantize_weights.hpp>
#include <equant/nn/trained_norm.hpp>

/// A network made ready for quantization-aware training, and what it has become.
namespace equant::inline EQUANT_ABI::nn {

/// What is quantized, and how the grids learn.
struct prepare_options {
  int weight_bits = 8;
  int activation_bits = 8;
  bool per_channel = true;                     ///< weights: a scale per output channel
  bool full_range = true;                      ///< weights: codes from -2^(bits - 1); else from one above
  bool signed_activations = false;             ///< int8 instead of uint8
  bool symmetric_activations = false;          ///< zero in the middle
  grid_learning method = grid_learning::lsq_plus;
  range_observer calibrator = automatic{};     ///< of activations, before training
  std::vector<std::string> keep_float{};       ///< nodes that are not quantized
  double averaging = 0.01;                     ///< straight_through: the constant of the moving averages of ranges
  /// Batch normalizations train inside their convolutions and products (trained_norm.hpp); else they are folded with
  /// the statistics they hold before training begins.
  bool train_norms = false;
};

/// PyTorch's default configuration of quantization-aware training for x86, `get_default_qat_qconfig("fbgemm")`: uint8
/// activations of which 7 bits are used, int8 weights per channel, both ranges moving averages of minima and maxima;
/// batch normalizations train.
inline prepare_options fbgemm_qat() {
  prepare_options o;
  o.activation_bits = 7;
  o.method = grid_learning::straight_through;
  o.calibrator = moving_average{};
  o.train_norms = true;
  return o;
}

/// The grid of some values while it learns.
struct learning_grid {
  nn::grid grid;
  float zero_point = 0;       ///< grid.zero_point before it is rounded
  bool shifts = false;        ///< the zero point learns too: it began between the ends of the range
  std::vector<int> observed;  ///< the values that decide it
  range_observer range;       ///< straight_through: of what was seen in training
};

/// The steps of a layer's weights while they learn: one, or one per output channel; none: they stay in float.
struct learning_weights {
  std::vector<float> scales;
  code_range range{-128, 127};
  std::vector<moving_average> seen{};  ///< straight_through: per scale
};

/// A network in training. `net` holds the weights that learn, in float; `current` is the quantized network they are
/// now: what runs forward in training is what `convert` gives out. Batch normalizations that train are folded in both,
/// with their running statistics.
struct trainee {
  graph net, current;
  prepare_options options;
  std::vector<learning_weights> weights;             ///< per node
  std::vector<std::optional<trained_norm>> norms{};  ///< per node
  std::vector<learning_grid> grids{};
  std::vector<int> grid_of{};                        ///< per value; -1: in float

  bool quantized() const { return !grids.empty(); }
};

namespace training {

inline code_range weight_range(int bits, bool full) {
  const std::int32_t largest = largest_weight_code(bits);
  return {full ? -largest - 1 : -largest, largest};
}

/// Codes of weights, and what they mean.
inline void round_weights(const learning_weights& how, const weights& from, int bits, weights& to) {
  const std::size_t each = from.values.values.size() / std::max<std::size_t>(how.scales.size(), 1);
  to.bits = bits;
  to.group = 0;
  to.scales = how.scales;
  to.zero_points.clear();
  to.levels.clear();
  to.codes.resize(from.values.values.size());
  const auto low = static_cast<float>(how.range.lowest), high = static_cast<float>(how.range.highest);
  for (std::size_t c = 0; c < how.scales.size(); ++c) {
    const float scale = how.scales[c];
    const float* w = from.values.values.data() + c * each;
    float* value = to.values.values.data() + c * each;
    std::int8_t* code = to.codes.data() + c * each;
    for (std::size_t i = 0; i < each; ++i) {
      const float rounded = std::min(std::max(std::rint(w[i] / scale), low), high);
      code[i] = static_cast<std::int8_t>(rounded);
      value[i] = rounded * scale;
    }
  }
}

}  // namespace training

/// straight_through: lets the ranges of weights follow them, scale = max(-low, high) / half the range of codes.
inline void observe_weights(trainee& t) {
  for (std::size_t i = 0; i < t.weights.size(); ++i) {
    learning_weights& how = t.weights[i];
    if (how.scales.empty()) continue;
    how.seen.resize(how.scales.size(), moving_average{t.options.averaging});
    const std::vector<float>& w = weights_of(t.net.nodes[i].layer)->values.values;
    const std::size_t each = w.size() / how.scales.size();
    const double half = static_cast<double>(how.range.highest - how.range.lowest) / 2;
    for (std::size_t c = 0; c < how.scales.size(); ++c) {
      const shape line{static_cast<index_t>(each)};
      how.seen[c].observe(view<const float>{w.data() + c * each, line, row_major_strides(line)});
      const interval r = how.seen[c].range();
      how.scales[c] = static_cast<float>(std::max(std::max(-r.low, r.high) / half, 1.1920929e-7));
    }
  }
}

/// Brings `current` up to date with what was learned; `observe`: the ranges of weights too. Scales stay positive, and
/// large enough for 32-bit biases.
inline void refresh(trainee& t, bool observe = false) {
  for (std::size_t i = 0; i < t.norms.size(); ++i) {
    if (t.norms[i]) fold(*t.norms[i], t.net.nodes[i].layer);
  }
  if (observe) observe_weights(t);
  for (learning_grid& g : t.grids) {
    g.grid.scale = std::max(g.grid.scale, std::numeric_limits<float>::min());
    const float low = static_cast<float>(g.grid.range.lowest), high = static_cast<float>(g.grid.range.highest);
    g.zero_point = std::min(std::max(g.zero_point, low), high);
    g.grid.zero_point = static_cast<std::int32_t>(std::rint(g.zero_point));
  }
  for (std::size_t v = 0; v < t.grid_of.size(); ++v) {
    if (t.grid_of[v] >= 0) t.current.values[v].grid = t.grids[static_cast<std::size_t>(t.grid_of[v])].grid;
  }
  for (std::size_t i = 0; i < t.net.nodes.size(); ++i) {
    const layer& from = t.net.nodes[i].layer;
    layer& to = t.current.nodes[i].layer;
    learning_weights& how = t.weights[i];
    if (how.scales.empty()) {
      to = from;
      continue;
    }
    weights& w = *weights_of(to);
    bias& b = *bias_of(to);
    b = *bias_of(from);
    const float input_scale = t.current.at(t.net.nodes[i].inputs[0]).grid->scale;
    for (float& s : how.scales) s = std::max(s, std::numeric_limits<float>::min());
    for (std::size_t o = 0; o < b.values.size(); ++o) {
      float& s = how.scales[how.scales.size() == 1 ? 0 : o];
      s = std::max(s, least_scale_for_bias(b.values[o], input_scale));
    }
    training::round_weights(how, *weights_of(from), t.options.weight_bits, w);
    quantize_bias(b, w, input_scale);
  }
}

/// Trains without quantizing: batch normalizations use and gather the statistics of batches.
/// Throws std::invalid_argument, with the node, where a layer has no backward pass.
inline trainee prepare_float(const graph& net) {
  for (const node& n : net.nodes) {
    if (!has_gradient(n.layer)) {
      contract::invalid_argument("node '", n.name, "' (", kind_name(n.layer), ") has no backward pass");
    }
  }
  trainee t{net, net, {}, std::vector<learning_weights>(net.nodes.size())};
  t.norms.resize(net.nodes.size());
  t.grid_of.assign(net.values.size(), -1);
  t.options.method = grid_learning::straight_through;
  return t;
}

/// Folds batch normalizations, places quantizers as post-training quantization does
/// (placement.hpp), and starts them from it: activations calibrated on `inputs`, weights at the scale of least error.
/// Throws std::invalid_argument, with the node, where a layer has no backward pass.
inline trainee prepare(const graph& net, std::span<const tensor> inputs, const prepare_options& o = {}) {
  check_inputs(net, inputs);
  std::vector<std::pair<std::size_t, trained_norm>> norms;
  trainee t = prepare_float(fold_batch_norms(net, [&](std::size_t i, const layer& of, const batch_norm& b) {
    if (o.train_norms) norms.emplace_back(i, make_trained_norm(of, b));
  }));
  for (auto& [i, n] : norms) t.norms[i] = std::move(n);
  t.options = o;
  progress_counter silent{};
  calibrate(t.current, inputs, o.calibrator, {o.activation_bits, o.signed_activations, o.symmetric_activations},
            o.keep_float, 16, silent);
  for (const grid_group& group : place_grids(t.net, o.keep_float)) {
    const grid g = *t.current.at(group.values[0]).grid;
    for (int v : group.values) t.grid_of[static_cast<std::size_t>(v)] = static_cast<int>(t.grids.size());
    const bool inside = g.zero_point > g.range.lowest && g.zero_point < g.range.highest;
    t.grids.push_back({g, static_cast<float>(g.zero_point), inside && !o.symmetric_activations, group.observed,
                       moving_average{o.averaging}});
  }
  for (std::size_t i = 0; i < t.net.nodes.size(); ++i) {
    const node& n = t.net.nodes[i];
    const weights* w = weights_of(n.layer);
    const bool kept = std::find(o.keep_float.begin(), o.keep_float.end(), n.name) != o.keep_float.end();
    if (w == nullptr || kept || t.grid_of[static_cast<std::size_t>(n.inputs[0])] < 0) continue;
    weights rounded = *w;
    quantize_weights(rounded, o.weight_bits, o.per_channel, bias_of(n.layer)->values,
                     t.current.at(n.inputs[0]).grid->scale);
    t.weights[i] = {rounded.scales, training::weight_range(o.weight_bits, o.full_range), {}};
  }
  refresh(t);
  return t;
}

inline trainee prepare(const graph& net, const tensor& inputs, const prepare_options& o = {}) {
  return prepare(net, std::span<const tensor>(&inputs, 1), o);
}

/// The quantized network that training has made: run in float it is the fake-quantized one it was trained as.
inline graph convert(const trainee& t) { return t.current; }

}  // namespace equant::inline EQUANT_ABI::nn
