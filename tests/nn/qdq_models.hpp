// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "nn/onnx_models.hpp"

/// Models of QDQ pairs, and what is looked for in what was read of them.
namespace onnx_models {

using reals = std::vector<float>;

inline void refused(const model& m, const std::string& what) {
  CHECK_THROWS_WITH(m.read(), says("file: node ") && says(what));
}

template <class T>
io::onnx::tensor codes(std::string name, data_type type, std::vector<std::int64_t> dims, const std::vector<T>& values) {
  return tensor(std::move(name), type, std::move(dims), values);
}

/// A model whose nodes may use the grid s, z: 0.5 (code - 3), uint8; and another, t.
inline model gridded() {
  return model({-1, 4})
      .with(floats("s", {}, {0.5f}))
      .with(floats("t", {}, {0.25f}))
      .with(codes<std::uint8_t>("z", data_type::uint8, {}, {3}));
}
inline const nn::grid half{0.5f, 3, {0, 255}}, quarter{0.25f, 3, {0, 255}};

inline index_t copies(const nn::graph& g) {
  index_t n = 0;
  for (const nn::node& node : g.nodes) n += std::holds_alternative<nn::copy>(node.layer) ? 1 : 0;
  return n;
}
inline const nn::dense& dense_of(const nn::graph& g) { return std::get<nn::dense>(g.nodes.at(0).layer); }

}  // namespace onnx_models
