// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "catch.hpp"
#include "io/folder.hpp"

#include <equant/io/onnx.hpp>
#include <equant/nn/tensor.hpp>

#include <cstdlib>
#include <cstring>
#include <span>

/// ONNX Runtime, where the folder EQUANT_ORT holds its npm package: files that the library writes are run there.
namespace onnxruntime {

using namespace equant;

inline bool here() { return std::getenv("EQUANT_ORT") != nullptr; }

struct result {
  std::vector<nn::tensor> outputs;
  io::onnx::model optimized;  ///< what it made of the model

  index_t count(const std::string& op) const {
    index_t n = 0;
    for (const io::onnx::node& node : optimized.graph.nodes) n += node.op_type == op ? 1 : 0;
    return n;
  }
};

inline void append(std::string& bytes, index_t n) {
  const auto word = static_cast<std::int32_t>(n);
  bytes.append(reinterpret_cast<const char*>(&word), 4);
}

/// Runs a file on inputs; the test fails where it does not run.
inline result run(const std::string& model, std::span<const nn::tensor> inputs) {
  const folder here;
  std::string bytes;
  for (const nn::tensor& x : inputs) {
    append(bytes, x.sizes.rank);
    for (int a = 0; a < x.sizes.rank; ++a) append(bytes, x.sizes[a]);
    bytes.append(reinterpret_cast<const char*>(x.values.data()), x.values.size() * 4);
  }
  io::write_file(here / "inputs", bytes);
  std::string command = "node '" EQUANT_TEST_FILES "/nn/onnxruntime.js'";
  for (const std::string& path : {model, here / "optimized.onnx", here / "inputs", here / "outputs"})
    command += " '" + path + "'";
  command += " 2> '" + (here / "log") + "'";
  const int status = std::system(command.c_str());
  INFO(io::read_file(here / "log"));
  REQUIRE(status == 0);

  result r;
  r.optimized = io::onnx::load(here / "optimized.onnx");
  const std::string out = io::read_file(here / "outputs");
  for (std::size_t at = 0; at < out.size();) {
    const auto word = [&] {
      std::int32_t n = 0;
      std::memcpy(&n, out.data() + at, 4);
      at += 4;
      return n;
    };
    shape s = shape::filled(word(), 0);
    for (int a = 0; a < s.rank; ++a) s[a] = word();
    nn::tensor y(s);
    std::memcpy(y.values.data(), out.data() + at, y.values.size() * 4);
    at += y.values.size() * 4;
    r.outputs.push_back(std::move(y));
  }
  return r;
}

}  // namespace onnxruntime
