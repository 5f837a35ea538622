// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/io/onnx_read.hpp>
#include <equant/nn/import_layers.hpp>
#include <equant/nn/import_moves.hpp>
#include <equant/nn/import_nbits.hpp>
#include <equant/nn/import_passes.hpp>
#include <equant/nn/import_qdq.hpp>

/// Networks from ONNX files (opset 7 to 21), in float or with QuantizeLinear and DequantizeLinear (QDQ). Needs
/// protozero.
///
///   nn::graph net = nn::load_onnx("model.onnx");
namespace equant::inline EQUANT_ABI::nn {

namespace importing {

inline void read_arithmetic(context& c, binary_kind kind) {
  if (!c.is_known(0) || !c.is_known(1)) return read_binary(c, kind);
  const auto apply = [kind](double a, double b) {
    switch (kind) {
      case binary_kind::add: return a + b;
      case binary_kind::subtract: return a - b;
      case binary_kind::multiply: return a * b;
      default: return a / b;
    }
  };
  known k = combined(c.numbers(0), c.numbers(1), apply, c.room(), c.failing());
  for (double& x : k.values) {
    if (!k.real) x = std::trunc(x);
  }
  c.set_known(std::move(k));
}

inline void read_cast(context& c) {
  using io::onnx::data_type;
  const auto to = static_cast<data_type>(c.current().integer("to", 1));
  if (!c.is_known(0)) {
    if (to != data_type::float32) c.fail("casts to ", io::onnx::name_of(to));
    return c.set(c.output(), entry(c.input(0)));
  }
  known k = c.numbers(0);
  k.real =
      to == data_type::float32 || to == data_type::float64 || to == data_type::float16 || to == data_type::bfloat16;
  for (double& x : k.values) {
    if (!k.real) x = std::trunc(x);
  }
  c.set_known(std::move(k));
}

inline void read_node(context& c) {
  const io::onnx::node& n = c.current();
  const std::string& op = n.op_type;
  if (n.domain == "com.microsoft" && op == "MatMulNBits") return read_matmul_nbits(c);
  if (!n.domain.empty() && n.domain != "ai.onnx") c.fail("operators of '", n.domain, "' are not supported");
  if (op == "Conv") return read_conv(c);
  if (op == "Gemm") return read_gemm(c);
  if (op == "MatMul") return read_matmul(c);
  if (op == "Add") return read_arithmetic(c, binary_kind::add);
  if (op == "Sub") return read_arithmetic(c, binary_kind::subtract);
  if (op == "Mul") return read_arithmetic(c, binary_kind::multiply);
  if (op == "Div") return read_arithmetic(c, binary_kind::divide);
  if (op == "Sum") return read_sum(c);
  if (op == "Max") return read_extreme(c, true);
  if (op == "Min") return read_extreme(c, false);
  if (op == "Relu") return static_cast<void>(c.add(clip{}, {c.value(0)}));
  if (op == "Clip") return read_clip(c);
  if (op == "BatchNormalization") return read_batch_norm(c);
  if (op == "MaxPool") return read_pool(c, true);
  if (op == "AveragePool") return read_pool(c, false);
  if (op == "GlobalAveragePool") return static_cast<void>(c.add(global_average_pool{}, {c.value(0)}));
  if (op == "ReduceMean") return read_reduce_mean(c);
  if (op == "Softmax") return read_softmax(c);
  if (op == "Exp") return static_cast<void>(c.add(unary{unary_kind::exponential}, {c.value(0)}));
  if (op == "Sigmoid") return static_cast<void>(c.add(unary{unary_kind::sigmoid}, {c.value(0)}));
  if (op == "Neg") return static_cast<void>(c.add(unary{unary_kind::negate}, {c.value(0)}));
  if (op == "Sqrt") return static_cast<void>(c.add(unary{unary_kind::square_root}, {c.value(0)}));
  if (op == "Tanh") return static_cast<void>(c.add(unary{unary_kind::tanh}, {c.value(0)}));
  if (op == "Reshape") return read_reshape(c);
  if (op == "Flatten") return read_flatten(c);
  if (op == "Squeeze") return read_squeeze(c, true);
  if (op == "Unsqueeze") return read_squeeze(c, false);
  if (op == "Transpose") return read_transpose(c);
  if (op == "Concat") return read_concat(c);
  if (op == "Slice") return read_slice(c);
  if (op == "Split") return read_split(c);
  if (op == "Pad") return read_pad(c);
  if (op == "Shape") return read_shape(c);
  if (op == "Constant") return read_constant(c);
  if (op == "ConstantOfShape") return read_constant_of_shape(c);
  if (op == "Gather") {
    if (!c.is_known(0)) c.fail("gathers from what is not a constant");
    return c.set_known(gathered(c.numbers(0), c.numbers(1), n.integer("axis", 0), c.room(), c.failing()));
  }
  if (op == "Cast") return read_cast(c);
  if (hands_on(n)) return c.set(c.output(), entry(c.input(0)));
  if (op == "QuantizeLinear") return read_quantize(c);
  if (op == "DequantizeLinear") return read_dequantize(c);
  c.fail("the operator is not supported");
}

}  // namespace importing

/// The network of an ONNX model; `file` is for messages. Throws std::runtime_error, with file and node, where it is
/// broken or holds what is not supported.
inline graph from_onnx(const io::onnx::model& model, const std::string& file) {
  using namespace importing;
  context c(model, file);
  c.graph.name = model.graph.name;
  for (const io::onnx::tensor& t : model.graph.initializers) {
    entry e;
    e.stored = &t;
    c.set(t.name, e);
  }
  for (const io::onnx::value_info& v : model.graph.inputs) {
    if (c.find(v.name) != nullptr) continue;  // an initializer that may be overridden
    if (v.type != io::onnx::data_type::float32) {
      contract::bad_data(file, ": input '", v.name, "' is of ", io::onnx::name_of(v.type), "; float is read");
    }
    if (!v.has_shape || v.dims.size() > max_rank) {
      contract::bad_data(file, ": input '", v.name, "' has no shape that is read");
    }
    shape s = to_shape({v.dims.begin(), v.dims.end()});
    index_t room = index_t{1} << 48;
    for (int a = 0; a < s.rank; ++a) {
      room /= std::max<index_t>(s[a], 1);
      if (s[a] > (index_t{1} << 32) || room == 0) {
        contract::bad_data(file, ": input '", v.name, "' has a size of ", s[a], " at axis ", a);
      }
    }
    c.add_input(v.name, s);
  }
  for (const io::onnx::node& n : model.graph.nodes) {
    c.begin(n, n.name.empty() && !n.outputs.empty() ? n.outputs[0] : n.name);
    read_node(c);
  }
  std::vector<std::string> names;
  for (const io::onnx::value_info& v : model.graph.outputs) {
    const entry* e = c.find(v.name);
    if (e == nullptr) contract::bad_data(file, ": nothing computes the output '", v.name, "'");
    if (e->value < 0 || e->quantized) contract::bad_data(file, ": the output '", v.name, "' is no computed float");
    c.graph.outputs.push_back(e->value);
    names.push_back(v.name);
  }
  if (c.graph.outputs.empty()) contract::bad_data(file, ": no outputs");
  if (c.graph.inputs.empty()) contract::bad_data(file, ": no inputs");
  merge_copies(c.graph);
  merge_pads(c.graph);
  settle_biases(c.graph);
  graph g = trimmed(c.graph);
  name_outputs(g, names);
  open_batch(g);
  return g;
}

inline graph load_onnx(const std::string& path) { return from_onnx(io::onnx::load(path), path); }

}  // namespace equant::inline EQUANT_ABI::nn
