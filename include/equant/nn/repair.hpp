// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/bias_correction.hpp>
#include <equant/nn/codebook_weights.hpp>
#include <equant/nn/layer_inputs.hpp>
#include <equant/nn/quantize_weights.hpp>
#include <equant/nn/side_by_side.hpp>
#include <equant/weights/automatic.hpp>
#include <equant/weights/compensation.hpp>

namespace equant::inline EQUANT_ABI::nn {

/// How weights are put on their grids: see weights/round_weights.hpp, adaround.hpp, hqq.hpp. `automatic` tries all on
/// half of the inputs, layer by layer, and takes what does best on the other half. With 8 bits, or one scale for all
/// outputs, where nothing is fitted, adaround, hqq and automatic are gptq; so they are where weights have levels of
/// their own.
enum class rounding_method { nearest, coordinate, gptq, adaround, hqq, automatic };

/// What was chosen for a layer, and why.
struct rounding_note {
  std::string layer{}, why{};
};

namespace repairing {

/// Group `g` of a layer as the matrix that makes of what the layer reads what it made in float.
inline Eigen::MatrixXf target(const layer& l, index_t g, const layer_inputs& in, const Eigen::MatrixXf& moments) {
  return equant::weights::compensated(weight_matrix(l, g), moments, missing_moments(l, g, in));
}

inline equant::weights::rounding_way way_of(rounding_method m) {
  using equant::weights::rounding_way;
  return m == rounding_method::adaround ? rounding_way::adaround
         : m == rounding_method::hqq    ? rounding_way::hqq
                                        : rounding_way::by_options;
}

/// Puts the weights of a layer on levels of each output's own by what they read, the errors of earlier layers taken
/// over.
inline void round_to_levels(node& n, const layer_inputs& in, rounding_method method) {
  for (index_t g = 0; g < matrices_of(n.layer); ++g) {
    const Eigen::MatrixXf moments = input_moments(n.layer, g, in).shrunk();
    const int bits = weights_of(n.layer)->bits;
    on_codebooks::set(
        n.layer, g, bits,
        equant::weights::round_to_codebooks(target(n.layer, g, in, moments), moments, bits,
                                            {.compensate = method != rounding_method::coordinate, .ordered = true}));
  }
}

/// Rounds the weights of a layer by what they read. With few bits and a scale per output, or group of its inputs, the
/// scales are fitted too, and the errors of earlier layers taken over; other scales stay as they are. None gets so
/// small that a bias would not fit its codes, where the input has a scale.
inline void round_by_inputs(node& n, const layer_inputs& in, rounding_method method, float input_scale,
                            std::vector<rounding_note>& notes) {
  layer& l = n.layer;
  weights& w = *weights_of(l);
  if (w.on_levels()) return round_to_levels(n, in, method);
  const index_t groups = matrices_of(l), outputs = w.outputs() / std::max<index_t>(groups, 1);
  const bool fitted = w.bits < 8 && static_cast<index_t>(w.scales.size()) == w.outputs() * w.groups();
  const auto code = equant::weights::levels::integers(w.bits);
  const std::vector<float>& shift = bias_of(l)->values;
  for (index_t g = 0; g < groups; ++g) {
    const Eigen::MatrixXf moments = input_moments(l, g, in).shrunk();
    const Eigen::MatrixXf m = fitted ? target(l, g, in, moments) : weight_matrix(l, g);
    equant::weights::rounding_options o;
    equant::weights::rounding_way way = fitted ? way_of(method) : equant::weights::rounding_way::by_options;
    o.compensate = method != rounding_method::coordinate;
    o.descend = fitted || method == rounding_method::coordinate;
    o.ordered = fitted;
    o.group = w.group;
    Eigen::MatrixXf scales(outputs, w.groups());
    for (index_t i = 0; i < outputs; ++i) {
      for (index_t k = 0; k < w.groups(); ++k) scales(i, k) = w.scale(g * outputs + i, k * w.group);
    }
    if (!fitted) o.scales = scales;
    if (fitted && method == rounding_method::automatic) {
      const auto seen = input_moments(l, g, in, entries::even), held_out = input_moments(l, g, in, entries::odd);
      if (seen.samples() > 0 && held_out.samples() > 0) {
        const auto choice =
            equant::weights::automatic_rounding(m, seen.shrunk(), held_out.moments(), code, w.group, false);
        way = choice.attempts[choice.chosen].way;
        o = choice.attempts[choice.chosen].options;
        notes.push_back({groups == 1 ? n.name : contract::joined(n.name, ", group ", g), choice.why()});
      }
    }
    equant::weights::coded_weights q = equant::weights::round_in(way, m, moments, code, o);
    for (index_t i = 0; fitted && w.group > 0 && i < q.scales.size(); ++i) {
      w.scales[static_cast<std::size_t>(i)] = q.scales(i / w.groups(), i % w.groups());
    }
    for (index_t i = 0; fitted && w.group == 0 && i < outputs; ++i) {
      const auto at = static_cast<std::size_t>(g * outputs + i);
      const float least = shift.empty() || !(input_scale > 0) ? 0 : least_scale_for_bias(shift[at], input_scale);
      w.scales[at] = std::max(q.scales(i, 0), least);
      if (w.scales[at] == q.scales(i, 0)) continue;
      o.scales = Eigen::MatrixXf::Constant(1, 1, w.scales[at]);
      q.values.row(i) = equant::weights::round_weights(m.row(i), moments, code, o).values;
    }
    set_weight_matrix(l, g, q.values);
  }
  const index_t each = w.values.count() / w.outputs();
  for (std::size_t i = 0; i < w.codes.size(); ++i) {
    const float scale = w.scale(static_cast<index_t>(i) / each, static_cast<index_t>(i) % each);
    w.codes[i] = static_cast<std::int8_t>(std::lround(w.values.values[i] / scale));
    w.values.values[i] = static_cast<float>(w.codes[i]) * scale;
  }
}

/// Goes through `g` beside `wanted`, the float network with the same nodes and values, node by node: `round(node, what
/// it reads, input's scale or 0)` for the layers that `touched(layer)` names, each seeing those before it rounded; and
/// their biases corrected, if wanted.
template <class Touched, class Round>
void go_through(const graph& wanted, graph& g, std::span<const tensor> inputs, bool biases, Touched&& touched,
                Round&& round) {
  graph both = side_by_side(wanted, g);
  const std::size_t shift = wanted.values.size();
  std::vector<node*> made_by(shift, nullptr);
  std::vector<std::vector<node*>> read_by(shift);
  for (std::size_t i = 1; i < both.nodes.size(); i += 2) {
    node& n = both.nodes[i];
    if (weights_of(n.layer) == nullptr || !touched(n.layer)) continue;
    made_by[static_cast<std::size_t>(n.output) - shift] = &n;
    read_by[static_cast<std::size_t>(n.inputs[0]) - shift].push_back(&n);
  }
  std::vector<tensor> twice(inputs.begin(), inputs.end());
  twice.insert(twice.end(), inputs.begin(), inputs.end());
  std::vector<shape> given;
  for (const tensor& x : twice) given.push_back(x.sizes);
  const std::vector<shape> sizes = infer_shapes(both, given);
  std::vector<std::vector<float>> aims(shift);  // of values in float, until those that are to be like them are seen
  evaluate(both, twice, {}, [&](int v, std::span<float> values, const shape& s) {
    const auto at = static_cast<std::size_t>(v);
    if (at < shift) {
      if (made_by[at] != nullptr || !read_by[at].empty()) aims[at].assign(values.begin(), values.end());
      return;
    }
    std::vector<float> aim = std::move(aims[at - shift]);
    aims[at - shift].clear();
    if (biases && made_by[at - shift] != nullptr) {
      node& n = *made_by[at - shift];
      correcting::correct(n, correcting::channel_means(aim, weights_of(n.layer)->outputs()), values);
    }
    if (read_by[at - shift].empty()) return;
    std::vector<float> seen(values.begin(), values.end());
    const auto& to = both.at(v).grid;
    if (to) put_on_grid(seen, *to);
    for (node* n : read_by[at - shift]) {
      round(*n, layer_inputs{seen, aim, s, sizes[static_cast<std::size_t>(n->output)]}, to ? to->scale : 0.0f);
    }
  });
  for (std::size_t i = 0; i < g.nodes.size(); ++i) g.nodes[i].layer = std::move(both.nodes[2 * i + 1].layer);
}

}  // namespace repairing

/// Rounds the weights of `g`'s layers again and corrects their biases so that the network answers as `wanted`, the
/// float one with the same nodes and values, does on `inputs`: layer by layer, each seeing the layers before it
/// quantized and repaired. Returns what `automatic` has chosen.
inline std::vector<rounding_note> repair(const graph& wanted, graph& g, std::span<const tensor> inputs,
                                         rounding_method method, bool biases) {
  std::vector<rounding_note> notes;
  const bool rounds = method != rounding_method::nearest;
  for (std::size_t i = 0; rounds && i < g.nodes.size(); ++i) {
    weights* w = weights_of(g.nodes[i].layer);
    if (w != nullptr && (w->quantized() || w->on_levels())) w->values = weights_of(wanted.nodes[i].layer)->values;
  }
  repairing::go_through(
      wanted, g, inputs, biases,
      [](const layer& l) { return weights_of(l)->quantized() || weights_of(l)->on_levels(); },
      [&](node& n, const layer_inputs& in, float scale) {
        if (rounds) repairing::round_by_inputs(n, in, method, scale, notes);
      });
  return notes;
}

/// All weights of a network on the points of a code, levels or a trellis (weights/levels.hpp), by GPTQ with a scale per
/// output channel, biases corrected: as values in float, activations as they are. `inputs` are what it will see.
template <class Code>
graph put_weights_on(const graph& net, std::span<const tensor> inputs, const Code& code) {
  graph g = net;
  repairing::go_through(
      net, g, inputs, true, [](const layer&) { return true; },
      [&](node& n, const layer_inputs& in, float) {
        layer& l = n.layer;
        for (index_t k = 0; k < matrices_of(l); ++k) {
          const Eigen::MatrixXf moments = input_moments(l, k, in).shrunk();
          const Eigen::MatrixXf m = repairing::target(l, k, in, moments);
          set_weight_matrix(l, k, equant::weights::round_weights(m, moments, code, {.ordered = true}).values);
        }
      });
  return g;
}

}  // namespace equant::inline EQUANT_ABI::nn
