// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/calibrate.hpp>
#include <equant/nn/channel_factors.hpp>
#include <equant/nn/fold.hpp>
#include <equant/nn/rotate.hpp>

/// What quantization did to a network, layer by layer.
namespace equant::inline EQUANT_ABI::nn {

/// A layer of both networks. Its result is what follows it and its clip. Where the quantized network was equalized, its
/// channels are powers of two apart from the float network's; they are compared after undoing that.
struct layer_report {
  std::string name;
  std::string kind;
  shape sizes;                      ///< of its result, for the inputs given
  int weight_bits = 32;             ///< 32: float
  int activation_bits = 32;
  double low = 0, high = 0;         ///< of its result in float
  double sqnr_alone_db = 0;         ///< of its result, when it alone is quantized: float inputs
  double sqnr_db = 0;               ///< of its result in the quantized network, which sees quantized inputs
  double output_alone_db = 0;       ///< of the network's output, when this layer alone is quantized
  double kept_float_db = 0;         ///< of the network's output, when this layer alone is kept in float
  double clipped = 0;               ///< the part of its results beyond its grid
  double at_limits = 0;             ///< the part of its codes at the ends of the grid, saturated or not
  index_t dead_channels = 0;        ///< output channels whose weights are all next to nothing

  bool quantized() const { return weight_bits < 32 || activation_bits < 32; }
};

struct network_report {
  double sqnr_db = 0;                 ///< of the worst output
  std::vector<layer_report> layers;   ///< those with weights, and others that compute
  /// The layer that costs the output most when it alone is quantized; null where none is quantized.
  const layer_report* worst() const {
    const layer_report* found = nullptr;
    for (const layer_report& l : layers) {
      if (l.quantized() && (found == nullptr || l.output_alone_db < found->output_alone_db)) found = &l;
    }
    return found;
  }
};

namespace reporting {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// 10 log10 of signal over noise.
inline double sqnr_db(std::span<const float> x, std::span<const float> y) {
  double signal = 0, noise = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double e = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    signal += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    noise += e * e;
  }
  return noise == 0 ? infinity : 10 * std::log10(signal / noise);
}

inline bool computes(const layer& l) {
  return weights_of(l) != nullptr || std::holds_alternative<binary>(l) || std::holds_alternative<average_pool>(l) ||
         std::holds_alternative<global_average_pool>(l) || std::holds_alternative<matmul>(l);
}

/// Output channels whose weights are all next to nothing.
inline index_t dead_channels(const weights& w) {
  const auto outputs = static_cast<std::size_t>(w.outputs()),
             each = w.values.values.size() / std::max<std::size_t>(outputs, 1);
  std::vector<float> most(outputs, 0);
  for (std::size_t i = 0; i < w.values.values.size(); ++i) {
    most[i / each] = std::max(most[i / each], std::abs(w.values.values[i]));
  }
  const float largest = most.empty() ? 0 : *std::max_element(most.begin(), most.end());
  return std::count_if(most.begin(), most.end(), [&](float m) { return m <= largest * 1e-9f; });
}

/// The results of some nodes, which are values, on these inputs.
struct results {
  std::vector<std::vector<float>> values;
  std::vector<shape> sizes;
  std::vector<tensor> outputs;
};
inline results evaluate_at(const graph& g, std::span<const tensor> inputs, std::span<const int> wanted, bool grids) {
  results r;
  r.values.resize(wanted.size());
  r.sizes.resize(wanted.size());
  r.outputs = evaluate(g, inputs, {.grids = grids}, [&](int v, std::span<float> x, const shape& s) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] != v) continue;
      r.values[i].assign(x.begin(), x.end());
      r.sizes[i] = s;
    }
  });
  return r;
}


}  // namespace reporting

/// What quantization did to each layer. `g` has the nodes of `net`, by name; where it was equalized, its channels are
/// powers of two apart from `net`'s, or turned, which is undone first. Each layer costs two more runs.
inline network_report report(const graph& net, const graph& g, std::span<const tensor> inputs) {
  const graph wide = in_the_channels_of(g, rotated_like(g, fold_batch_norms(net)));
  std::vector<std::size_t> here, there;
  std::vector<int> wide_values, values;
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    const node* original = wide.find(g.nodes[i].name);
    if (!reporting::computes(g.nodes[i].layer) || original == nullptr) continue;
    here.push_back(i);
    there.push_back(static_cast<std::size_t>(original - wide.nodes.data()));
    values.push_back(fused_output(g, g.nodes[i]));
    wide_values.push_back(fused_output(wide, *original));
  }
  const auto aim = reporting::evaluate_at(wide, inputs, wide_values, false);
  const auto got = reporting::evaluate_at(g, inputs, values, true);

  network_report all;
  all.sqnr_db = worst_sqnr_db(aim.outputs, got.outputs);
  for (std::size_t i = 0; i < here.size(); ++i) {
    const node &n = g.nodes[here[i]], &original = wide.nodes[there[i]];
    layer_report r;
    r.name = n.name;
    r.kind = kind_name(n.layer);
    r.sizes = aim.sizes[i];
    const weights* w = weights_of(n.layer);
    if (w != nullptr && (w->quantized() || w->on_levels())) r.weight_bits = w->bits;
    if (w != nullptr) r.dead_channels = reporting::dead_channels(*weights_of(original.layer));
    const auto& x = aim.values[i];
    if (!x.empty()) {
      r.low = static_cast<double>(*std::min_element(x.begin(), x.end()));
      r.high = static_cast<double>(*std::max_element(x.begin(), x.end()));
    }
    std::vector<float> seen = got.values[i];
    const auto& to = g.at(values[i]).grid;
    if (to) {
      const auto zero = static_cast<float>(to->zero_point);
      const float low = (static_cast<float>(to->range.lowest) - zero) * to->scale;
      const float high = (static_cast<float>(to->range.highest) - zero) * to->scale;
      r.activation_bits = grid_bits(*to);
      const double count = static_cast<double>(std::max<std::size_t>(x.size(), 1));
      r.clipped = static_cast<double>(std::count_if(x.begin(), x.end(), [&](float v) {
                    return v < low - to->scale / 2 || v > high + to->scale / 2;
                  })) / count;
      put_on_grid(seen, *to);
      r.at_limits = static_cast<double>(std::count_if(seen.begin(), seen.end(), [&](float v) {
                      return (v <= low && low < 0) || v >= high;
                    })) / count;
    }
    r.sqnr_db = reporting::sqnr_db(x, seen);
    if (r.quantized()) {
      graph alone = wide;  // this layer from the quantized network
      alone.nodes[there[i]].layer = n.layer;
      alone.at(wide_values[i]).grid = to;
      const int only[] = {wide_values[i]};
      auto one = reporting::evaluate_at(alone, inputs, only, true);
      if (to) put_on_grid(one.values[0], *to);
      r.sqnr_alone_db = reporting::sqnr_db(x, one.values[0]);
      r.output_alone_db = worst_sqnr_db(aim.outputs, one.outputs);
      graph kept = g;  // this layer from the float network
      kept.nodes[here[i]].layer = original.layer;
      kept.at(values[i]).grid.reset();
      if (values[i] == n.output && wide_values[i] != original.output) {  // the grid was its clip
        const int unclipped = kept.add_value(n.name + "/unclipped");
        kept.nodes[here[i]].output = unclipped;
        const node& after = wide.nodes[wide.readers(original.output)[0]];
        kept.nodes.insert(kept.nodes.begin() + static_cast<index_t>(here[i]) + 1,
                          {after.name, after.layer, {unclipped}, values[i]});
      }
      r.kept_float_db = worst_sqnr_db(aim.outputs, evaluate(kept, inputs));
    }
    all.layers.push_back(std::move(r));
  }
  return all;
}

}  // namespace equant::inline EQUANT_ABI::nn
