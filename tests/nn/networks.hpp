// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/random.hpp>
#include <equant/nn/graph.hpp>

#include <cmath>

/// Small networks with known weights, and inputs for them.
namespace networks {

using namespace equant;

inline nn::tensor noise(const shape& sizes, std::uint64_t seed, float reach = 1) {
  splitmix64 next(seed);
  nn::tensor x(sizes);
  for (float& v : x.values) v = reach * static_cast<float>(2 * next.uniform() - 1);
  return x;
}

inline nn::conv conv(index_t out, index_t in, index_t kernel, std::uint64_t seed, index_t pad = 0) {
  nn::conv c;
  c.weights.values = noise({out, in, kernel, kernel}, seed, 1 / std::sqrt(static_cast<float>(in * kernel * kernel)));
  c.bias.values = noise({out}, seed + 1, 0.1f).values;
  c.window.kernel = {kernel, kernel};
  c.window.pads = {pad, pad, pad, pad};
  return c;
}

inline nn::dense dense(index_t out, index_t in, std::uint64_t seed) {
  nn::dense d;
  d.weights.values = noise({out, in}, seed, 1 / std::sqrt(static_cast<float>(in)));
  d.bias.values = noise({out}, seed + 1, 0.1f).values;
  return d;
}

/// conv 3x3, Relu, max pooling, conv 1x1, Relu, flatten, dense: N x 2 x 8 x 8 -> N x 5.
inline nn::graph classifier() {
  nn::graph g;
  g.name = "classifier";
  int v = g.add_input("x", {-1, 2, 8, 8});
  v = g.add("conv1", conv(6, 2, 3, 1, 1), {v});
  v = g.add("relu1", nn::clip{}, {v});
  nn::max_pool pool;
  pool.window.kernel = pool.window.strides = {2, 2};
  v = g.add("pool", pool, {v});
  v = g.add("conv2", conv(4, 6, 1, 3), {v});
  v = g.add("relu2", nn::clip{}, {v});
  v = g.add("flatten", nn::reshape{{0, -1}}, {v});
  v = g.add("dense", dense(5, 64, 5), {v});
  g.outputs = {v};
  return g;
}

/// Two branches that are added: conv, Relu, then conv beside nothing, add, Relu, mean, flatten, dense.
inline nn::graph residual() {
  nn::graph g;
  g.name = "residual";
  const int x = g.add_input("x", {-1, 2, 6, 6});
  int v = g.add("conv1", conv(4, 2, 3, 11, 1), {x});
  const int first = g.add("relu1", nn::clip{}, {v});
  v = g.add("conv2", conv(4, 4, 3, 13, 1), {first});
  v = g.add("add", nn::binary{}, {v, first});
  v = g.add("relu2", nn::clip{}, {v});
  v = g.add("mean", nn::global_average_pool{}, {v});
  v = g.add("flatten", nn::reshape{{0, -1}}, {v});
  v = g.add("dense", dense(3, 4, 15), {v});
  g.outputs = {v};
  return g;
}

inline int value_named(const nn::graph& g, const std::string& name) {
  for (std::size_t v = 0; v < g.values.size(); ++v) {
    if (g.values[v].name == name) return static_cast<int>(v);
  }
  return -1;
}

}  // namespace networks
