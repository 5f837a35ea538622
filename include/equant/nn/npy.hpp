// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/contiguous.hpp>
#include <equant/io/npy.hpp>
#include <equant/nn/tensor.hpp>

#include <cmath>
#include <string>

/// What networks are fed and judged by, from .npy files.
namespace equant::inline EQUANT_ABI::nn {

/// A file of numbers of any type, as float, each divided by `divisor` (255 for pixels of bytes). Throws
/// std::runtime_error for what is no such file, std::invalid_argument where the divisor is not positive.
inline tensor load_npy(const std::string& path, float divisor = 1) {
  if (!(divisor > 0)) contract::invalid_argument("inputs are divided by ", divisor, ", which is not positive");
  const io::npy_array array = io::load_npy(path);
  tensor x(array.sizes, array.to<std::vector<float>>());
  for (float& v : x.values) v /= divisor;
  return x;
}

/// x as float32, in row-major order.
inline void save_npy(const std::string& path, const tensor& x) { io::save_npy(path, x.as_view()); }

/// Class numbers. Throws std::runtime_error where the file holds something else.
inline std::vector<index_t> load_labels(const std::string& path) {
  std::vector<index_t> labels;
  for (double v : io::load_npy(path).to<std::vector<double>>()) {
    if (!(v >= 0 && v < 0x1p31) || v != std::floor(v)) {
      contract::bad_data(path, ": the label ", v, " at ", labels.size(), " is no class number");
    }
    labels.push_back(static_cast<index_t>(v));
  }
  return labels;
}

}  // namespace equant::inline EQUANT_ABI::nn
