// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "networks.hpp"

#include <catch.hpp>
#include <core/says.hpp>

#include <equant/nn/evaluate.hpp>
#include <equant/nn/side_by_side.hpp>

using namespace equant;
using namespace networks;

TEST_CASE("Two networks side by side make what each makes alone") {
  const nn::graph a = classifier();
  nn::graph b = a;
  for (float& x : std::get<nn::conv>(b.nodes[0].layer).weights.values.values) x *= 1.5f;
  const nn::tensor x = noise({3, 2, 8, 8}, 7), inputs[] = {x, x};
  const auto both = nn::evaluate(nn::side_by_side(a, b), inputs);
  const std::span<const nn::tensor> one(&x, 1);
  REQUIRE(both.size() == 2);
  CHECK(both[0].values == nn::evaluate(a, one)[0].values);
  CHECK(both[1].values == nn::evaluate(b, one)[0].values);
  CHECK(both[0].values != both[1].values);
  nn::graph shorter = a;
  shorter.nodes.pop_back();
  CHECK_THROWS_WITH(nn::side_by_side(a, shorter), says("side by side"));
}
