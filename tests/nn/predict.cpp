// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "nn/networks.hpp"

#include <equant/nn/npy.hpp>
#include <equant/nn/predict.hpp>

#include <cstdio>

using namespace equant;

TEST_CASE("Predictions are the same however many inputs go in at once") {
  const nn::graph net = networks::classifier();
  const nn::tensor x = networks::noise({7, 2, 8, 8}, 3);
  const nn::tensor all = nn::evaluate(net, std::span<const nn::tensor>(&x, 1))[0];
  for (index_t batch : {1, 3, 7, 32}) {
    const nn::tensor y = nn::predict(net, x, {}, batch);
    REQUIRE(y.sizes == all.sizes);
    for (std::size_t i = 0; i < y.values.size(); ++i) CHECK(y.values[i] == Approx(all.values[i]).margin(1e-6));
  }
  CHECK_THROWS_AS(nn::predict(net, x, {}, 0), std::invalid_argument);
  CHECK_THROWS_AS(nn::predict(net, nn::tensor({0, 2, 8, 8})), std::invalid_argument);
}

TEST_CASE("The first of the largest values is a row's class") {
  const nn::tensor y({3, 3}, {0, 2, 1, 5, 5, 5, -3, -2, -1});
  const std::vector<index_t> classes = nn::top1(y);
  CHECK(classes == std::vector<index_t>{1, 0, 2});
  CHECK(nn::agreement(classes, std::vector<index_t>{1, 1, 2}) == Approx(2 / 3.0));
  CHECK(nn::agreement({}, {}) == 0);
  CHECK_THROWS_AS(nn::agreement(classes, std::vector<index_t>{1}), std::invalid_argument);
}

TEST_CASE("Inputs and labels come from files of any number type") {
  const std::string path = "predict_test.npy";
  const std::uint8_t pixels[] = {0, 51, 255};
  io::save_npy(path, view<const std::uint8_t>{pixels, {3}, {1}});
  CHECK(nn::load_npy(path, 255) == nn::tensor({3}, {0, 0.2f, 1}));
  CHECK(nn::load_labels(path) == std::vector<index_t>{0, 51, 255});
  CHECK_THROWS_AS(nn::load_npy(path, 0), std::invalid_argument);
  nn::save_npy(path, nn::tensor({1, 2}, {0.5f, -1}));
  CHECK(nn::load_npy(path) == nn::tensor({1, 2}, {0.5f, -1}));
  CHECK_THROWS_WITH(nn::load_labels(path), Catch::Contains("0.5"));
  nn::save_npy(path, nn::tensor({1}, {-1}));
  CHECK_THROWS_AS(nn::load_labels(path), std::runtime_error);
  std::remove(path.c_str());
}
