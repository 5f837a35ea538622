// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/quantize.hpp>
#include <equant/weights/allocation.hpp>

/// How many bits the weights of which layer deserve:
///
///   nn::width_table table = nn::measure_widths(net, images);      // what each layer costs at each width
///   auto widths = table.widths(table.within_bits(4));             // 4 bits on average, at least error
///   nn::graph small = nn::quantize(net, images, {.activation_bits = 32, .widths = widths});
namespace equant::inline EQUANT_ABI::nn {

/// What a layer's weights take at each width, and what they cost the network's output when all others are in float.
struct layer_widths {
  std::string node;
  index_t weights = 0;                                ///< how many
  std::vector<equant::weights::width_choice> choices;  ///< ascending in bits
};

/// The bytes of weights: codes of so many bits without gaps, and a float for each scale.
inline std::int64_t weight_bytes(index_t count, int bits, index_t scales) {
  return (count * bits + 7) / 8 + 4 * scales;
}

/// The layers of a network at each width. Errors are taken to add up over the layers; what was chosen can be measured
/// by quantizing with it.
struct width_table {
  std::vector<layer_widths> layers;
  std::int64_t scale_bytes = 0;  ///< of all layers

  std::vector<std::vector<equant::weights::width_choice>> choices() const {
    std::vector<std::vector<equant::weights::width_choice>> all;
    for (const layer_widths& l : layers) all.push_back(l.choices);
    return all;
  }
  index_t weights() const {
    index_t n = 0;
    for (const layer_widths& l : layers) n += l.weights;
    return n;
  }
  /// Size against error, in order of bytes: what is worth choosing.
  std::vector<equant::weights::allocation> curve() const { return equant::weights::size_error_curve(choices()); }

  /// The least error within so many bytes of weights and scales. Throws std::invalid_argument where not even the
  /// smallest widths fit.
  equant::weights::allocation within_bytes(std::int64_t bytes) const {
    return equant::weights::within_bytes(choices(), bytes);
  }
  /// The least error with weights of so many bits on average.
  equant::weights::allocation within_bits(double average) const {
    if (!(average >= 0 && average <= 32)) contract::invalid_argument("weights of ", average, " bits on average");
    return within_bytes(static_cast<std::int64_t>(average * static_cast<double>(weights()) / 8) + scale_bytes);
  }
  /// The fewest bytes with an expected error of at most `error`. Throws std::invalid_argument where no widths reach it.
  equant::weights::allocation within_error(double error) const {
    return equant::weights::within_error(choices(), error);
  }

  /// Bits per weight, scales not counted.
  double average_bits(const equant::weights::allocation& a) const {
    return 8 * static_cast<double>(a.bytes - scale_bytes) / static_cast<double>(std::max<index_t>(weights(), 1));
  }
  /// An allocation as an option of quantize().
  std::vector<layer_width> widths(const equant::weights::allocation& a) const {
    std::vector<layer_width> w;
    for (std::size_t l = 0; l < layers.size(); ++l) w.push_back({layers[l].node, layers[l].choices[a.chosen[l]].bits});
    return w;
  }
};

/// The error of an output: noise over signal (10^(-dB / 10)), or for classifiers the mean Kullback-Leibler divergence,
/// in nats, of what softmax makes of the first output.
enum class output_error { noise, divergence };

struct width_options {
  std::vector<int> bits{2, 3, 4, 5, 6, 7, 8};  ///< 2 to 8, ascending
  output_error error = output_error::noise;
  index_t samples = 64;                        ///< the inputs that are looked at
  quantize_options quantize{};  ///< heeded: rounding, per_channel, group, correct_bias, keep_float, progress
};

namespace widening {

/// Mean over the rows of sum of p log(p / q), p and q the softmax of a row of a and of b.
inline double divergence(const tensor& a, const tensor& b) {
  const index_t width = a.sizes.rank == 0 ? 1 : a.sizes[a.sizes.rank - 1], rows = width == 0 ? 0 : a.count() / width;
  double sum = 0;
  for (index_t r = 0; r < rows; ++r) {
    const Eigen::ArrayXd x = Eigen::Map<const Eigen::ArrayXf>(a.values.data() + r * width, width).cast<double>();
    const Eigen::ArrayXd y = Eigen::Map<const Eigen::ArrayXf>(b.values.data() + r * width, width).cast<double>();
    const Eigen::ArrayXd log_p = x - x.maxCoeff() - std::log((x - x.maxCoeff()).exp().sum());
    const Eigen::ArrayXd log_q = y - y.maxCoeff() - std::log((y - y.maxCoeff()).exp().sum());
    sum += std::max(0.0, (log_p.exp() * (log_p - log_q)).sum());
  }
  return rows == 0 ? 0 : sum / static_cast<double>(rows);
}

inline double error_of(output_error measure, std::span<const tensor> wanted, std::span<const tensor> got) {
  if (measure == output_error::divergence) return divergence(wanted[0], got[0]);
  return std::pow(10, -worst_sqnr_db(wanted, got) / 10);
}

/// A layer of the network, its forms at each width, and the means of its channels in float.
struct candidate {
  std::size_t node = 0;
  std::vector<layer> forms;
  std::vector<double> means;
};

}  // namespace widening

/// Rounds each layer's weights to each width, the other layers in float, and measures what that does to the output:
/// a run of the network for each layer and width. `inputs` are what it will see. Throws std::invalid_argument as
/// quantize() does.
inline width_table measure_widths(const graph& net, std::span<const tensor> inputs, const width_options& o = {}) {
  equant::weights::check_widths(o.bits);
  for (int bits : o.bits) static_cast<void>(largest_weight_code(bits));
  if (o.quantize.codebooks) contract::invalid_argument("widths are chosen for integers, not for codebooks");
  if (o.samples < 1) contract::invalid_argument("widths measured on ", o.samples, " inputs");
  static_cast<void>(place_grids(net, o.quantize.keep_float));  // the names are those of nodes
  check_inputs(net, inputs);
  const graph g = fold_batch_norms(net);
  const std::vector<tensor> sample = first_rows(inputs, std::min(inputs[0].sizes[0], o.samples));
  std::vector<shape> given;
  for (const tensor& x : sample) given.push_back(x.sizes);
  const std::vector<shape> sizes = infer_shapes(g, given);

  std::vector<widening::candidate> candidates;
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    const bool chosen = weights_of(g.nodes[i].layer) != nullptr && !quantizing::kept(o.quantize, g.nodes[i]);
    if (chosen) candidates.push_back({i, {}, {}});
  }
  std::vector<rounding_note> notes;
  const auto look = [&](int v, std::span<float> values, const shape& s) {
    for (widening::candidate& c : candidates) {
      const node& n = g.nodes[c.node];
      if (n.output == v) c.means = correcting::channel_means(values, weights_of(n.layer)->outputs());
      if (n.inputs[0] != v) continue;
      for (int bits : o.bits) {
        node rounded = n;
        weights& w = *weights_of(rounded.layer);
        quantizing::round_weights(rounded.layer, bits, o.quantize);
        if (o.quantize.rounding != rounding_method::nearest) {
          w.values = weights_of(n.layer)->values;
          const layer_inputs in{values, values, s, sizes[static_cast<std::size_t>(n.output)]};
          repairing::round_by_inputs(rounded, in, o.quantize.rounding, 0, notes);
        }
        c.forms.push_back(std::move(rounded.layer));
      }
    }
  };
  const std::vector<tensor> wanted = evaluate(g, sample, {.grids = false}, look);

  width_table table;
  progress_counter progress{o.quantize.progress, 0, static_cast<index_t>(candidates.size() * o.bits.size())};
  graph alone = g;
  for (widening::candidate& c : candidates) {
    node& n = alone.nodes[c.node];
    const index_t count = weights_of(n.layer)->values.count();
    layer_widths l{n.name, count, {}};
    for (std::size_t b = 0; b < o.bits.size(); ++b) {
      n.layer = std::move(c.forms[b]);
      const auto scales = static_cast<index_t>(weights_of(n.layer)->scales.size());
      const auto got = evaluate(alone, sample, {.grids = false}, [&](int v, std::span<float> values, const shape&) {
        if (v == n.output && o.quantize.correct_bias) correcting::correct(n, c.means, values);
      });
      const double error = widening::error_of(o.error, wanted, got);
      l.choices.push_back({o.bits[b], weight_bytes(count, o.bits[b], scales), error});
      if (b == 0) table.scale_bytes += 4 * scales;
      progress.add(1);
    }
    n.layer = g.nodes[c.node].layer;
    table.layers.push_back(std::move(l));
  }
  return table;
}
inline width_table measure_widths(const graph& net, const tensor& inputs, const width_options& o = {}) {
  return measure_widths(net, std::span<const tensor>(&inputs, 1), o);
}

/// Of a curve, in order of bytes, the first, those larger than the one before by 2 %, and the last.
inline std::vector<equant::weights::allocation> in_steps(const std::vector<equant::weights::allocation>& curve) {
  std::vector<equant::weights::allocation> steps;
  for (const equant::weights::allocation& a : curve) {
    const bool apart = steps.empty() || a.bytes >= steps.back().bytes + steps.back().bytes / 50;
    if (apart || a.bytes == curve.back().bytes) steps.push_back(a);
  }
  return steps;
}

/// The first of a curve, in order of bytes, that `good(allocation)` accepts, which is asked some seven times: sizes
/// nearer than 2 % to each other count as one. The last where it accepts none, which is for the caller to see.
template <class Good>
equant::weights::allocation smallest_good(const std::vector<equant::weights::allocation>& curve, Good&& good) {
  const std::vector<equant::weights::allocation> steps = in_steps(curve);
  if (steps.empty()) contract::invalid_argument("a curve without a point");
  return *std::partition_point(steps.begin(), steps.end() - 1, [&](const auto& a) { return !good(a); });
}

}  // namespace equant::inline EQUANT_ABI::nn
