// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/nn/optimizer.hpp>

using namespace equant;

TEST_CASE("sgd: velocity gathers the gradients") {
  std::vector<float> x{1};
  nn::parameter p{x};
  const nn::optimizer_options o{.kind = nn::optimizer_kind::sgd, .momentum = 0.5};
  p.gradient[0] = 2;
  nn::update(p, o, 0.25, 0);
  CHECK(x[0] == 0.5f);  // v = 2
  nn::update(p, o, 0.25, 1);
  CHECK(x[0] == -0.25f);  // v = 3
}

TEST_CASE("adam: the steps of its paper") {
  // g = 1, then -3, by hand: m = .1, .1 * .9 - .3 = -.21; v = .001, .001 * .999 + .009 = .009999;
  // corrected: 1 / 1, then (-.21 / .19) / sqrt(.009999 / .001999).
  std::vector<float> x{0};
  nn::parameter p{x};
  p.gradient[0] = 1;
  nn::update(p, {}, 0.1, 0);
  CHECK(x[0] == Approx(-0.1));
  p.gradient[0] = -3;
  nn::update(p, {}, 0.1, 1);
  CHECK(x[0] == Approx(-0.1 + 0.1 * (0.21 / 0.19) / std::sqrt(0.009999 / 0.001999)));
}

TEST_CASE("units: what is learned does not depend on what one is") {
  std::vector<float> small{1, 1}, large{1000, 10};
  nn::parameter p{small}, q{large, {1000, 10}};
  for (const nn::optimizer_kind kind : {nn::optimizer_kind::sgd, nn::optimizer_kind::adam}) {
    for (index_t step = 0; step < 5; ++step) {
      p.gradient = {0.5f, -1};
      q.gradient = {0.5f / 1000, -1.0f / 10};
      nn::update(p, {.kind = kind}, 0.1, step);
      nn::update(q, {.kind = kind}, 0.1, step);
    }
    CHECK(large[0] == Approx(1000 * small[0]));
    CHECK(large[1] == Approx(10 * small[1]));
  }
}

TEST_CASE("weight decay: takes its share where asked for") {
  std::vector<float> x{1, 1};
  nn::parameter kept{std::span(x).subspan(0, 1)}, decays{std::span(x).subspan(1, 1), {1.0f}, true};
  const nn::optimizer_options o{.weight_decay = 0.5};
  nn::update(kept, o, 0.5, 0);
  nn::update(decays, o, 0.5, 0);
  CHECK(x == std::vector<float>{1, 0.75f});
}

TEST_CASE("schedules: constant cosine and step") {
  const nn::schedule constant{nn::schedule_kind::constant}, cosine{nn::schedule_kind::cosine},
      step{nn::schedule_kind::step, 0.1};
  CHECK(constant.at(0, 90) == 1);
  CHECK(constant.at(89, 90) == 1);
  CHECK(cosine.at(0, 90) == 1);
  CHECK(cosine.at(30, 90) == Approx(0.75));
  CHECK(cosine.at(45, 90) == Approx(0.5));
  CHECK(cosine.at(90, 90) == Approx(0).margin(1e-12));
  CHECK(step.at(29, 90) == 1);
  CHECK(step.at(30, 90) == Approx(0.1));
  CHECK(step.at(60, 90) == Approx(0.01));
  CHECK(step.at(90, 90) == Approx(0.01));
}
