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

/// A depthwise branch that is added, means of 2 x 2 and of everything, flatten, dense: N x 2 x 8 x 8 -> N x 3.
inline nn::graph averaging() {
  nn::graph g;
  g.name = "averaging";
  const int x = g.add_input("x", {-1, 2, 8, 8});
  int v = g.add("conv", conv(8, 2, 3, 31, 1), {x});
  const int first = g.add("relu", nn::clip{}, {v});
  nn::conv each = conv(8, 1, 3, 33, 1);
  each.groups = 8;
  v = g.add("depthwise", each, {first});
  v = g.add("add", nn::binary{}, {v, first});
  v = g.add("halved", nn::average_pool{{{2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, false}, false}, {v});
  v = g.add("pointwise", conv(16, 8, 1, 35), {v});
  v = g.add("mean", nn::global_average_pool{}, {v});
  v = g.add("flatten", nn::reshape{{0, -1}}, {v});
  g.outputs = {g.add("dense", dense(3, 16, 37), {v})};
  return g;
}

/// One of every layer: N x 2 x 6 x 6 -> N x 25 x 2 and the softmax on the way.
inline nn::graph every_layer() {
  nn::graph g;
  const auto constant = [&](const shape& s, std::uint64_t seed) {
    return g.add("constant" + std::to_string(seed), nn::constant{noise(s, seed, 3)}, {});
  };
  const int x = g.add_input("x", {-1, 2, 6, 6});
  nn::conv c = conv(4, 2, 3, 3);
  c.weights.values = noise({4, 1, 3, 2}, 5);
  c.groups = 2;
  c.window = {{3, 2}, {2, 1}, {1, 2}, {1, 0, 2, 3}, false};
  int v = g.add("conv", c, {x});
  v = g.add("norm", nn::batch_norm{{1, 2, 3, 4}, {0, 1, 0, 1}, {0.5f, 0, 0, 1}, {1, 2, 3, 4}, 1e-3f}, {v});
  v = g.add("clip", nn::clip{-0.5f, 2}, {v});
  nn::max_pool pool;
  pool.window = {{2, 2}, {2, 1}, {1, 1}, {0, 1, 1, 0}, true};
  v = g.add("largest", pool, {v});
  v = g.add("mean", nn::average_pool{{{2, 1}, {1, 1}, {1, 1}, {1, 0, 0, 0}, false}, true}, {v});
  v = g.add("pad", nn::pad{{0, 1, 0, 2}, {0, 0, 1, 0}, 1.5f}, {v});
  v = g.add("slice", nn::slice{{1, 0}, {5, 100}, {1, 2}, {1, 3}}, {v});
  v = g.add("sub", nn::binary{nn::binary_kind::subtract}, {v, constant({4, 1, 1}, 21)});
  v = g.add("exp", nn::unary{nn::unary_kind::exponential}, {v});
  v = g.add("turned", nn::transpose{{0, 2, 3, 1}}, {v});
  v = g.add("rows", nn::reshape{{0, -1, 4}}, {v});
  v = g.add("wide", dense(5, 4, 7), {v});
  const int left = g.add("softmax", nn::softmax{2}, {v});
  v = g.add("both", nn::concat{2}, {left, v});
  v = g.add("flat", nn::reshape{{0, -1, 10}}, {v});
  v = g.add("product", nn::matmul{}, {v, constant({10, 2}, 22)});
  const int half = g.add("div", nn::binary{nn::binary_kind::divide}, {v, constant({}, 23)});
  g.outputs = {half, left};
  return g;
}

inline int value_named(const nn::graph& g, const std::string& name) {
  for (std::size_t v = 0; v < g.values.size(); ++v) {
    if (g.values[v].name == name) return static_cast<int>(v);
  }
  return -1;
}

}  // namespace networks
