// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/contiguous.hpp>
#include <equant/core/random.hpp>
#include <equant/io/npy.hpp>
#include <equant/nn/evaluate.hpp>
#include <equant/nn/loss.hpp>

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

inline nn::tensor load_tensor(const std::string& name) {
  const io::npy_array a = io::load_npy(folder() + name);
  return {a.sizes, a.to<std::vector<float>>()};
}

inline std::vector<index_t> load_labels(const std::string& name) {
  std::vector<index_t> y;
  for (float v : io::load_npy(folder() + name).to<std::vector<float>>()) y.push_back(static_cast<index_t>(v));
  return y;
}

inline labelled load(const std::string& name) { return {load_tensor(name + "_x.npy"), load_labels(name + "_y.npy")}; }

/// All UCI digits, three quarters to train on and one to test on, drawn by the seed.
inline std::pair<labelled, labelled> split_digits(std::uint64_t seed) {
  labelled all = load("digits_train");
  const labelled more = load("digits_test");
  all.x.values.insert(all.x.values.end(), more.x.values.begin(), more.x.values.end());
  all.y.insert(all.y.end(), more.y.begin(), more.y.end());
  splitmix64 random(seed);
  std::vector<std::size_t> order(all.y.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  const std::size_t each = all.x.values.size() / all.y.size(), test = (all.y.size() + 3) / 4;
  std::pair<labelled, labelled> parts;
  for (std::size_t i = 0; i < order.size(); ++i) {
    labelled& to = i < test ? parts.second : parts.first;
    const auto from = all.x.values.begin() + static_cast<std::ptrdiff_t>(order[i] * each);
    to.x.values.insert(to.x.values.end(), from, from + static_cast<std::ptrdiff_t>(each));
    to.y.push_back(all.y[order[i]]);
  }
  for (labelled* part : {&parts.first, &parts.second}) part->x.sizes = {static_cast<index_t>(part->y.size()), 1, 8, 8};
  return parts;
}

/// Uniform within sqrt(6 / inputs) of zero (He et al., 2015).
inline nn::weights first_weights(const shape& s, splitmix64& random) {
  nn::weights w;
  w.values = nn::tensor(s);
  const double reach = std::sqrt(6.0 * static_cast<double>(s[0]) / static_cast<double>(s.count()));
  for (float& v : w.values.values) v = static_cast<float>((2 * random.uniform() - 1) * reach);
  return w;
}
inline nn::dense first_dense(index_t inputs, index_t outputs, splitmix64& random) {
  return {first_weights({outputs, inputs}, random), {std::vector<float>(static_cast<std::size_t>(outputs)), {}}};
}
inline nn::conv first_conv(index_t inputs, index_t outputs, splitmix64& random) {
  return {first_weights({outputs, inputs, 3, 3}, random), {std::vector<float>(static_cast<std::size_t>(outputs)), {}},
          {{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, false}, 1};
}

/// 64-64-10.
inline nn::graph digits_mlp(std::uint64_t seed) {
  splitmix64 random(seed);
  nn::graph g;
  g.name = "digits MLP";
  int v = g.add_input("image", {-1, 1, 8, 8});
  v = g.add("flat", nn::reshape{{0, -1}}, {v});
  v = g.add("hidden", first_dense(64, 64, random), {v});
  v = g.add("relu", nn::clip{}, {v});
  g.outputs = {g.add("logits", first_dense(64, 10, random), {v})};
  return g;
}

/// Two convolutions of 3 x 3, 8 and 16 channels, each with Relu and a pool of 2 x 2, and a product.
inline nn::graph digits_cnn(std::uint64_t seed) {
  splitmix64 random(seed);
  const nn::max_pool halve{{{2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, false}};
  nn::graph g;
  g.name = "digits CNN";
  int v = g.add_input("image", {-1, 1, 8, 8});
  v = g.add("conv1", first_conv(1, 8, random), {v});
  v = g.add("relu1", nn::clip{}, {v});
  v = g.add("pool1", halve, {v});
  v = g.add("conv2", first_conv(8, 16, random), {v});
  v = g.add("relu2", nn::clip{}, {v});
  v = g.add("pool2", halve, {v});
  v = g.add("flat", nn::reshape{{0, -1}}, {v});
  g.outputs = {g.add("logits", first_dense(64, 10, random), {v})};
  return g;
}

/// The share of entries whose largest output is at their label.
inline double accuracy(const nn::graph& g, const labelled& data) {
  index_t correct = 0;
  const index_t all = data.x.sizes[0];
  for (index_t first = 0; first < all; first += 100) {
    const index_t n = std::min<index_t>(100, all - first);
    const nn::tensor part = data.x.rows(first, n);
    const nn::tensor y = nn::evaluate(g, std::span<const nn::tensor>(&part, 1))[0];
    correct += nn::count_correct(y.values, {data.y.data() + first, static_cast<std::size_t>(n)});
  }
  return static_cast<double>(correct) / static_cast<double>(all);
}

}  // namespace qat
