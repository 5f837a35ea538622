// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <cmath>
#include <vector>

/// What tests of vector codes share.
namespace vector_codes {

/// Values to codes and back.
template <class Code>
std::vector<float> back(const Code& code, const std::vector<float>& x) {
  const auto n = static_cast<equant::index_t>(x.size());
  std::vector<std::uint8_t> stream(code.bytes(n));
  std::vector<float> y(x.size());
  code.encode(x.data(), n, stream.data());
  code.decode(stream.data(), n, y.data());
  return y;
}

inline double mse(const std::vector<float>& x, const std::vector<float>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += std::pow(static_cast<double>(x[i]) - static_cast<double>(y[i]), 2);
  return sum / static_cast<double>(x.size());
}

}  // namespace vector_codes
