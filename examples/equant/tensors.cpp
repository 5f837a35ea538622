// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "tensors.hpp"

#include <equant/io/npy.hpp>

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace program {

using namespace equant;

nn::tensor load_tensor(const std::string& path, float divisor) {
  if (!(divisor > 0)) contract::invalid_argument("inputs are divided by ", divisor, ", which is not positive");
  const io::npy_array array = io::load_npy(path);
  nn::tensor x(array.sizes);
  const view<float> to{x.values.data(), x.sizes, row_major_strides(x.sizes)};
  array.visit_stored([&](const auto& from) { io::npy::copy(from, to); });
  for (float& v : x.values) v /= divisor;
  return x;
}

void save_tensor(const std::string& path, const nn::tensor& x) { io::save_npy(path, x.as_view()); }

std::vector<long> load_labels(const std::string& path) {
  const nn::tensor x = load_tensor(path);
  std::vector<long> labels;
  for (float v : x.values) {
    if (v != std::floor(v)) contract::bad_data(path, ": the label ", v, " is no class number");
    labels.push_back(static_cast<long>(v));
  }
  return labels;
}

std::vector<long> top1(const nn::tensor& logits) {
  std::vector<long> best;
  const index_t rows = logits.sizes.rank == 0 ? 0 : logits.sizes[0], each = rows == 0 ? 0 : logits.count() / rows;
  for (index_t r = 0; r < rows; ++r) {
    const auto from = logits.values.begin() + r * each;
    best.push_back(static_cast<long>(std::max_element(from, from + each) - from));
  }
  return best;
}

double agreement(const std::vector<long>& a, const std::vector<long>& b) {
  if (a.size() != b.size()) contract::invalid_argument(a.size(), " results and ", b.size(), " to hold them against");
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) same += a[i] == b[i] ? 1u : 0u;
  return a.empty() ? 0 : static_cast<double>(same) / static_cast<double>(a.size());
}

void show_progress(const char* what, long done, long all) {
  if (isatty(2) == 0 || all < 1) return;
  const long width = 40, filled = width * done / all;
  std::fprintf(stderr, "\r%s [%s%s] %ld of %ld%s", what, std::string(static_cast<std::size_t>(filled), '#').c_str(),
               std::string(static_cast<std::size_t>(width - filled), ' ').c_str(), done, all, done >= all ? "\n" : "");
}

std::string in_bytes(std::size_t n) {
  char text[32];
  const double x = static_cast<double>(n);
  if (n < 1000) return std::to_string(n) + " bytes";
  std::snprintf(text, sizeof text, n < 1000000 ? "%.1f KB" : "%.1f MB", n < 1000000 ? x / 1e3 : x / 1e6);
  return text;
}

}  // namespace program
