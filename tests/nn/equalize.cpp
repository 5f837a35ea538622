// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <equant/nn/channel_factors.hpp>
#include <equant/nn/evaluate.hpp>
#include <equant/nn/rotate.hpp>

#include "networks.hpp"

using namespace equant;
using namespace networks;

namespace {

/// Channel c of conv1 made 4^c times as large, and read as many times smaller.
nn::graph uneven() {
  nn::graph g = classifier();
  auto& a = std::get<nn::conv>(g.nodes[0].layer);
  auto& b = std::get<nn::conv>(g.nodes[3].layer);
  for (std::size_t c = 0; c < 6; ++c) {
    const float s = std::exp2(2 * static_cast<float>(c));
    for (std::size_t i = 0; i < 18; ++i) a.weights.values.values[c * 18 + i] *= s;
    a.bias.values[c] *= s;
    for (std::size_t o = 0; o < 4; ++o) b.weights.values.values[o * 6 + c] /= s;
  }
  return g;
}

std::vector<nn::tensor> answers(const nn::graph& g) {
  const nn::tensor x = noise({3, 2, 8, 8}, 99);
  return nn::evaluate(g, std::span<const nn::tensor>(&x, 1));
}

float spread(const nn::weights& w) {
  const std::size_t each = w.values.values.size() / static_cast<std::size_t>(w.outputs());
  float low = 1e30f, high = 0;
  for (std::size_t o = 0; o < static_cast<std::size_t>(w.outputs()); ++o) {
    float most = 0;
    for (std::size_t i = 0; i < each; ++i) most = std::max(most, std::abs(w.values.values[o * each + i]));
    low = std::min(low, most);
    high = std::max(high, most);
  }
  return high / low;
}

}  // namespace

TEST_CASE("Channels are paired across Relu, pooling and flatten") {
  const auto pairs = nn::channel_pairs(classifier());
  REQUIRE(pairs.size() == 2);
  CHECK(pairs[0].first == 0);
  CHECK(pairs[0].second == 3);
  CHECK(pairs[1].first == 3);
  CHECK(pairs[1].second == 6);
  CHECK(pairs[1].each == 16);
  CHECK(nn::channel_pairs(residual()).size() == 0);
}

TEST_CASE("A clip at 6 stands between layers that are not paired") {
  nn::graph g = classifier();
  g.nodes[1].layer = nn::clip{0, 6};
  CHECK(nn::channel_pairs(g).size() == 1);
}

TEST_CASE("Equalization evens the channels and changes no answer") {
  const nn::graph before = uneven();
  nn::graph g = before;
  REQUIRE(spread(std::get<nn::conv>(g.nodes[0].layer).weights) > 500);
  nn::equalize_weights(g);
  CHECK(spread(std::get<nn::conv>(g.nodes[0].layer).weights) < 8);
  CHECK(answers(g) == answers(before));  // powers of two: to the bit
}

TEST_CASE("A channel that is dead keeps its weights finite") {
  nn::graph g = uneven();
  auto& a = std::get<nn::conv>(g.nodes[0].layer);
  for (std::size_t i = 0; i < 18; ++i) a.weights.values.values[i] = 1e-33f;
  const auto wanted = answers(g);
  nn::equalize_weights(g);
  for (float w : a.weights.values.values) CHECK(std::isfinite(w));
  CHECK(a.weights.values.values[0] < 1e-25f);
  CHECK(answers(g) == wanted);
}

TEST_CASE("Equalization by activations evens what was seen") {
  nn::graph g = uneven();
  const auto wanted = answers(g);
  std::vector<std::vector<float>> largest(g.values.size());
  largest[static_cast<std::size_t>(value_named(g, "relu1"))] = {1, 4, 16, 64, 256, 1024};
  nn::equalize_activations(g, largest);
  CHECK(spread(std::get<nn::conv>(g.nodes[0].layer).weights) < 8);
  CHECK(answers(g) == wanted);
}

TEST_CASE("The factors of equalization are found again in the weights") {
  const nn::graph net = uneven();
  nn::graph g = net;
  nn::equalize_weights(g);
  const nn::graph again = nn::in_the_channels_of(g, net);
  for (std::size_t i : {std::size_t{0}, std::size_t{3}, std::size_t{6}}) {
    CHECK(nn::weights_of(again.nodes[i].layer)->values == nn::weights_of(g.nodes[i].layer)->values);
    CHECK(nn::bias_of(again.nodes[i].layer)->values == nn::bias_of(g.nodes[i].layer)->values);
  }
}

TEST_CASE("Between layers with nothing between channels are turned and outliers spread") {
  nn::graph g;
  int v = g.add_input("x", {-1, 2, 6, 6});
  v = g.add("narrow", conv(8, 2, 1, 1), {v});
  v = g.add("wide", conv(12, 8, 3, 3, 1), {v});
  v = g.add("relu", nn::clip{}, {v});
  g.outputs = {g.add("last", conv(4, 12, 1, 5), {v})};
  nn::weights& w = *nn::weights_of(g.nodes[1].layer);
  for (std::size_t o = 0; o < 12; ++o) w.values.values[o * 72 + 4] *= 60;
  REQUIRE(nn::linear_pairs(g).size() == 1);
  CHECK(nn::linear_pairs(classifier()).empty());
  nn::graph turned = g;
  nn::rotate_pairs(turned);
  const nn::tensor x = noise({3, 2, 6, 6}, 99);
  const auto a = nn::evaluate(g, std::span(&x, 1)), b = nn::evaluate(turned, std::span(&x, 1));
  float most = 0, off = 0;
  for (std::size_t i = 0; i < a[0].values.size(); ++i) {
    most = std::max(most, std::abs(a[0].values[i]));
    off = std::max(off, std::abs(a[0].values[i] - b[0].values[i]));
  }
  CHECK(off < 1e-5f * most);
  const auto largest = [](const nn::graph& net) {
    float l = 0;
    for (float y : nn::weights_of(net.nodes[1].layer)->values.values) l = std::max(l, std::abs(y));
    return l;
  };
  CHECK(largest(turned) < 0.5f * largest(g));
  const nn::graph again = nn::rotated_like(turned, g), same = nn::rotated_like(g, g);
  CHECK(nn::weights_of(again.nodes[0].layer)->values == nn::weights_of(turned.nodes[0].layer)->values);
  CHECK(nn::weights_of(same.nodes[0].layer)->values == nn::weights_of(g.nodes[0].layer)->values);
}
