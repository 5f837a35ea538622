// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "nn/spots.hpp"

using namespace spotted;

TEST_CASE("training: a float network learns and batch normalization gathers statistics") {
  const spots data;
  for (bool with_norm : {false, true}) {
    const nn::graph start = net(with_norm), end = trained_float(data, with_norm);
    CHECK(correct(start, data) < 90);
    CHECK(correct(end, data) >= 115);
    if (with_norm) CHECK(std::get<nn::batch_norm>(end.nodes[1].layer).mean != std::vector<float>(4, 0));
  }
}

TEST_CASE("training: of few bits the network answers as the float one after every method") {
  const spots data;
  const nn::graph start = trained_float(data, true);
  const std::pair<nn::grid_learning, int> methods[] = {{nn::grid_learning::straight_through, 4},
                                                       {nn::grid_learning::lsq, 2},
                                                       {nn::grid_learning::lsq_plus, 2},
                                                       {nn::grid_learning::pact, 3}};
  for (const auto& [method, bits] : methods) {
    nn::trainee t =
        nn::prepare(start, std::span(&data.x, 1), {.weight_bits = bits, .activation_bits = bits, .method = method});
    nn::train(t, data.x, data.y, {.epochs = 25, .teacher = &start});
    INFO("method " << static_cast<int>(method));
    CHECK(correct(nn::convert(t), data) >= 112);
  }
}

TEST_CASE("training: what is converted holds codes of the width asked for and equals what ran in training") {
  const spots data;
  for (bool per_channel : {false, true}) {
    nn::trainee t = nn::prepare(trained_float(data, true), std::span(&data.x, 1),
                                {.weight_bits = 3, .activation_bits = 4, .per_channel = per_channel});
    nn::train(t, data.x, data.y, {.epochs = 2});
    nn::training_pass pass(t);
    pass.forward(std::span(&data.x, 1), false);
    nn::graph g = nn::convert(t);
    g.outputs[0] = g.producer(g.outputs[0])->inputs[0];  // the logits
    const nn::tensor y = nn::evaluate(g, std::span(&data.x, 1))[0];
    CHECK(std::vector<float>(pass.output().begin(), pass.output().end()) == y.values);
    for (const nn::node& n : g.nodes) {
      const nn::weights* w = nn::weights_of(n.layer);
      if (w == nullptr) continue;
      REQUIRE(w->quantized());
      CHECK(static_cast<index_t>(w->scales.size()) == (per_channel ? w->outputs() : 1));
      for (std::size_t i = 0; i < w->codes.size(); ++i) {
        const std::size_t channel = i / (w->codes.size() / static_cast<std::size_t>(w->outputs()));
        CHECK((w->codes[i] >= -4 && w->codes[i] <= 3));
        CHECK(w->values.values[i] == static_cast<float>(w->codes[i]) * w->scale(static_cast<index_t>(channel)));
      }
    }
  }
}

TEST_CASE("training: normalizations learn inside their layers and are folded with what they gathered") {
  const spots data;
  for (const auto method : {nn::grid_learning::straight_through, nn::grid_learning::lsq_plus}) {
    nn::trainee t = nn::prepare(net(true), data.x,
                                {.weight_bits = 3, .activation_bits = 4, .method = method, .train_norms = true});
    const nn::batch_norm before = t.norms[0]->norm;
    const nn::graph untrained = nn::convert(t);
    nn::train(t, data.x, data.y, {.epochs = 50, .optimizer = {.rate = 0.05}});
    const nn::batch_norm& after = t.norms[0]->norm;
    CHECK(after.mean != before.mean);
    CHECK(after.variance != before.variance);
    CHECK(after.scale != before.scale);
    CHECK(after.shift != before.shift);
    nn::graph g = nn::convert(t);
    CHECK(correct(untrained, data) < 90);
    CHECK(correct(g, data) >= 112);
    for (const nn::node& n : g.nodes) CHECK(!std::holds_alternative<nn::batch_norm>(n.layer));

    nn::training_pass pass(t);
    pass.forward(std::span(&data.x, 1), false);
    g.outputs[0] = g.producer(g.outputs[0])->inputs[0];  // the logits
    CHECK(std::vector<float>(pass.output().begin(), pass.output().end()) ==
          nn::evaluate(g, std::span(&data.x, 1))[0].values);
    const nn::weights& w = *nn::weights_of(g.nodes[0].layer);
    for (std::size_t i = 0; i < w.codes.size(); ++i) {
      const std::size_t c = i / 9;
      const float k = after.scale[c] / std::sqrt(after.variance[c] + after.epsilon);
      const float code = std::clamp(t.norms[0]->weights[i] * k / w.scales[c], -4.0f, 3.0f);
      CHECK(static_cast<float>(w.codes[i]) == Approx(code).margin(0.501));
    }
  }
}

TEST_CASE("training: hints and changing batches are learned from too") {
  const spots data;
  const nn::graph start = trained_float(data, true);
  nn::trainee t = nn::prepare(start, std::span(&data.x, 1), {.weight_bits = 2, .activation_bits = 3});
  index_t changed = 0;
  nn::train(t, data.x, data.y, {.epochs = 20, .teacher = &start, .teacher_share = 1, .hints = 0.1,
                                .augment = [&](nn::tensor&, splitmix64&) { ++changed; }});
  CHECK(changed == 80);
  CHECK(correct(nn::convert(t), data) >= 112);
  const nn::graph other = net(false);
  CHECK_THROWS_AS(nn::train(t, data.x, data.y, {.teacher = &other, .hints = 0.1}), std::invalid_argument);
}

TEST_CASE("match statistics: channels keep the mean and deviation they have in float") {
  const spots data;
  const nn::graph start = trained_float(data, false);
  nn::trainee t = nn::prepare(start, std::span(&data.x, 1), {.weight_bits = 2, .activation_bits = 3});
  nn::match_statistics(t, std::span(&data.x, 1));
  const auto moments = [&](const nn::graph& g) {
    std::vector<double> found;
    nn::evaluate(g, std::span(&data.x, 1), {}, [&](int v, std::span<float> x, const shape&) {
      if (v != g.nodes[0].output) return;
      for (std::size_t c = 0; c < 4; ++c) {
        double sum = 0, square = 0, n = 0;
        for (std::size_t i = c; i < x.size(); i += 4) n += 1, sum += static_cast<double>(x[i]);
        for (std::size_t i = c; i < x.size(); i += 4)
          square += (static_cast<double>(x[i]) - sum / n) * (static_cast<double>(x[i]) - sum / n);
        found.push_back(sum / n);
        found.push_back(std::sqrt(square / n));
      }
    });
    return found;
  };
  const auto wanted = moments(start), got = moments(nn::convert(t));
  const double input_scale = static_cast<double>(t.grids[static_cast<std::size_t>(t.grid_of[0])].grid.scale);
  for (std::size_t i = 0; i < wanted.size(); i += 2) {  // means: to what rounding the new bias costs
    const double step = input_scale * static_cast<double>(t.weights[0].scales[i / 2]);
    CHECK(got[i] == Approx(wanted[i]).margin(1e-4 + step / 2));
    CHECK(got[i + 1] == Approx(wanted[i + 1]).epsilon(0.02));
  }
}

TEST_CASE("match statistics: normalizations that train take the difference as folded ones do") {
  const spots data;
  const nn::graph start = trained_float(data, true);
  const auto matched = [&](bool train_norms) {
    nn::trainee t = nn::prepare(start, data.x, {.weight_bits = 2, .train_norms = train_norms});
    nn::match_statistics(t, std::span(&data.x, 1));
    return nn::convert(t);
  };
  nn::graph folded = matched(false), trained = matched(true);
  for (const std::size_t n : {std::size_t{0}, std::size_t{2}}) {
    CHECK(nn::weights_of(trained.nodes[n].layer)->codes == nn::weights_of(folded.nodes[n].layer)->codes);
    const nn::bias &got = *nn::bias_of(trained.nodes[n].layer), &wanted = *nn::bias_of(folded.nodes[n].layer);
    REQUIRE(got.codes.size() == wanted.codes.size());
    for (std::size_t c = 0; c < wanted.codes.size(); ++c) CHECK(std::abs(got.codes[c] - wanted.codes[c]) <= 1);
  }
}

TEST_CASE("training: answers that are images are come near to, those of a teacher too") {
  const spots data;
  splitmix64 random(3);
  const auto one = [&] {
    nn::graph g;
    const int v = g.add_input("x", {-1, 1, 6, 6});
    const nn::window window{{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, false};
    g.outputs = {g.add("conv", nn::conv{some_weights({2, 1, 3, 3}, random), {{0.25f, -0.5f}, {}}, window, 1}, {v})};
    return g;
  };
  const nn::graph known = one(), start = one();
  const nn::tensor wanted = nn::evaluate(known, std::span(&data.x, 1))[0];
  const std::vector<float>& aim = nn::weights_of(known.nodes[0].layer)->values.values;
  const nn::train_options ways[] = {{.targets = &wanted},
                                    {.targets = &wanted, .teacher = &known},
                                    {.teacher = &known, .teacher_share = 1, .temperature = 1}};
  for (nn::train_options how : ways) {
    nn::trainee t = nn::prepare_float(start);
    how.epochs = 60;
    nn::train(t, data.x, {}, how);
    const std::vector<float>& got = nn::weights_of(t.net.nodes[0].layer)->values.values;
    for (std::size_t i = 0; i < 9; ++i) {  // what softmax says of a place is the difference of its channels
      CHECK(got[i + 9] - got[i] == Approx(aim[i + 9] - aim[i]).margin(0.02));
      if (how.targets != nullptr) CHECK(got[i] == Approx(aim[i]).margin(0.02));
    }
  }
  const nn::graph few = nn::fine_tune(start, data.x, {}, {.weight_bits = 4, .activation_bits = 4},
                                      {.epochs = 60, .optimizer = {.rate = 0.2}, .targets = &wanted});
  const auto db = [&](const nn::graph& g) { return nn::worst_sqnr_db({&wanted, 1}, nn::evaluate(g, {&data.x, 1})); };
  CHECK(db(start) < 5);
  CHECK(db(few) > 10);
  nn::trainee t = nn::prepare_float(start);
  CHECK_THROWS_WITH(nn::train(t, data.x, data.y), says("labels for answers of 120 x 2 x 6 x 6"));
  CHECK_THROWS_WITH(nn::train(t, data.x, {}, {.targets = &data.x}), says("targets of 120 x 1 x 6 x 6 for answers"));
}

TEST_CASE("training: a seed gives the same weights bit for bit") {
  const spots data;
  const auto weights = [&](std::uint64_t seed) {
    const nn::graph g = nn::fine_tune(net(false), data.x, data.y, {.weight_bits = 4}, {.epochs = 2, .seed = seed});
    return nn::weights_of(g.nodes[0].layer)->values.values;
  };
  CHECK(weights(1) == weights(1));
  CHECK(weights(1) != weights(2));
}

TEST_CASE("training: torch's preset uses seven of eight bits and moving averages that freeze") {
  const spots data;
  nn::trainee t = nn::prepare(net(false), std::span(&data.x, 1), nn::fbgemm_qat());
  nn::train(t, data.x, data.y, {.epochs = 1, .batch = 120, .optimizer = {.rate = 0}, .observe = 1});
  const nn::grid& input = t.grids[static_cast<std::size_t>(t.grid_of[0])].grid;
  CHECK(input.range == code_range{0, 127});
  CHECK(input.zero_point == 0);
  CHECK(input.scale == Approx(*std::max_element(data.x.values.begin(), data.x.values.end()) / 127));
  const nn::weights& w = *nn::weights_of(t.net.nodes[0].layer);
  const auto [low, high] = std::minmax_element(w.values.values.begin(), w.values.values.begin() + 9);
  CHECK(t.weights[0].scales[0] == Approx(std::max(-*low, *high) / 127.5));

  const float scale = input.scale;
  nn::tensor larger = data.x;
  for (float& v : larger.values) v *= 2;
  nn::train(t, larger, data.y, {.epochs = 1, .optimizer = {.rate = 0}, .observe = 0});
  CHECK(t.grids[static_cast<std::size_t>(t.grid_of[0])].grid.scale == scale);

  // MovingAverageMinMaxObserver: a batch moves the range by a hundredth of the way, zero stays inside it.
  nn::train(t, larger, data.y, {.epochs = 1, .batch = 120, .optimizer = {.rate = 0}, .observe = 1});
  CHECK(t.grids[static_cast<std::size_t>(t.grid_of[0])].grid.scale == Approx(1.01f * scale));
  nn::tensor below = data.x;
  for (float& v : below.values) v -= 1;
  t = nn::prepare(net(false), below, nn::fbgemm_qat());
  nn::train(t, below, data.y, {.epochs = 1, .batch = 120, .optimizer = {.rate = 0}, .observe = 1});
  const nn::grid& shifted = t.grids[static_cast<std::size_t>(t.grid_of[0])].grid;
  CHECK(shifted.scale == Approx(scale));
  CHECK(shifted.zero_point == std::lround(1 / shifted.scale));
}

TEST_CASE("training: progress is told and can stop it") {
  const spots data;
  nn::trainee t = nn::prepare_float(net(false));
  index_t calls = 0;
  nn::train(t, data.x, data.y, {.epochs = 3, .batch = 50, .progress = [&](const nn::training_progress& p) {
              ++calls;
              CHECK(p.step == calls);
              CHECK(p.steps == 9);
              CHECK(p.epoch == (calls - 1) / 3);
              return calls < 5;
            }});
  CHECK(calls == 5);
}

TEST_CASE("training: what is best so far is told and an epoch that is cut short does not replace a whole one") {
  const spots data;
  for (index_t last : {2, 5}) {
    nn::trainee t = nn::prepare(net(false), data.x, {.weight_bits = 4});
    std::vector<nn::graph> told;
    nn::train(t, data.x, data.y, {.epochs = 3, .batch = 40,
                                  .progress = [&](const nn::training_progress& p) { return p.step < last; },
                                  .improved = [&](const nn::trainee& now) { told.push_back(nn::convert(now)); }});
    CHECK(told.size() == 2);  // as it begins; the first epoch, or what there is of it
    const auto weights = [](const nn::graph& g) { return nn::weights_of(g.nodes[0].layer)->values.values; };
    CHECK(weights(told[0]) != weights(told[1]));
    CHECK(weights(told[1]) == weights(nn::convert(t)));
  }
}

TEST_CASE("training: bad labels sizes layers and losses are refused by name") {
  const spots data;
  nn::trainee t = nn::prepare_float(net(false));
  std::vector<index_t> labels = data.y;
  labels[7] = 2;
  CHECK_THROWS_WITH(nn::train(t, data.x, labels), says("entry 7 has label 2 of 2 classes"));
  labels.pop_back();
  CHECK_THROWS_WITH(nn::train(t, data.x, labels), says("119 labels for 120 inputs"));

  nn::graph product = net(false);
  const int turned = product.add("turned", nn::transpose{{1, 0}}, {product.outputs[0]});
  product.outputs = {product.add("product", nn::matmul{}, {product.outputs[0], turned})};
  CHECK_THROWS_WITH(nn::prepare_float(product), says("node 'product' (matmul) has no backward pass"));
  CHECK_THROWS_WITH(nn::prepare(product, data.x), says("node 'product' (matmul) has no backward pass"));

  nn::graph wild = net(false);
  nn::weights_of(wild.nodes[2].layer)->values.values[0] = std::numeric_limits<float>::infinity();
  nn::trainee lost = nn::prepare_float(wild);
  CHECK_THROWS_WITH(nn::train(lost, data.x, data.y), says("beginning at node 'depthwise'"));
}

TEST_CASE("training: inputs that do not fit are refused before the first step") {
  const spots data;
  nn::trainee t = nn::prepare_float(net(false));
  const auto weights = [&] { return nn::weights_of(t.net.nodes[0].layer)->values.values; };
  const auto before = weights();
  std::vector<index_t> labels = data.y;
  labels[3] = -1;
  CHECK_THROWS_WITH(nn::train(t, data.x, labels), says("entry 3 has label -1"));
  const nn::graph teacher = net(false);
  CHECK_THROWS_WITH(nn::train(t, data.x, std::span(data.y).first(7), {.teacher = &teacher, .teacher_share = 1}),
                    says("7 labels for 120 inputs"));
  CHECK_THROWS_AS(nn::train(t, nn::tensor(shape{120, 1, 6, 5}), data.y), std::invalid_argument);
  CHECK_THROWS_AS(nn::train(t, nn::tensor(shape{120, 36}), data.y), std::invalid_argument);
  CHECK_THROWS_AS(nn::train(t, std::vector<nn::tensor>{data.x, data.x}, data.y), std::invalid_argument);
  CHECK_THROWS_WITH(nn::train(t, data.x, data.y, {.batch = 0}), says("in batches of 0"));
  CHECK_THROWS_WITH(nn::train(t, data.x, data.y, {.epochs = -1}), says("-1 epochs"));
  CHECK(weights() == before);
}

TEST_CASE("training: where the loss is lost the best weights so far are kept") {
  const spots data;
  nn::trainee t = nn::prepare_float(net(false));
  std::vector<nn::graph> told;
  index_t steps = 0;
  const auto spoil = [&](nn::tensor& x, splitmix64&) {
    if (++steps == 9) x.values[0] = std::numeric_limits<float>::infinity();
  };
  CHECK_THROWS_WITH(nn::train(t, data.x, data.y,
                              {.epochs = 5, .augment = spoil, .improved = [&](const nn::trainee& now) {
                                 told.push_back(nn::convert(now));
                               }}),
                    says("at step 8, beginning at node 'conv'"));
  REQUIRE(told.size() >= 2);
  const nn::graph kept = nn::convert(t);
  for (const std::size_t n : {std::size_t{0}, kept.nodes.size() - 2}) {
    CHECK(nn::weights_of(kept.nodes[n].layer)->values == nn::weights_of(told.back().nodes[n].layer)->values);
  }
}

TEST_CASE("training: a last step that spoils the weights is told and taken back") {
  spots data;
  for (float& v : data.x.values) v *= 1000;
  const nn::train_options one_step{
      .epochs = 1, .batch = 120, .optimizer = {.kind = nn::optimizer_kind::sgd, .rate = 1e38}};
  for (bool quantized : {false, true}) {
    nn::trainee t = quantized ? nn::prepare(net(false), data.x) : nn::prepare_float(net(false));
    const nn::graph before = nn::convert(t);
    const char* message = quantized ? "does not fit 32 bits" : "after step 0 what node 'conv' learns is not finite";
    CHECK_THROWS_WITH(nn::train(t, data.x, data.y, one_step), says(message));
    const nn::graph after = nn::convert(t);
    for (std::size_t n : {0u, 2u, 6u}) {
      CHECK(nn::weights_of(after.nodes[n].layer)->values == nn::weights_of(before.nodes[n].layer)->values);
    }
  }
}

TEST_CASE("training: with batches that change at random a seed gives the same network too") {
  const spots data;
  const nn::graph teacher = net(true);
  for (const auto method : {nn::grid_learning::straight_through, nn::grid_learning::lsq_plus}) {
    const auto answers = [&](std::uint64_t seed) {
      const auto noise = [](nn::tensor& x, splitmix64& random) {
        for (float& v : x.values) v += static_cast<float>(0.01 * random.uniform());
      };
      nn::trainee t = nn::prepare(teacher, data.x, {.weight_bits = 4, .activation_bits = 4, .method = method});
      nn::train(t, data.x, data.y, {.epochs = 2, .seed = seed, .teacher = &teacher, .augment = noise});
      return nn::evaluate(nn::convert(t), std::span(&data.x, 1))[0].values;
    };
    CHECK(answers(4) == answers(4));
    CHECK(answers(4) != answers(5));
  }
}
