// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "golden.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

/// The nearest number of a minifloat as the golden tables list them, by looking at all of them.
namespace nearest {

/// The finite values of the positive codes, which rise with the code.
inline std::vector<double> levels(const std::string& file) {
  const golden::matrix<float> table = golden::npy<float>(file);
  std::vector<double> v;
  for (Eigen::Index c = 0; c < table.size() / 2 && std::isfinite(table(c)); ++c) v.push_back(double(table(c)));
  return v;
}

/// The code of magnitude |x|: the nearest level's, of two the even one.
inline std::uint32_t code(const std::vector<double>& levels, double x) {
  x = std::min(x, 2 * levels.back());  // further away, the distances to two levels may round to the same
  std::uint32_t best = 0;
  for (std::uint32_t c = 1; c < levels.size(); ++c) {
    const double here = std::abs(x - levels[c]), before = std::abs(x - levels[best]);
    if (here < before || (here == before && c % 2 == 0)) best = c;
  }
  return best;
}

/// Where the code steps from c to c + 1: the first float that rounds to c + 1, as the bits of a positive float.
inline std::vector<std::uint32_t> steps(const std::vector<double>& levels) {
  std::vector<std::uint32_t> first;
  for (std::size_t c = 0; c + 1 < levels.size(); ++c) {
    const double middle = (levels[c] + levels[c + 1]) / 2;
    float x = static_cast<float>(middle);
    const bool tie = double(x) == middle;
    if (double(x) < middle || (tie && c % 2 == 0)) x = std::nextafter(x, std::numeric_limits<float>::infinity());
    std::uint32_t word = 0;
    std::memcpy(&word, &x, sizeof word);
    first.push_back(word);
  }
  return first;
}

}  // namespace nearest
