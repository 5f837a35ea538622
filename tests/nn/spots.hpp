// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/train.hpp>

/// A small task to train on, and a network for it.
namespace spotted {

using namespace equant;

inline nn::weights some_weights(const shape& s, splitmix64& random) {
  nn::weights w;
  w.values = nn::tensor(s);
  for (float& v : w.values.values) v = static_cast<float>(random.uniform() - 0.5);
  return w;
}

/// Images of two bright spots; the label says in which half of the image the brighter one is.
struct spots {
  nn::tensor x{shape{120, 1, 6, 6}};
  std::vector<index_t> y;

  spots() {
    splitmix64 random(5);
    for (index_t n = 0; n < 120; ++n) {
      const index_t label = n % 2;
      const auto at = [&](index_t half) { return static_cast<std::size_t>(n * 36 + half * 18) + random() % 18; };
      x.values[at(label)] = static_cast<float>(1 + random.uniform());
      x.values[at(1 - label)] = static_cast<float>(0.5 * random.uniform());
      y.push_back(label);
    }
  }
};

/// conv, (batch norm,) relu, pool and a sum of two branches: an example of what networks are made of.
inline nn::graph net(bool with_norm) {
  splitmix64 random(9);
  nn::graph g;
  g.name = "spots";
  const std::vector<float> zeros(4, 0), ones(4, 1);
  int v = g.add_input("x", {-1, 1, 6, 6});
  v = g.add("conv",
            nn::conv{some_weights({4, 1, 3, 3}, random), {zeros, {}}, {{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, false}, 1},
            {v});
  if (with_norm) v = g.add("norm", nn::batch_norm{ones, zeros, zeros, ones, 1e-5f}, {v});
  v = g.add("relu", nn::clip{}, {v});
  const int branch = g.add(
      "depthwise",
      nn::conv{some_weights({4, 1, 3, 3}, random), {zeros, {}}, {{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, false}, 4}, {v});
  v = g.add("sum", nn::binary{nn::binary_kind::add}, {v, branch});
  v = g.add("pool", nn::average_pool{{{2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, false}, false}, {v});
  v = g.add("flat", nn::reshape{{0, -1}}, {v});
  v = g.add("dense", nn::dense{some_weights({2, 36}, random), {{0, 0}, {}}}, {v});
  g.outputs = {g.add("softmax", nn::softmax{1}, {v})};
  return g;
}

inline index_t correct(const nn::graph& g, const spots& data) {
  return nn::count_correct(nn::evaluate(g, std::span(&data.x, 1))[0].values, data.y);
}

inline nn::graph trained_float(const spots& data, bool with_norm) {
  nn::trainee t = nn::prepare_float(net(with_norm));
  nn::train(t, data.x, data.y, {.epochs = 40, .optimizer = {.rate = 0.01}});
  return nn::convert(t);
}

}  // namespace spotted
