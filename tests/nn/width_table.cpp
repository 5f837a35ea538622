// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "images.hpp"

#include <catch.hpp>
#include <core/says.hpp>

#include <equant/nn/recommend.hpp>

using namespace equant;
using namespace networks;

namespace {

nn::graph with(const nn::graph& net, std::vector<nn::layer_width> widths) {
  nn::quantize_options o;
  o.activation_bits = 32;
  o.equalize = nn::equalization::none;
  o.widths = std::move(widths);
  return nn::quantize(net, images(), o);
}

}  // namespace

TEST_CASE("Layers are quantized to the widths that were asked for them") {
  const nn::graph g = with(classifier(), {{"conv1", 3}, {"dense", 5}});
  CHECK(nn::weights_of(g.nodes[0].layer)->bits == 3);
  CHECK(nn::weights_of(g.nodes[3].layer)->bits == 8);
  CHECK(nn::weights_of(g.nodes[6].layer)->bits == 5);
  CHECK(nn::weights_of(nn::quantize_weights(classifier(), {.widths = {{"conv2", 2}}}).nodes[3].layer)->bits == 2);
  CHECK_THROWS_WITH(with(classifier(), {{"relu1", 3}}), says("with weights is called 'relu1'"));
  CHECK_THROWS_WITH(with(classifier(), {{"conv1", 9}}), says("weights of 9 bits"));
  CHECK_THROWS_WITH(nn::quantize_weights(classifier(), {.widths = {{"conv9", 3}}}), says("'conv9'"));
}

TEST_CASE("A layer's error at a width is that of the network with this layer alone quantized") {
  const nn::graph net = classifier();
  const nn::width_table t = nn::measure_widths(net, images(), {.bits = {2, 4, 8}});
  REQUIRE(t.layers.size() == 3);
  CHECK(t.layers[1].node == "conv2");
  CHECK(t.layers[1].weights == 24);
  CHECK(t.scale_bytes == 4 * (6 + 4 + 5));
  for (const nn::layer_widths& l : t.layers) {
    REQUIRE(l.choices.size() == 3);
    CHECK(l.choices[0].error > l.choices[1].error);
    CHECK(l.choices[1].error > l.choices[2].error);
  }
  CHECK(t.layers[1].choices[1].bytes == 12 + 16);
  nn::quantize_options alone;
  alone.activation_bits = 32;
  alone.equalize = nn::equalization::none;
  alone.weight_bits = 4;
  alone.keep_float = {"conv1", "dense"};
  const double db = sqnr(net, nn::quantize(net, images(), alone));
  CHECK(-10 * std::log10(t.layers[1].choices[1].error) == Approx(db).margin(0.01));
}

TEST_CASE("Widths within a budget of bits beat one width for all where layers differ") {
  nn::graph net = classifier();
  for (float& w : std::get<nn::dense>(net.nodes[6].layer).weights.values.values) w = w < 0 ? -0.5f : 0.5f;  // 2 bits do
  const nn::width_table t = nn::measure_widths(net, images());
  CHECK_THROWS_WITH(t.within_bits(std::nan("")), says("nan bits on average"));
  const auto chosen = t.within_bits(4);
  CHECK(t.average_bits(chosen) <= 4);
  const double mixed = sqnr(net, with(net, t.widths(chosen)));
  const double same = sqnr(net, with(net, {{"conv1", 4}, {"conv2", 4}, {"dense", 4}}));
  CHECK(mixed > same + 3);
  CHECK(-10 * std::log10(chosen.error) == Approx(mixed).margin(3));  // errors add up, about
  CHECK(t.within_error(chosen.error).bytes <= chosen.bytes);
}

TEST_CASE("The divergence of softmax is zero between equals and grows as widths shrink") {
  const nn::tensor a({2, 2}, {0, std::log(3.0f), 1, 1}), b({2, 2}, {0, 0, 5, 5});
  CHECK(nn::widening::divergence(a, a) == 0);
  // (1/4, 3/4) from (1/2, 1/2), and nothing: half of it
  CHECK(nn::widening::divergence(a, b) == Approx(0.5 * (0.25 * std::log(0.5) + 0.75 * std::log(1.5))));
  const auto t = nn::measure_widths(classifier(), images(), {.bits = {2, 6}, .error = nn::output_error::divergence});
  for (const nn::layer_widths& l : t.layers) CHECK(l.choices[0].error > 10 * l.choices[1].error);
}

TEST_CASE("The smallest of a curve that is good enough is found in few looks") {
  std::vector<weights::allocation> curve;
  for (int i = 0; i < 1000; ++i) curve.push_back({{}, 1000 + i, 1.0 / (i + 1)});
  int asked = 0;
  const auto found = nn::smallest_good(curve, [&](const weights::allocation& a) { return ++asked, a.bytes >= 1500; });
  CHECK(found.bytes >= 1500);
  CHECK(found.bytes < 1535);
  CHECK(asked <= 7);
  CHECK(nn::smallest_good(curve, [](const weights::allocation&) { return false; }).bytes == 1999);
}

TEST_CASE("A recommendation keeps to its target and is what its widths make on inputs held out") {
  const nn::graph net = classifier();
  nn::width_options o{.bits = {2, 3, 4, 6, 8}};
  o.quantize.activation_bits = 32;
  o.quantize.equalize = nn::equalization::none;
  const auto by_bits = nn::recommend(net, images(), nn::target_bits{4}, o);
  CHECK(by_bits.average_bits() <= 4);
  const auto by_bytes = nn::recommend(net, images(), target_bytes{static_cast<std::size_t>(by_bits.chosen.bytes)}, o);
  CHECK(by_bytes.widths() == by_bits.widths());
  CHECK_THROWS_WITH(nn::recommend(net, images(), target_bytes{10}, o), says("a budget of 10 bytes"));

  const auto by_noise = nn::recommend(net, images(), target_sqnr{20}, o);
  CHECK(by_noise.reached);
  CHECK(by_noise.sqnr_db >= 20);
  CHECK(by_noise.chosen.bytes < by_noise.table.curve().back().bytes);
  const std::vector<nn::tensor> seen = nn::recommending::every_other({&images(), 1}, 0);
  const std::vector<nn::tensor> held_out = nn::recommending::every_other({&images(), 1}, 1);
  CHECK(held_out[0].sizes[0] == 20);
  CHECK(held_out[0].rows(1, 1) == images().rows(3, 1));
  o.quantize.widths = by_noise.widths();
  const auto wanted = nn::evaluate(net, held_out), got = nn::evaluate(nn::quantize(net, seen, o.quantize), held_out);
  CHECK(by_noise.sqnr_db == Approx(nn::worst_sqnr_db(wanted, got)));
  CHECK(by_noise.same_answers == nn::agreement(nn::top1(wanted[0]), nn::top1(got[0])));

  const auto by_answers = nn::recommend(net, images(), nn::target_answers{0.9}, o);
  CHECK(by_answers.same_answers >= 0.9);
  const auto beyond = nn::recommend(net, images(), target_sqnr{200}, o);
  CHECK(!beyond.reached);
  for (const nn::layer_width& w : beyond.widths()) CHECK(w.bits == 8);
  CHECK_THROWS_WITH(nn::recommend(net, images().rows(0, 1), target_sqnr{20}, o), says("one input"));
}

TEST_CASE("What widths cannot be measured on is refused by name") {
  CHECK_THROWS_WITH(nn::measure_widths(classifier(), images(), {.bits = {4, 3}}), says("ascending"));
  CHECK_THROWS_WITH(nn::measure_widths(classifier(), images(), {.bits = {1, 3}}), says("weights of 1 bits"));
  nn::width_options books;
  books.quantize.codebooks = true;
  CHECK_THROWS_WITH(nn::measure_widths(classifier(), images(), books), says("not for codebooks"));
  CHECK_THROWS_WITH(nn::measure_widths(classifier(), noise({4, 3, 8, 8}, 1)), says("input 'x' wants"));
}
