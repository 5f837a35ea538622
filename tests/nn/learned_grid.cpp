// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "golden.hpp"

#include <equant/nn/learned_grid.hpp>

using namespace equant;

TEST_CASE("learned grid: the gradients of torch's learnable fake quantization") {
  const auto load = [](const char* name) {
    const auto m = golden::npy<float>(std::string("torch_learnable_") + name + ".npy");
    return std::vector<float>(m.data(), m.data() + m.size());
  };
  const std::vector<float> x = load("x"), gy = load("gy"), gx = load("gx"), gs = load("gs"), gz = load("gz");
  const nn::grid on{0.25f, 10, {0, 15}};
  std::vector<float> gradient = gy;
  const nn::grid_gradient found = nn::learn_grid(x, on, nn::grid_learning::lsq_plus, gradient);
  CHECK(gradient == gx);
  CHECK(found.scale == Approx(gs[0]));
  CHECK(found.zero_point == Approx(gz[0]));

  gradient = gy;
  const nn::grid_gradient lsq = nn::learn_grid(x, on, nn::grid_learning::lsq, gradient);
  CHECK(gradient == gx);
  CHECK(lsq.scale == Approx(gs[0]));
  CHECK(lsq.zero_point == 0);
}

TEST_CASE("learned grid: rounding slopes the scale by the code's distance") {
  const std::vector<float> x{0.3f, -0.6f, 9, -9};
  const nn::grid on{1, 0, {-4, 3}};
  std::vector<float> gradient{1, 10, 100, 1000};
  const nn::grid_gradient found = nn::learn_grid(x, on, nn::grid_learning::lsq, gradient);
  CHECK(found.scale == Approx(1 * (0 - 0.3) + 10 * (-1 + 0.6) + 100 * 3 - 1000 * 4));
  CHECK(gradient == std::vector<float>{1, 10, 0, 0});
}

TEST_CASE("learned grid: pact learns from what is clipped alone") {
  // y = clamp(x, 0, alpha) on 3 codes, alpha = 3 scale: d y / d alpha is 1 where x is above, so d y / d scale = 3.
  const std::vector<float> x{0.3f, 1.6f, 9, -9};
  std::vector<float> gradient{1, 10, 100, 1000};
  const nn::grid_gradient found = nn::learn_grid(x, {1, 0, {0, 3}}, nn::grid_learning::pact, gradient);
  CHECK(found.scale == 300);
  CHECK(gradient == std::vector<float>{1, 10, 0, 0});
}

TEST_CASE("learned grid: straight through learns nothing and masks what is clipped") {
  std::vector<float> x(3000, 0.5f), gradient(3000, 1);
  x[2000] = 99;
  const nn::grid_gradient found = nn::learn_grid(x, {0.1f, 0, {0, 255}}, nn::grid_learning::straight_through, gradient);
  CHECK(found.scale == 0);
  CHECK(found.zero_point == 0);
  CHECK(gradient[2000] == 0);
  gradient[2000] = 1;
  CHECK(gradient == std::vector<float>(3000, 1));
}
