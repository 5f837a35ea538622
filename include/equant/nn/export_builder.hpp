// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/io/onnx_model.hpp>
#include <equant/nn/layers.hpp>

#include <set>

/// What the writing of a network is built on: attributes, stored tensors, nodes, and names that are given once.
namespace equant::inline EQUANT_ABI::nn::exporting {

using io::onnx::attribute;
using io::onnx::data_type;

inline attribute integer(std::string name, std::int64_t i) {
  attribute a;
  a.name = std::move(name);
  a.type = 2;
  a.i = i;
  return a;
}
inline attribute real(std::string name, float f) {
  attribute a;
  a.name = std::move(name);
  a.type = 1;
  a.f = f;
  return a;
}
template <class Range>
attribute integers(std::string name, const Range& values) {
  attribute a;
  a.name = std::move(name);
  a.type = 7;
  for (auto v : values) a.ints.push_back(static_cast<std::int64_t>(v));
  return a;
}

class builder {
 public:
  explicit builder(io::onnx::graph& out) : out_(out) {}

 protected:
  static std::string unique(std::set<std::string>& used, const std::string& wanted) {
    std::string candidate = wanted;
    for (int i = 2; !used.insert(candidate).second; ++i) candidate = wanted + "_" + std::to_string(i);
    return candidate;
  }
  /// A name that nothing has yet.
  std::string fresh(const std::string& wanted) { return unique(used_, wanted); }

  template <class T>
  std::string store(const std::string& wanted, data_type type, std::vector<std::int64_t> dims,
                    const std::vector<T>& values) {
    const std::string called = fresh(wanted);
    io::onnx::tensor t{called, type, std::move(dims), {}};
    if (io::onnx::bits_of(type) == 4) {
      t.data.assign((values.size() + 1) / 2, '\0');
      for (std::size_t i = 0; i < values.size(); ++i) {
        const int nibble = static_cast<int>(values[i]) & 15;
        t.data[i / 2] =
            static_cast<char>(static_cast<unsigned char>(t.data[i / 2]) | (i % 2 == 0 ? nibble : nibble << 4));
      }
    } else {
      t.data.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    }
    out_.initializers.push_back(std::move(t));
    return called;
  }
  static std::vector<std::int64_t> dims(const shape& s) { return {s.values.begin(), s.values.begin() + s.rank}; }

  void emit(std::string op, std::string called, std::vector<std::string> in, std::string out,
            std::vector<attribute> with = {}) {
    out_.nodes.push_back({std::move(called), std::move(op), {}, std::move(in), {std::move(out)}, std::move(with)});
  }

  std::string clipped(const std::string& called, const std::string& x, const clip& c) {
    const std::string low = store(called + "/min", data_type::float32, {}, std::vector<float>{c.low});
    const std::string high = store(called + "/max", data_type::float32, {}, std::vector<float>{c.high});
    const std::string result = fresh(called + "/clipped");
    emit("Clip", called, {x, low, high}, result);
    return result;
  }

  io::onnx::graph& out_;
  std::set<std::string> used_;
};

}  // namespace equant::inline EQUANT_ABI::nn::exporting
