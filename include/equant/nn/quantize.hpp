// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/activation_aware.hpp>
#include <equant/nn/calibrate.hpp>
#include <equant/nn/equalize.hpp>
#include <equant/nn/fold.hpp>
#include <equant/nn/quantize_weights.hpp>
#include <equant/nn/repair.hpp>
#include <equant/nn/rotate.hpp>

/// Post-training quantization of a network:
///
///   nn::graph small = nn::quantize(net, images);                       // 8 bits, calibrated, repaired
///   nn::graph tiny = nn::quantize(net, images, {.weight_bits = 4});
///   nn::graph light = nn::quantize_weights(net);                       // no data: activations stay in float
namespace equant::inline EQUANT_ABI::nn {

/// Whether channels' ranges are brought together before anything is rounded: equalize.hpp, activation_aware.hpp,
/// rotate.hpp. Automatic tries them all, the last two only where weights have fewer than 8 bits (rotation also wants
/// two layers with nothing between), and keeps one that brings the network's output more than 1 dB on the inputs given.
enum class equalization { none, by_weights, by_activations, activation_aware, by_rotation, automatic };

/// The width of the weights of one layer.
struct layer_width {
  std::string node{};
  int bits = 8;

  bool operator==(const layer_width&) const = default;
};

struct quantize_options {
  int weight_bits = 8;                      ///< 2 to 8
  int activation_bits = 8;                  ///< 2 to 8, or 32: they stay in float
  bool per_channel = true;                  ///< weights: a scale per output channel
  index_t group = 0;                        ///< inputs of dense layers that share a scale, if activations stay in float
  bool codebooks = false;                   ///< weights: 2^bits levels of each output channel's own, not integers
  bool signed_activations = false;          ///< int8 instead of uint8
  bool symmetric_activations = false;       ///< zero in the middle
  range_observer calibrator = automatic{};  ///< of activations
  std::vector<std::string> keep_float{};    ///< nodes that are not quantized
  std::vector<layer_width> widths{};        ///< of nodes not weight_bits wide: see width_table.hpp
  equalization equalize = equalization::automatic;
  float smoothing = 0.5f;                            ///< equalization by activations: 0 evens weights, 1 activations
  rounding_method rounding = rounding_method::gptq;  ///< of weights
  bool correct_bias = true;
  index_t batch = 16;                                   ///< calibration inputs looked at together
  std::function<void(const rounding_note&)> explain{};  ///< hears what was chosen, and why
  std::function<void(index_t, index_t)> progress{};     ///< calibration inputs seen, and all that will be
};

namespace quantizing {

/// Equalization has to bring this much to be preferred: the inputs it is judged on are those it was calibrated on.
inline constexpr double least_gain_db = 1;

inline bool kept(const quantize_options& o, const node& n) {
  return std::find(o.keep_float.begin(), o.keep_float.end(), n.name) != o.keep_float.end();
}

/// The width of a layer's weights.
inline int bits_of(const quantize_options& o, const node& n) {
  for (const layer_width& w : o.widths) {
    if (w.node == n.name) return w.bits;
  }
  return o.weight_bits;
}

/// Throws std::invalid_argument where a width is none or has no layer.
inline void check_widths(const graph& g, const quantize_options& o) {
  static_cast<void>(largest_weight_code(o.weight_bits));
  if (o.group != 0) check_group(o.group);
  if (o.codebooks && (o.group != 0 || !o.per_channel)) {
    contract::invalid_argument("codebooks, which each output channel has, beside one scale or groups of inputs");
  }
  for (const layer_width& w : o.widths) {
    static_cast<void>(largest_weight_code(w.bits));
    const bool found = std::any_of(g.nodes.begin(), g.nodes.end(),
                                   [&](const node& n) { return n.name == w.node && weights_of(n.layer) != nullptr; });
    if (!found) contract::invalid_argument("no node of network '", g.name, "' with weights is called '", w.node, "'");
  }
}

/// Codes for the weights of a layer whose input is in float.
inline void round_weights(layer& l, int bits, const quantize_options& o) {
  weights& w = *weights_of(l);
  if (o.codebooks) return put_on_codebooks(l, bits);
  if (o.group != 0 && std::holds_alternative<dense>(l)) return quantize_weights_in_groups(w, bits, o.group);
  quantize_weights(w, bits, o.per_channel);
}

/// Codes for the weights of every layer whose input is on a grid; of every layer where activations stay in float.
inline void round_weights(graph& g, const quantize_options& o) {
  for (node& n : g.nodes) {
    weights* w = weights_of(n.layer);
    if (w == nullptr || kept(o, n)) continue;
    const auto& input = g.at(n.inputs[0]).grid;
    if (input && !o.codebooks) {
      quantize_weights(*w, bits_of(o, n), o.per_channel, bias_of(n.layer)->values, input->scale);
    } else if (input || o.activation_bits == 32) {
      round_weights(n.layer, bits_of(o, n), o);
    }
  }
}

inline void round_biases(graph& g) {
  for (node& n : g.nodes) {
    const weights* w = weights_of(n.layer);
    if (w == nullptr || !w->quantized()) continue;
    const auto& input = g.at(n.inputs[0]).grid;
    if (input) quantize_bias(*bias_of(n.layer), *w, input->scale);
  }
}

/// One way to quantize: the float network, its channels perhaps rescaled, calibrated, rounded, its biases corrected.
inline graph attempt(const graph& net, std::span<const tensor> inputs, std::span<const tensor> sample,
                     const quantize_options& o, progress_counter& progress, std::vector<rounding_note>& notes) {
  graph g = net;
  const activation_format format{o.activation_bits, o.signed_activations, o.symmetric_activations};
  if (o.activation_bits != 32) calibrate(g, inputs, o.calibrator, format, o.keep_float, o.batch, progress);
  round_weights(g, o);
  if (o.correct_bias || o.rounding != rounding_method::nearest) {
    for (rounding_note& n : repair(net, g, sample, o.rounding, o.correct_bias)) notes.push_back(std::move(n));
  }
  round_biases(g);
  return g;
}

inline const char* name_of(equalization way) {
  constexpr const char* names[] = {"none", "by weights", "by activations", "activation-aware", "by rotation"};
  return names[static_cast<int>(way)];
}

/// The ways to try.
inline std::vector<equalization> ways_of(const graph& folded, const quantize_options& o) {
  if (o.equalize != equalization::automatic) return {o.equalize};
  if (channel_pairs(folded).empty()) return {equalization::none};
  std::vector<equalization> ways{equalization::none, equalization::by_weights, equalization::by_activations};
  const bool few = std::any_of(folded.nodes.begin(), folded.nodes.end(), [&](const node& n) {
    return weights_of(n.layer) != nullptr && !kept(o, n) && bits_of(o, n) < 8;
  });
  if (few && o.per_channel && !o.codebooks) ways.push_back(equalization::activation_aware);
  if (few && !linear_pairs(folded).empty()) ways.push_back(equalization::by_rotation);
  return ways;
}

/// Rescales channels; `notes` say how where that is chosen layer by layer. Whether anything was to be rescaled.
inline bool equalize(graph& g, equalization way, std::span<const tensor> sample, const quantize_options& o,
                     std::vector<rounding_note>& notes) {
  if (way == equalization::none) return false;
  if (way == equalization::by_weights) equalize_weights(g);
  if (way == equalization::by_activations) equalize_activations(g, largest_magnitudes(g, sample), o.smoothing);
  if (way == equalization::by_rotation) {
    const auto pairs = linear_pairs(g);
    if (pairs.empty()) notes.push_back({"rotation", "no two layers have nothing between them: there is none to turn"});
    for (const channel_pair& p : pairs)
      notes.push_back({g.nodes[p.first].name, "turned for " + g.nodes[p.second].name});
    rotate_pairs(g);
  }
  if (way != equalization::activation_aware) return true;
  const auto scaled = scale_by_activations(g, sample, [&](const node& n) -> std::optional<rounding_plan> {
    if (kept(o, n) || bits_of(o, n) == 8 || !o.per_channel) return std::nullopt;
    const bool gptq = o.rounding != rounding_method::nearest && o.rounding != rounding_method::coordinate;
    return rounding_plan{equant::weights::levels::integers(bits_of(o, n)),
                         {.compensate = gptq,
                          .descend = false,
                          .ordered = true,
                          .group = std::holds_alternative<dense>(n.layer) ? o.group : 0}};
  });
  for (const activation_scaling& s : scaled) {
    const std::string held_out = " on held-out inputs";
    notes.push_back(
        {s.layer, s.exponent == 0
                      ? contract::joined("its inputs left as they are: output error ", s.plain_error, held_out,
                                         ", not less with any power of their mean magnitudes")
                      : contract::joined("its inputs divided by their mean magnitudes to the ", s.exponent,
                                         ": output error ", s.error, held_out, "; undivided ", s.plain_error)});
  }
  return std::any_of(scaled.begin(), scaled.end(), [](const activation_scaling& s) { return s.exponent > 0; });
}

}  // namespace quantizing

/// A network quantized after training: grids on its values, codes for its weights and biases. `inputs` are what it will
/// see, one tensor per input of the network, batches of the same length. Throws std::invalid_argument where they do not
/// fit, are empty or hold a value that is not finite.
inline graph quantize(const graph& net, std::span<const tensor> inputs, const quantize_options& o = {}) {
  quantizing::check_widths(net, o);
  if (o.group != 0 && o.activation_bits != 32) {
    contract::invalid_argument("weights in groups of ", o.group, " inputs beside activations of ", o.activation_bits,
                               " bits; only those in float (32) are possible");
  }
  static_cast<void>(place_grids(net, o.keep_float));  // the names are those of nodes
  check_inputs(net, inputs);
  const graph folded = fold_batch_norms(net);
  const index_t all = inputs[0].sizes[0];
  const index_t each = std::max<index_t>(1, inputs[0].count() / std::max<index_t>(1, all));
  const index_t most = std::clamp<index_t>((index_t{1} << 24) / each, 64, 512);  // large images fill the memory
  const std::vector<tensor> sample = first_rows(inputs, std::min(all, most));

  if (!(o.smoothing >= 0 && o.smoothing <= 1))
    contract::invalid_argument("smoothing by ", o.smoothing, "; 0 to 1 are possible");
  const std::vector<equalization> ways = quantizing::ways_of(folded, o);
  progress_counter progress{o.progress, 0, all * static_cast<index_t>(ways.size())};
  const std::vector<tensor> wanted = evaluate(folded, sample);
  graph best;
  std::vector<rounding_note> notes;
  std::size_t chosen = 0;
  std::vector<double> sqnr;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    graph changed = folded;
    std::vector<rounding_note> said;
    if (!quantizing::equalize(changed, ways[i], sample, o, said) && i > 0) {
      sqnr.push_back(sqnr[0]);  // the first is none
      if (o.activation_bits != 32) progress.add(all);
      continue;
    }
    graph g = quantizing::attempt(changed, inputs, sample, o, progress, said);
    sqnr.push_back(ways.size() == 1 ? 0 : worst_sqnr_db(wanted, evaluate(g, sample)));
    if (i > 0 && !(sqnr[i] > sqnr[chosen] + quantizing::least_gain_db)) continue;
    chosen = i;
    best = std::move(g);
    notes = std::move(said);
  }
  if (ways.size() > 1) {
    std::string why = contract::joined(quantizing::name_of(ways[chosen]), ": output SQNR ", sqnr[chosen], " dB");
    for (std::size_t i = 0; i < ways.size(); ++i) {
      if (i != chosen) why += contract::joined("; ", quantizing::name_of(ways[i]), " ", sqnr[i]);
    }
    notes.insert(notes.begin(), {"equalization of channels", why});
  }
  for (const rounding_note& n : notes) {
    if (o.explain) o.explain(n);
  }
  return best;
}
inline graph quantize(const graph& net, const tensor& inputs, const quantize_options& o = {}) {
  return quantize(net, std::span<const tensor>(&inputs, 1), o);
}

/// Only weights are quantized, which needs no data: a quarter of the size, activations in float.
inline graph quantize_weights(const graph& net, const quantize_options& o = {}) {
  quantizing::check_widths(net, o);
  graph g = fold_batch_norms(net);
  for (node& n : g.nodes) {
    weights* w = weights_of(n.layer);
    if (w != nullptr && !quantizing::kept(o, n)) quantizing::round_weights(n.layer, quantizing::bits_of(o, n), o);
  }
  return g;
}

}  // namespace equant::inline EQUANT_ABI::nn
