// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/random.hpp>
#include <equant/nn/initial_weights.hpp>
#include <equant/nn/loss.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/predict.hpp>

#include <string>

/// The data sets and networks that quantization-aware training is shown on.
namespace qat {

using namespace equant;

/// Where models and data lie; ends with a slash.
inline std::string& folder() {
  static std::string path;
  return path;
}

struct labelled {
  nn::tensor x;
  std::vector<index_t> y;
};

inline labelled load(const std::string& name) {
  return {nn::load_npy(folder() + name + "_x.npy"), nn::load_labels(folder() + name + "_y.npy")};
}

/// One of `parts` parts of the data, drawn by the seed, behind the rest.
inline std::pair<labelled, labelled> split(const labelled& all, std::size_t parts, std::uint64_t seed) {
  splitmix64 random(seed);
  std::vector<std::size_t> order(all.y.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  const std::size_t each = all.x.values.size() / all.y.size(), aside = (all.y.size() + parts - 1) / parts;
  std::pair<labelled, labelled> both;
  for (std::size_t i = 0; i < order.size(); ++i) {
    labelled& to = i < aside ? both.second : both.first;
    const auto from = all.x.values.begin() + static_cast<std::ptrdiff_t>(order[i] * each);
    to.x.values.insert(to.x.values.end(), from, from + static_cast<std::ptrdiff_t>(each));
    to.y.push_back(all.y[order[i]]);
  }
  for (labelled* part : {&both.first, &both.second}) {
    part->x.sizes = all.x.sizes;
    part->x.sizes[0] = static_cast<index_t>(part->y.size());
  }
  return both;
}

/// All UCI digits, three quarters to train on and one to test on, drawn by the seed.
inline std::pair<labelled, labelled> split_digits(std::uint64_t seed) {
  labelled all = load("digits_train");
  const labelled more = load("digits_test");
  all.x.values.insert(all.x.values.end(), more.x.values.begin(), more.x.values.end());
  all.y.insert(all.y.end(), more.y.begin(), more.y.end());
  all.x.sizes = {static_cast<index_t>(all.y.size()), 1, 8, 8};
  return split(all, 4, seed);
}

/// 64-64-10.
inline nn::graph digits_mlp(std::uint64_t seed) {
  splitmix64 random(seed);
  nn::graph g;
  g.name = "digits MLP";
  int v = g.add_input("image", {-1, 1, 8, 8});
  v = g.add("flat", nn::reshape{{0, -1}}, {v});
  v = g.add("hidden", nn::initial_dense(64, 64, random), {v});
  v = g.add("relu", nn::clip{}, {v});
  g.outputs = {g.add("logits", nn::initial_dense(64, 10, random), {v})};
  return g;
}

/// Two convolutions of 3 x 3, 8 and 16 channels, each with Relu and a pool of 2 x 2, and a product.
inline nn::graph digits_cnn(std::uint64_t seed) {
  splitmix64 random(seed);
  const nn::max_pool halve{{{2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, false}};
  nn::graph g;
  g.name = "digits CNN";
  int v = g.add_input("image", {-1, 1, 8, 8});
  v = g.add("conv1", nn::initial_conv(1, 8, 3, random), {v});
  v = g.add("relu1", nn::clip{}, {v});
  v = g.add("pool1", halve, {v});
  v = g.add("conv2", nn::initial_conv(8, 16, 3, random), {v});
  v = g.add("relu2", nn::clip{}, {v});
  v = g.add("pool2", halve, {v});
  v = g.add("flat", nn::reshape{{0, -1}}, {v});
  g.outputs = {g.add("logits", nn::initial_dense(64, 10, random), {v})};
  return g;
}

/// The share of entries whose largest output is at their label.
inline double accuracy(const nn::graph& g, const labelled& data) {
  return nn::agreement(nn::top1(nn::predict(g, data.x)), data.y);
}

/// The mean cross-entropy of the outputs.
inline double loss(const nn::graph& g, const labelled& data) {
  const nn::tensor y = nn::predict(g, data.x);
  std::vector<float> unused(y.values.size());
  return nn::cross_entropy(y.values, data.y, 1, unused);
}

}  // namespace qat
