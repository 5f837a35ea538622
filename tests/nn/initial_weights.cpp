// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/nn/initial_weights.hpp>

#include <algorithm>

using namespace equant;

TEST_CASE("initial weights: uniform within the square root of six over the inputs") {
  splitmix64 random(7);
  const nn::conv c = nn::initial_conv(8, 200, 3, random);
  CHECK(c.weights.values.sizes == shape{200, 8, 3, 3});
  CHECK(c.bias.values == std::vector<float>(200, 0));
  CHECK(c.window.pads == std::array<index_t, 4>{1, 1, 1, 1});
  const double reach = std::sqrt(6.0 / 72);
  double sum = 0, square = 0, largest = 0;
  for (float v : c.weights.values.values) {
    const auto x = static_cast<double>(v);
    sum += x, square += x * x, largest = std::max(largest, std::abs(x));
  }
  CHECK(largest <= reach);
  CHECK(largest > 0.99 * reach);
  CHECK(std::abs(sum / 14400) < 0.01 * reach);
  CHECK(square / 14400 == Approx(2.0 / 72).epsilon(0.03));

  const nn::dense d = nn::initial_dense(6, 4, random);
  CHECK(d.weights.values.sizes == shape{4, 6});
  CHECK(d.bias.values.size() == 4);
}
