// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <equant/calibration/min_max.hpp>
#include <equant/nn/quantize.hpp>
#include <equant/nn/report.hpp>

#include "images.hpp"

using namespace equant;
using namespace networks;

TEST_CASE("Weights are rounded to the nearest of symmetric codes, a scale per output") {
  nn::weights w;
  w.values = nn::tensor({2, 3}, {1.27f, -0.5f, 0.004f, 0, 0.3f, 25.4f});
  nn::quantize_weights(w, 8, true);
  CHECK(w.scales[0] == Approx(0.01f));
  CHECK(w.scales[1] == Approx(0.2f));
  CHECK(w.codes == std::vector<std::int8_t>{127, -50, 0, 0, 2, 127});  // 0.3 / 0.2 is just above 1.5
  for (std::size_t i = 0; i < 6; ++i) CHECK(w.values.values[i] == static_cast<float>(w.codes[i]) * w.scales[i / 3]);
}

TEST_CASE("At few bits the scale is the one of least squared error") {
  nn::weights w;
  w.values = noise({1, 400}, 3);
  w.values.values[0] = 6;
  const std::vector<float> before = w.values.values;
  nn::quantize_weights(w, 3, true);
  const auto error = [&](double scale) {
    double sum = 0;
    for (float x : before) {
      const double code = std::clamp(std::nearbyint(static_cast<double>(x) / scale), -3.0, 3.0);
      sum += (static_cast<double>(x) - code * scale) * (static_cast<double>(x) - code * scale);
    }
    return sum;
  };
  double least = 1e30;
  for (int i = 1; i <= 2000; ++i) least = std::min(least, error(i * 0.001));
  CHECK(error(static_cast<double>(w.scales[0])) < 1.01 * least);
}

TEST_CASE("A dead channel's scale grows until its bias fits 32 bits") {
  nn::weights w;
  w.values = nn::tensor({2, 2}, {1e-33f, -1e-33f, 1, 0.5f});
  nn::bias b{{3.0f, 1.0f}, {}};
  nn::quantize_weights(w, 8, true, b.values, 0.02f);
  nn::quantize_bias(b, w, 0.02f);
  CHECK(std::abs(b.codes[0]) <= (1 << 30) + 128);
  CHECK(b.values[0] == Approx(3.0f));
  CHECK(w.codes[0] == 0);
  CHECK(w.scales[1] == Approx(1 / 127.0f));
}

TEST_CASE("A dead channel is no trouble at any width") {
  nn::graph net = classifier();
  auto& first = std::get<nn::conv>(net.nodes[0].layer);
  for (std::size_t i = 0; i < 18; ++i) first.weights.values.values[i] = 1e-33f;
  first.bias.values[0] = 2;
  for (int bits : {3, 8}) CHECK(sqnr(net, nn::quantize(net, images(), {.weight_bits = bits})) > (bits == 8 ? 35 : 10));
}

TEST_CASE("A quantized network has grids and codes and answers as the float one does") {
  const nn::graph net = classifier();
  const nn::graph g = nn::quantize(net, images());
  CHECK(sqnr(net, g) > 35);
  CHECK(g.at(value_named(g, "relu1")).grid == g.at(value_named(g, "pool")).grid);
  CHECK(!g.at(value_named(g, "dense")).grid);
  for (const nn::node& n : g.nodes) {
    if (const nn::weights* w = nn::weights_of(n.layer)) {
      CHECK(w->quantized());
      CHECK(nn::bias_of(n.layer)->codes.size() == static_cast<std::size_t>(w->outputs()));
    }
  }
}

TEST_CASE("Quantizing is deterministic, whatever the batch, and tells how far it is") {
  const nn::graph net = residual();
  const nn::tensor x = noise({21, 2, 6, 6}, 5);
  index_t last = 0, all = 0;
  nn::quantize_options o;
  o.equalize = nn::equalization::none;
  o.progress = [&](index_t done, index_t of) { last = done, all = of; };
  const nn::graph a = nn::quantize(net, x, o);
  CHECK(last == 21);
  CHECK(all == 21);
  o.batch = 4;
  const nn::graph b = nn::quantize(net, x, o);
  for (std::size_t v = 0; v < a.values.size(); ++v) CHECK(a.values[v].grid == b.values[v].grid);
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    if (const nn::weights* w = nn::weights_of(a.nodes[i].layer))
      CHECK(w->codes == nn::weights_of(b.nodes[i].layer)->codes);
  }
}

TEST_CASE("Channels of uneven ranges are mended without being asked") {
  const nn::graph net = classifier();
  nn::graph uneven = net;
  auto& a = std::get<nn::conv>(uneven.nodes[0].layer);
  auto& b = std::get<nn::conv>(uneven.nodes[3].layer);
  for (std::size_t c = 0; c < 6; ++c) {
    const float s = std::exp2(2 * static_cast<float>(c));
    for (std::size_t i = 0; i < 18; ++i) a.weights.values.values[c * 18 + i] *= s;
    a.bias.values[c] *= s;
    for (std::size_t o = 0; o < 4; ++o) b.weights.values.values[o * 6 + c] /= s;
  }
  nn::quantize_options naive;
  naive.equalize = nn::equalization::none;
  naive.rounding = nn::rounding_method::nearest;
  naive.correct_bias = false;
  CHECK(sqnr(uneven, nn::quantize(uneven, images(), naive)) < 25);
  CHECK(sqnr(uneven, nn::quantize(uneven, images())) > 34);
}

TEST_CASE("Bias correction brings the means back") {
  const nn::graph net = classifier();
  nn::graph g = net;
  auto& first = std::get<nn::conv>(g.nodes[0].layer);
  for (float& b : first.bias.values) b += 0.05f;  // as if rounding had moved them
  first.weights.codes.assign(first.weights.values.values.size(), 0);
  first.weights.scales = {1};
  nn::repair(net, g, std::span<const nn::tensor>(&images(), 1), nn::rounding_method::nearest, true);
  const auto& wanted = std::get<nn::conv>(net.nodes[0].layer).bias.values;
  for (std::size_t c = 0; c < wanted.size(); ++c) CHECK(first.bias.values[c] == Approx(wanted[c]).margin(1e-5));
}

TEST_CASE("A grid ends where the clip before it does") {
  nn::graph g;
  const int x = g.add_input("x", {-1, 2, 8, 8});
  int v = g.add("conv", conv(3, 2, 1, 1), {x});
  v = g.add("relu6", nn::clip{0, 0.25f}, {v});
  g.outputs = {g.add("next", conv(2, 3, 1, 2), {v})};
  const nn::graph q = nn::quantize(g, images(), {.calibrator = min_max{}});
  const nn::grid& grid = *q.at(v).grid;
  CHECK(grid.zero_point == 0);
  CHECK(255 * grid.scale <= 0.25f);
  CHECK(255 * grid.scale == Approx(0.25f));
}

TEST_CASE("Without data weights alone are quantized") {
  const nn::graph net = classifier();
  const nn::graph g = nn::quantize_weights(net, {.weight_bits = 4});
  for (const nn::value& v : g.values) CHECK(!v.grid);
  CHECK(nn::weights_of(g.nodes[0].layer)->bits == 4);
  for (std::int8_t c : nn::weights_of(g.nodes[0].layer)->codes) CHECK(std::abs(c) <= 7);
  CHECK(sqnr(net, g) > 15);
}

TEST_CASE("With data weights are rounded better, activations in float or not") {
  const nn::graph net = classifier();
  nn::tensor smooth = images();  // neighbours vary together, as in pictures
  for (std::size_t i = 1; i < smooth.values.size(); ++i) smooth.values[i] += 0.9f * smooth.values[i - 1];
  const std::span<const nn::tensor> x(&smooth, 1);
  const auto wanted = nn::evaluate(net, x);
  nn::quantize_options o{.weight_bits = 3, .activation_bits = 32};
  const nn::graph better = nn::quantize(net, smooth, o);
  for (const nn::value& v : better.values) CHECK(!v.grid);
  o.rounding = nn::rounding_method::nearest;
  const nn::graph nearest = nn::quantize(net, smooth, o);
  o.equalize = nn::equalization::none;
  std::vector<nn::rounding_note> notes;
  o.explain = [&](const nn::rounding_note& n) { notes.push_back(n); };
  for (auto method : {nn::rounding_method::coordinate, nn::rounding_method::adaround, nn::rounding_method::automatic}) {
    o.rounding = method;
    const nn::graph other = nn::quantize(net, smooth, o);
    CHECK(nn::worst_sqnr_db(wanted, nn::evaluate(other, x)) > nn::worst_sqnr_db(wanted, nn::evaluate(nearest, x)));
  }
  REQUIRE(notes.size() == 3);
  CHECK(notes[0].layer == net.nodes[0].name);
  CHECK_THAT(notes[0].why, says("on held-out inputs") && says("; nearest 0."));
  CHECK(nn::worst_sqnr_db(wanted, nn::evaluate(better, x)) > nn::worst_sqnr_db(wanted, nn::evaluate(nearest, x)) + 1);
}

TEST_CASE("Weights on levels of each channel's own answer better than integers of the same width") {
  const nn::graph net = classifier();
  nn::quantize_options o{.weight_bits = 2, .activation_bits = 32};
  o.equalize = nn::equalization::none;
  const double integers = sqnr(net, nn::quantize(net, images(), o));
  o.codebooks = true;
  double last = 0;
  for (auto method : {nn::rounding_method::nearest, nn::rounding_method::gptq}) {
    o.rounding = method;
    const nn::graph g = nn::quantize(net, images(), o);
    for (const nn::node& n : g.nodes) {
      const nn::weights* w = nn::weights_of(n.layer);
      if (w == nullptr) continue;
      REQUIRE(w->on_levels());
      CHECK_FALSE(w->quantized());
      const std::size_t each = w->codes.size() / static_cast<std::size_t>(w->outputs());
      for (std::size_t i = 0; i < w->codes.size(); ++i) {
        CHECK(w->values.values[i] == w->levels[i / each * 4 + static_cast<std::uint8_t>(w->codes[i])]);
      }
    }
    CHECK(sqnr(net, g) > last);
    last = sqnr(net, g);
    CHECK(nn::report(net, g, std::span<const nn::tensor>(&images(), 1)).layers[0].weight_bits == 2);
  }
  CHECK(last > integers + 2);
  const nn::graph all = nn::quantize(net, images(), {.codebooks = true});  // activations on grids beside them
  CHECK(all.at(value_named(all, "relu1")).grid);
  CHECK(sqnr(net, all) > 30);
  CHECK(sqnr(net, nn::quantize_weights(net, {.weight_bits = 4, .codebooks = true})) >
        sqnr(net, nn::quantize_weights(net, {.weight_bits = 4})));
  CHECK_THROWS_WITH(nn::quantize(net, images(), {.per_channel = false, .codebooks = true}),
                    says("each output channel"));
  nn::graph bad = all;
  CHECK(nn::weights_of(nn::quantize_weights(bad).nodes[0].layer)->quantized());  // integers again
  nn::weights_of(bad.nodes[0].layer)->levels.pop_back();
  CHECK_THROWS_WITH(nn::infer_shapes(bad, {{1, 2, 8, 8}}), says("levels of 8 bits"));
}

TEST_CASE("Inputs are scaled where that serves weights of few bits and the choice is told") {
  nn::graph net = classifier();  // what conv1 makes has channels 16 apart, and conv2 undoes it
  nn::conv &a = std::get<nn::conv>(net.nodes[0].layer), &b = std::get<nn::conv>(net.nodes[3].layer);
  for (std::size_t c = 0; c < 6; c += 2) {
    for (std::size_t i = 0; i < 18; ++i) a.weights.values.values[c * 18 + i] *= 16;
    a.bias.values[c] *= 16;
    for (std::size_t o = 0; o < 4; ++o) b.weights.values.values[o * 6 + c] /= 16;
  }
  nn::quantize_options o{.weight_bits = 3, .activation_bits = 32};
  std::vector<nn::rounding_note> notes;
  o.explain = [&](const nn::rounding_note& n) { notes.push_back(n); };
  std::vector<double> reached;
  for (auto way : {nn::equalization::none, nn::equalization::activation_aware, nn::equalization::automatic}) {
    notes.clear();
    o.equalize = way;
    reached.push_back(sqnr(net, nn::quantize(net, images(), o)));
    if (way == nn::equalization::activation_aware) {
      REQUIRE(notes.size() == 2);  // conv2 and dense
      CHECK(notes[0].layer == "conv2");
      CHECK_THAT(notes[0].why,
                 says("divided by their mean magnitudes to the ") && says("on held-out inputs; undivided"));
    }
  }
  CHECK(reached[1] > reached[0] + 1);
  CHECK(reached[2] > reached[0] + 1);
  CHECK(notes[0].layer == "equalization of channels");
  CHECK_THAT(notes[0].why, says(": output SQNR ") && says("; none ") && says("activation-aware"));
  nn::graph scaled = net;
  const auto done = nn::scale_by_activations(scaled, std::span<const nn::tensor>(&images(), 1), [](const nn::node&) {
    return nn::rounding_plan{weights::levels::integers(3)};
  });
  REQUIRE(done.size() == 2);
  CHECK(done[0].exponent > 0);
  CHECK(done[0].error < done[0].plain_error);
  CHECK(nn::evaluate(scaled, std::span<const nn::tensor>(&images(), 1)) ==
        nn::evaluate(net, std::span<const nn::tensor>(&images(), 1)));  // powers of two: to the bit
  o.smoothing = 2;
  CHECK_THROWS_WITH(nn::quantize(net, images(), o), says("smoothing by 2"));
}

TEST_CASE("What cannot be calibrated on is refused by name") {
  const nn::graph net = classifier();
  CHECK_THROWS_WITH(nn::quantize(net, noise({4, 3, 8, 8}, 1)), says("input 'x' wants"));
  CHECK_THROWS_WITH(nn::quantize(net, nn::tensor(shape{0, 2, 8, 8})), says("a batch of at least one"));
  nn::tensor bad = noise({4, 2, 8, 8}, 1);
  bad.values[2 * 128 + 5] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(nn::quantize(net, bad), says("nan in entry 2 at place 5"));
  CHECK_THROWS_WITH(nn::quantize(net, images(), {.weight_bits = 9}), says("weights of 9 bits"));
  CHECK_THROWS_WITH(nn::quantize(net, images(), {.activation_bits = 1}), says("activations of 1 bits"));
  CHECK_THROWS_WITH(nn::quantize(net, images(), {.keep_float = {"nothing"}}), says("'nothing'"));
}

TEST_CASE("A report finds the layer that hurts, and what float would bring") {
  const nn::graph net = classifier();
  nn::graph g = nn::quantize(net, images());
  nn::weights& w = *nn::weights_of(g.nodes[3].layer);
  for (std::size_t i = 0; i < w.codes.size(); ++i) {  // conv2 at some two bits
    w.codes[i] = static_cast<std::int8_t>((w.codes[i] + 127) / 64 * 64 - 127 + 31);
    w.values.values[i] = static_cast<float>(w.codes[i]) * w.scale(static_cast<index_t>(i / 6));
  }
  const nn::network_report r = nn::report(net, g, std::span<const nn::tensor>(&images(), 1));
  REQUIRE(r.worst() != nullptr);
  CHECK(r.worst()->name == "conv2");
  CHECK(r.worst()->kept_float_db > r.sqnr_db + 10);
  REQUIRE(r.layers.size() == 3);
  CHECK(r.layers[0].sqnr_alone_db > 35);
  CHECK(r.layers[0].kept_float_db < r.worst()->kept_float_db);
  CHECK(r.layers[0].low == 0);
}
