// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/float_layers.hpp>
#include <equant/nn/graph.hpp>
#include <equant/nn/moves.hpp>
#include <equant/nn/shapes.hpp>

/// A network run in float, value by value, for those who want to look: calibration, reports, training's reference. For
/// speed there is the engine.
namespace equant::inline EQUANT_ABI::nn {

/// x -> scale * clamp(round(x / scale), low - zero point, high - zero point), nearest even: to the codes and back.
inline void put_on_grid(std::span<float> x, const grid& to) {
  const float low = static_cast<float>(to.range.lowest - to.zero_point),
              high = static_cast<float>(to.range.highest - to.zero_point);
  Eigen::Map<Eigen::ArrayXf> v(x.data(), static_cast<index_t>(x.size()));
  v = (v / to.scale).max(low).min(high).rint() * to.scale;
}

/// One layer in float: see float_layers.hpp.
inline void run_layer(const layer& l, std::span<const float_input> inputs, const float_output& y) {
  std::vector<moving::source<float>> moved;
  for (const float_input& x : inputs) moved.push_back({x.data, x.sizes});
  const std::span<const moving::source<float>> from(moved);
  std::visit(
      [&]<class L>(const L& what) {
        if constexpr (std::same_as<L, conv>) {
          const float_conv ready(what);
          std::vector<float> scratch(static_cast<std::size_t>(ready.scratch()));
          constexpr float infinity = std::numeric_limits<float>::infinity();
          ready.run(inputs[0].data, inputs[0].sizes, y.data, y.sizes, scratch.data(), {-infinity, infinity});
        } else if constexpr (std::same_as<L, constant>) {
          copy_strided(y.sizes, what.value.values.data(), row_major_strides(y.sizes), y.data, memory_strides(y.sizes));
        } else if constexpr (std::same_as<L, pad>) {
          moving::run(what, from, y.data, y.sizes, what.value);
        } else if constexpr (requires { moving::run(what, from, y.data, y.sizes); }) {
          moving::run(what, from, y.data, y.sizes);
        } else {
          in_float::run(what, inputs, y);
        }
      },
      l);
}

struct evaluate_options {
  bool grids = true;  ///< whether values are put on their grids: the fake-quantized network, or the float one
};

/// The outputs of a network. `look(value, values, sizes)` sees every value as soon as it is computed, before it is put
/// on its grid, as it lies in memory (strided.hpp), and may change it.
template <class Look>
std::vector<tensor> evaluate(const graph& g, std::span<const tensor> inputs, const evaluate_options& options,
                             Look&& look) {
  std::vector<shape> given;
  for (const tensor& x : inputs) given.push_back(x.sizes);
  const std::vector<shape> sizes = infer_shapes(g, given);
  std::vector<std::size_t> last(g.values.size(), 0);  // who reads a value last
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    for (int v : g.nodes[i].inputs) last[static_cast<std::size_t>(v)] = i;
  }
  std::vector<std::vector<float>> values(g.values.size());
  const auto made = [&](int v) {
    std::vector<float>& x = values[static_cast<std::size_t>(v)];
    look(v, std::span<float>(x), sizes[static_cast<std::size_t>(v)]);
    if (options.grids && g.at(v).grid) put_on_grid(x, *g.at(v).grid);
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const int v = g.inputs[i].value;
    const shape& s = inputs[i].sizes;
    values[static_cast<std::size_t>(v)].resize(inputs[i].values.size());
    copy_strided(s, inputs[i].values.data(), row_major_strides(s), values[static_cast<std::size_t>(v)].data(),
                 memory_strides(s));
    made(v);
  }
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    const node& n = g.nodes[i];
    const auto out = static_cast<std::size_t>(n.output);
    std::vector<float_input> from;
    for (int v : n.inputs) {
      from.push_back({values[static_cast<std::size_t>(v)].data(), sizes[static_cast<std::size_t>(v)]});
    }
    values[out].resize(static_cast<std::size_t>(sizes[out].count()));
    run_layer(n.layer, from, {values[out].data(), sizes[out]});
    made(n.output);
    for (int v : n.inputs) {
      if (last[static_cast<std::size_t>(v)] == i && !g.is_output(v)) {
        std::vector<float>().swap(values[static_cast<std::size_t>(v)]);
      }
    }
  }
  std::vector<tensor> outputs;
  for (int v : g.outputs) {
    tensor y(sizes[static_cast<std::size_t>(v)]);
    copy_strided<float>(y.sizes, values[static_cast<std::size_t>(v)].data(), memory_strides(y.sizes), y.values.data(),
                        row_major_strides(y.sizes));
    outputs.push_back(std::move(y));
  }
  return outputs;
}
inline std::vector<tensor> evaluate(const graph& g, std::span<const tensor> inputs,
                                    const evaluate_options& options = {}) {
  return evaluate(g, inputs, options, [](int, std::span<float>, const shape&) {});
}

}  // namespace equant::inline EQUANT_ABI::nn
