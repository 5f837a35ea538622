// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/io/onnx_read.hpp>
#include <equant/nn/import_layers.hpp>
#include <equant/nn/import_moves.hpp>
#include <equant/nn/import_qdq.hpp>

/// Networks from ONNX files (opset 7 to 21), in float or with QuantizeLinear and DequantizeLinear (QDQ). Needs protozero.
///
///   nn::graph net = nn::load_onnx("model.onnx");
namespace equant::inline EQUANT_ABI::nn {

namespace importing {

/// Whether a node only hands its input on.
inline bool hands_on(const io::onnx::node& n) {
  return n.op_type == "Identity" || n.op_type == "Dropout";
}

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
  known k = combined(c.numbers(0), c.numbers(1), apply, c.failing());
  for (double& x : k.values) {
    if (!k.real) x = std::trunc(x);
  }
  c.set_known(std::move(k));
}

inline void read_node(context& c) {
  const io::onnx::node& n = c.current();
  const std::string& op = n.op_type;
  if (!n.domain.empty() && n.domain != "ai.onnx") c.fail("operators of '", n.domain, "' are not supported");
  if (op == "Conv") return read_conv(c);
  if (op == "Gemm") return read_gemm(c);
  if (op == "MatMul") return read_matmul(c);
  if (op == "Add") return read_arithmetic(c, binary_kind::add);
  if (op == "Sub") return read_arithmetic(c, binary_kind::subtract);
  if (op == "Mul") return read_arithmetic(c, binary_kind::multiply);
  if (op == "Div") return read_arithmetic(c, binary_kind::divide);
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
  if (op == "Pad") return read_pad(c);
  if (op == "Shape") return read_shape(c);
  if (op == "Constant") return read_constant(c);
  if (op == "ConstantOfShape") return read_constant_of_shape(c);
  if (op == "Gather") {
    if (!c.is_known(0)) c.fail("gathers from what is not a constant");
    return c.set_known(gathered(c.numbers(0), c.numbers(1), n.integer("axis", 0), c.failing()));
  }
  if (op == "Cast") {
    const auto to = static_cast<io::onnx::data_type>(n.integer("to", 1));
    const bool real = to == io::onnx::data_type::float32 || to == io::onnx::data_type::float64 || to == io::onnx::data_type::float16;
    if (!c.is_known(0)) {
      if (to != io::onnx::data_type::float32) c.fail("casts to ", io::onnx::name_of(to));
      return c.set(c.output(), c.input(0));
    }
    known k = c.numbers(0);
    for (double& x : k.values) {
      if (!real) x = std::trunc(x);
    }
    k.real = real;
    return c.set_known(std::move(k));
  }
  if (hands_on(n)) return c.set(c.output(), c.input(0));
  if (op == "QuantizeLinear") return read_quantize(c);
  if (op == "DequantizeLinear") return read_dequantize(c, c.uses(c.output()) == 1);
  c.fail("the operator is not supported");
}

/// Zero padding that one convolution alone reads becomes its own.
inline void merge_pads(graph& g) {
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    const auto* p = std::get_if<pad>(&g.nodes[i].layer);
    if (p == nullptr || p->value != 0 || p->before.size() != 4 || g.is_output(g.nodes[i].output) || g.at(g.nodes[i].output).grid) continue;
    if (p->before[0] != 0 || p->before[1] != 0 || p->after[0] != 0 || p->after[1] != 0) continue;
    const auto readers = g.readers(g.nodes[i].output);
    auto* c = readers.size() == 1 ? std::get_if<conv>(&g.nodes[readers[0]].layer) : nullptr;
    if (c == nullptr) continue;
    c->window.pads[0] += p->before[2];
    c->window.pads[1] += p->before[3];
    c->window.pads[2] += p->after[2];
    c->window.pads[3] += p->after[3];
    g.nodes[readers[0]].inputs[0] = g.nodes[i].inputs[0];
    g.nodes.erase(g.nodes.begin() + static_cast<index_t>(i--));
  }
}

/// A batch of exactly one, as some exporters write it, becomes any batch where every layer lets it.
inline void open_batch(graph& g) {
  graph open = g;
  for (graph_input& i : open.inputs) {
    if (i.sizes.rank < 2 || i.sizes[0] != 1) return;
    i.sizes[0] = -1;
  }
  for (node& n : open.nodes) {
    auto* r = std::get_if<reshape>(&n.layer);
    if (r != nullptr && !r->sizes.empty() && r->sizes[0] == 1) r->sizes[0] = 0;
  }
  const auto sizes_of = [&](index_t batch) {
    std::vector<shape> in;
    for (const graph_input& i : open.inputs) {
      in.push_back(i.sizes);
      in.back()[0] = batch;
    }
    return infer_shapes(open, in);
  };
  try {
    const auto one = sizes_of(1), more = sizes_of(unknown_size);
    for (int v : g.outputs) {
      shape wanted = one[static_cast<std::size_t>(v)];
      if (wanted.rank < 1 || wanted[0] != 1) return;
      wanted[0] = unknown_size;
      if (!(more[static_cast<std::size_t>(v)] == wanted)) return;
    }
  } catch (const std::invalid_argument&) {
    return;
  }
  g = std::move(open);
}

/// Keeps the nodes that an output needs, and the values that they use.
inline graph trimmed(const graph& g) {
  std::vector<bool> needed(g.values.size(), false);
  for (int v : g.outputs) needed[static_cast<std::size_t>(v)] = true;
  for (std::size_t i = g.nodes.size(); i-- > 0;) {
    if (!needed[static_cast<std::size_t>(g.nodes[i].output)]) continue;
    for (int v : g.nodes[i].inputs) needed[static_cast<std::size_t>(v)] = true;
  }
  for (const graph_input& i : g.inputs) needed[static_cast<std::size_t>(i.value)] = true;
  graph t;
  t.name = g.name;
  std::vector<int> place(g.values.size(), -1);
  for (std::size_t v = 0; v < g.values.size(); ++v) {
    if (!needed[v]) continue;
    place[v] = static_cast<int>(t.values.size());
    t.values.push_back(g.values[v]);
  }
  const auto at = [&](int v) { return place[static_cast<std::size_t>(v)]; };
  for (const graph_input& i : g.inputs) t.inputs.push_back({at(i.value), i.sizes});
  for (const node& n : g.nodes) {
    if (!needed[static_cast<std::size_t>(n.output)]) continue;
    t.nodes.push_back(n);
    for (int& v : t.nodes.back().inputs) v = at(v);
    t.nodes.back().output = at(n.output);
  }
  for (int v : g.outputs) t.outputs.push_back(at(v));
  return t;
}

}  // namespace importing

/// The network of an ONNX model; `file` is for messages. Throws std::runtime_error, with file and node, where it is broken
/// or holds what is not supported.
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
    if (v.type != io::onnx::data_type::float32) contract::bad_data(file, ": input '", v.name, "' is of ", io::onnx::name_of(v.type), "; float is read");
    if (!v.has_shape || v.dims.size() > max_rank) contract::bad_data(file, ": input '", v.name, "' has no shape that is read");
    shape s = to_shape({v.dims.begin(), v.dims.end()});
    for (int a = 0; a < s.rank; ++a) {
      if (s[a] > (index_t{1} << 32)) contract::bad_data(file, ": input '", v.name, "' has a size of ", s[a]);
    }
    c.add_input(v.name, s);
  }
  for (const io::onnx::node& n : model.graph.nodes) {
    for (const std::string& name : n.inputs) c.count_use(name);
  }
  for (const io::onnx::value_info& v : model.graph.outputs) c.count_use(v.name);
  for (const io::onnx::node& n : model.graph.nodes) {
    c.begin(n, n.name.empty() && !n.outputs.empty() ? n.outputs[0] : n.name);
    read_node(c);
  }
  for (const io::onnx::value_info& v : model.graph.outputs) {
    const entry* e = c.find(v.name);
    if (e == nullptr) contract::bad_data(file, ": nothing computes the output '", v.name, "'");
    if (e->value < 0 || e->quantized) contract::bad_data(file, ": the output '", v.name, "' is no computed float");
    c.graph.outputs.push_back(e->value);
  }
  if (c.graph.outputs.empty()) contract::bad_data(file, ": no outputs");
  if (c.graph.inputs.empty()) contract::bad_data(file, ": no inputs");
  merge_pads(c.graph);
  graph g = trimmed(c.graph);
  open_batch(g);
  return g;
}

inline graph load_onnx(const std::string& path) { return from_onnx(io::onnx::load(path), path); }

}  // namespace equant::inline EQUANT_ABI::nn
