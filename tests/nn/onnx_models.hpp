// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "core/says.hpp"

#include <equant/nn/evaluate.hpp>
#include <equant/nn/import.hpp>

/// ONNX models made by hand, node by node.
namespace onnx_models {

using namespace equant;
using io::onnx::data_type;

inline io::onnx::attribute integers(std::string name, std::vector<std::int64_t> ints) {
  io::onnx::attribute a;
  a.name = std::move(name);
  a.type = 7;
  a.ints = std::move(ints);
  return a;
}
inline io::onnx::attribute integer(std::string name, std::int64_t i) {
  io::onnx::attribute a;
  a.name = std::move(name);
  a.type = 2;
  a.i = i;
  return a;
}
inline io::onnx::attribute real(std::string name, float f) {
  io::onnx::attribute a;
  a.name = std::move(name);
  a.type = 1;
  a.f = f;
  return a;
}
inline io::onnx::attribute text(std::string name, std::string s) {
  io::onnx::attribute a;
  a.name = std::move(name);
  a.type = 3;
  a.s = std::move(s);
  return a;
}

template <class T>
io::onnx::tensor tensor(std::string name, data_type type, std::vector<std::int64_t> dims,
                        const std::vector<T>& values) {
  return {std::move(name),
          type,
          std::move(dims),
          {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)}};
}
inline io::onnx::tensor floats(std::string name, std::vector<std::int64_t> dims, const std::vector<float>& values) {
  return tensor(std::move(name), data_type::float32, std::move(dims), values);
}
inline io::onnx::tensor longs(std::string name, std::vector<std::int64_t> dims,
                              const std::vector<std::int64_t>& values) {
  return tensor(std::move(name), data_type::int64, std::move(dims), values);
}

/// A model from x of `sizes` to y.
struct model {
  io::onnx::model m;

  explicit model(std::vector<std::int64_t> sizes, std::int64_t opset = 13) {
    m.ir_version = 8;
    m.opsets = {{"", opset}};
    m.graph.inputs = {{"x", data_type::float32, true, std::move(sizes)}};
    m.graph.outputs = {{"y", data_type::float32, false, {}}};
  }
  model& with(io::onnx::tensor t) {
    m.graph.initializers.push_back(std::move(t));
    return *this;
  }
  /// A node called as its result.
  model& node(std::string op, std::vector<std::string> inputs, std::string output,
              std::vector<io::onnx::attribute> attributes = {}) {
    m.graph.nodes.push_back({output, std::move(op), {}, std::move(inputs), {output}, std::move(attributes)});
    return *this;
  }
  nn::graph read() const { return nn::from_onnx(m, "file"); }
  /// What the network makes of 1, 2, 3 ... in an input of such sizes.
  nn::tensor of(const shape& sizes) const {
    nn::tensor x(sizes);
    for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] = static_cast<float>(i + 1);
    return nn::evaluate(read(), std::vector<nn::tensor>{x}).at(0);
  }
};

}  // namespace onnx_models
