// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <equant/nn/quantize.hpp>

#include "images.hpp"

using namespace equant;
using namespace networks;

TEST_CASE("Weights in groups have a scale for every group of inputs") {
  nn::weights w;
  w.values = nn::tensor({2, 40}, std::vector<float>(80, 0));
  const auto at = [&](index_t o, index_t i) -> float& { return w.values.values[static_cast<std::size_t>(o * 40 + i)]; };
  at(0, 0) = 127, at(0, 15) = -63, at(0, 16) = 1.27f, at(0, 31) = 0.5f, at(0, 39) = -12.7f, at(0, 32) = 1;
  at(1, 20) = 254, at(1, 21) = 1.9f;
  nn::quantize_weights_in_groups(w, 8, 16);
  REQUIRE(w.groups() == 3);
  REQUIRE(w.scales.size() == 6);
  const float scales[] = {1, 0.01f, 0.1f, 2};
  for (std::size_t i : {0u, 1u, 2u}) CHECK(w.scales[i] == Approx(scales[i]));
  CHECK(w.scales[4] == 2);
  const std::pair<std::size_t, int> codes[] = {{0, 127},   {15, -63}, {16, 127}, {31, 50},
                                               {39, -127}, {32, 10},  {60, 127}, {61, 1}};
  for (const auto& [place, code] : codes) CHECK(w.codes[place] == code);
  CHECK(at(0, 31) == 50 * w.scales[1]);
  CHECK(at(1, 21) == 2);
  CHECK(w.scale(0, 39) == w.scales[2]);
  CHECK(w.scale(1, 20) == 2);
}

TEST_CASE("Every method rounds in groups and better than to the nearest") {
  nn::graph net;
  int v = net.add_input("x", {-1, 40});
  v = net.add("first", networks::dense(12, 40, 3), {v});
  v = net.add("relu", nn::clip{}, {v});
  net.outputs = {net.add("second", networks::dense(5, 12, 5), {v})};
  auto& uneven = nn::weights_of(net.nodes[0].layer)->values.values;
  for (std::size_t i = 0; i < uneven.size(); ++i) uneven[i] *= i % 40 < 16 ? 8.0f : 1.0f;
  nn::tensor x = noise({200, 40}, 7);
  for (std::size_t i = 1; i < x.values.size(); ++i) x.values[i] += 0.9f * x.values[i - 1];
  const auto wanted = nn::evaluate(net, std::span<const nn::tensor>(&x, 1));
  nn::quantize_options o{.weight_bits = 3, .activation_bits = 32, .group = 16, .correct_bias = false};
  const auto error = [&](const nn::graph& g) {
    return nn::worst_sqnr_db(wanted, nn::evaluate(g, std::span<const nn::tensor>(&x, 1)));
  };
  o.rounding = nn::rounding_method::nearest;
  const double nearest = error(nn::quantize(net, x, o));
  CHECK(error(nn::quantize_weights(net, o)) == nearest);
  for (auto method : {nn::rounding_method::gptq, nn::rounding_method::coordinate, nn::rounding_method::adaround,
                      nn::rounding_method::automatic}) {
    o.rounding = method;
    const nn::graph g = nn::quantize(net, x, o);
    CHECK(error(g) > nearest + 0.5);
    const nn::weights& w = *nn::weights_of(g.nodes[0].layer);
    REQUIRE(w.group == 16);
    REQUIRE(w.scales.size() == 12 * 3);
    for (index_t p = 0; p < 480; ++p) {
      const auto i = static_cast<std::size_t>(p), scale = static_cast<std::size_t>(p / 40 * 3 + p % 40 / 16);
      CHECK(std::abs(w.codes[i]) <= 3);
      CHECK(w.values.values[i] == static_cast<float>(w.codes[i]) * w.scales[scale]);
    }
  }
  o.rounding = nn::rounding_method::gptq;
  const double grouped = error(nn::quantize(net, x, o));
  o.group = 0;
  CHECK(grouped > error(nn::quantize(net, x, o)) + 1);
}

TEST_CASE("Groups that cannot be are refused by name") {
  const nn::graph net = classifier();
  CHECK_THROWS_WITH(nn::quantize(net, images(), {.group = 16}), says("16 inputs beside activations of 8 bits"));
  for (index_t group : {24, 8, -16}) {
    const std::string why = contract::joined("of ", group, " inputs; a power");
    CHECK_THROWS_WITH(nn::quantize_weights(net, {.group = group}), says(why));
  }
  const nn::graph g = nn::quantize_weights(net, {.weight_bits = 4, .group = 32});
  CHECK(nn::weights_of(g.nodes[0].layer)->group == 0);
  const auto broken = [&](std::size_t node, auto&& change) {
    nn::graph b = g;
    change(*nn::weights_of(b.nodes[node].layer));
    nn::infer_shapes(b, {{1, 2, 8, 8}});
  };
  using w = nn::weights;
  CHECK_THROWS_WITH(broken(6, [](w& x) { x.scales.pop_back(); }), says("node 'dense' (dense): 320 codes, 9 scales"));
  CHECK_THROWS_WITH(broken(6, [](w& x) { x.group = 16; }), says("10 scales") && says("in 4 groups"));
  CHECK_THROWS_WITH(broken(6, [](w& x) { x.codes.pop_back(); }), says("319 codes"));
  CHECK_THROWS_WITH(broken(6, [](w& x) { x.zero_points = {1, 2}; }), says("2 zero points"));
  CHECK_THROWS_WITH(broken(0, [](w& x) { x.group = 16; }), says("node 'conv1' (conv)") && says("in groups of 16"));
}
