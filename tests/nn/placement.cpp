// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "networks.hpp"

#include <catch.hpp>
#include <core/says.hpp>

#include <equant/nn/placement.hpp>

using namespace equant;
using namespace networks;

namespace {

std::vector<std::vector<std::string>> names(const nn::graph& g, const std::vector<nn::grid_group>& groups, bool observed) {
  std::vector<std::vector<std::string>> all;
  for (const nn::grid_group& group : groups) {
    all.emplace_back();
    for (int v : observed ? group.observed : group.values) all.back().push_back(g.at(v).name);
  }
  return all;
}

using strings = std::vector<std::vector<std::string>>;

}  // namespace

TEST_CASE("Grids stand at inputs and after the clip that follows a layer, and logits have none") {
  const nn::graph g = classifier();
  const auto groups = nn::place_grids(g);
  CHECK(names(g, groups, false) == strings{{"x"}, {"relu1", "pool"}, {"relu2", "flatten"}});
  CHECK(names(g, groups, true) == strings{{"x"}, {"relu1"}, {"relu2"}});
}

TEST_CASE("An addition has grids on both sides and after it, and a mean one of its own") {
  const nn::graph g = residual();
  CHECK(names(g, nn::place_grids(g), false) == strings{{"x"}, {"relu1"}, {"conv2"}, {"relu2"}, {"mean", "flatten"}});
}

TEST_CASE("What is concatenated shares one grid") {
  nn::graph g;
  const int x = g.add_input("x", {-1, 2, 4, 4});
  const int a = g.add("a", conv(3, 2, 1, 1), {x}), b = g.add("b", conv(3, 2, 1, 2), {x});
  const int both = g.add("both", nn::concat{1}, {a, b});
  g.outputs = {g.add("c", conv(2, 6, 1, 3), {both})};
  CHECK(names(g, nn::place_grids(g), false) == strings{{"x"}, {"a", "b", "both"}, {"c"}});
  CHECK(names(g, nn::place_grids(g), true) == strings{{"x"}, {"a", "b"}, {"c"}});
}

TEST_CASE("A node that is kept in float asks for no grid") {
  const nn::graph g = classifier();
  const std::vector<std::string> keep{"dense"};
  CHECK(names(g, nn::place_grids(g, keep), false) == strings{{"x"}, {"relu1", "pool"}, {"relu2"}});
  const std::vector<std::string> unknown{"dence"};
  CHECK_THROWS_WITH(nn::place_grids(g, unknown), says("no node of network 'classifier' is called 'dence'"));
}

TEST_CASE("Float layers take grids from nobody") {
  nn::graph g;
  const int x = g.add_input("x", {-1, 8});
  const int a = g.add("a", dense(4, 8, 1), {x});
  g.outputs = {g.add("softmax", nn::softmax{}, {a})};
  CHECK(names(g, nn::place_grids(g), false) == strings{{"x"}});
}
