// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "core/says.hpp"
#include "io/folder.hpp"
#include "io/protobuf.hpp"

#include <equant/io/onnx.hpp>

/// ONNX files as bytes, made without the library.
namespace onnx_files {

using namespace equant;

/// A tensor of a type and sizes, then whatever holds its numbers.
inline std::string tensor(const std::string& name, int type, const std::vector<std::int64_t>& dims,
                          const std::string& rest) {
  std::string t;
  for (std::int64_t d : dims) t += protobuf::number(1, d);
  return t + protobuf::number(2, type) + protobuf::bytes(8, name) + rest;
}
inline std::string model(const std::string& graph) {
  return protobuf::number(1, 8) + protobuf::bytes(8, protobuf::bytes(1, "") + protobuf::number(2, 13)) +
         protobuf::bytes(7, graph);
}
inline std::string model_with(const std::string& tensor) { return model(protobuf::bytes(5, tensor)); }

/// The one tensor of a model, as it is read.
inline io::onnx::tensor only(const std::string& tensor, const std::string& folder = {}) {
  return io::onnx::read(model_with(tensor), "file", folder).graph.initializers.at(0);
}

}  // namespace onnx_files
