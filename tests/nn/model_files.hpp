// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "catch.hpp"

#include <equant/nn/npy.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>

/// Real models and data, where they are: the folder EQUANT_DATA.
namespace model_files {

using namespace equant;

/// The folder, or empty.
inline std::string folder() {
  const char* data = std::getenv("EQUANT_DATA");
  return data == nullptr ? std::string() : std::string(data) + "/";
}

/// The first `n` entries of an array of floats in a file.
inline nn::tensor load(const std::string& path, index_t n) {
  return nn::load_npy(path).rows(0, n);
}

/// The largest difference, over the largest magnitude.
inline double difference(const nn::tensor& a, const nn::tensor& b) {
  REQUIRE(a.sizes == b.sizes);
  double most = 0, largest = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a.values[i]) - static_cast<double>(b.values[i])));
    largest = std::max(largest, std::abs(static_cast<double>(b.values[i])));
  }
  return most / largest;
}

}  // namespace model_files
