// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/import_constants.hpp>

#include <map>
#include <memory>

/// What the reading of a network's nodes is built on: names, what they stand for, and the graph as far as it is known.
namespace equant::inline EQUANT_ABI::nn::importing {

/// Codes that a DequantizeLinear turns into constants.
struct coded {
  std::vector<std::int32_t> codes;
  std::vector<float> scales;
  std::vector<std::int32_t> zero_points;
  index_t axis = 0;
  int bits = 8;
  bool is_unsigned = false;
};

/// What a name stands for: a value of the graph, numbers that are known, or codes of a value between its QuantizeLinear
/// and DequantizeLinear.
struct entry {
  int value = -1;
  std::shared_ptr<known> numbers;
  std::shared_ptr<const coded> codes;       ///< of the numbers
  const io::onnx::tensor* stored = nullptr; ///< numbers that were not needed yet
  std::optional<nn::grid> quantized;        ///< value's codes
};

/// Sizes that runs decide are stood in for, while reading, by a prime that no layer has.
inline constexpr index_t unknown_size = 7919;

class context {
 public:
  context(const io::onnx::model& model, std::string file) : model_(model), file_(std::move(file)) {
    for (const io::onnx::opset& o : model.opsets) {
      if (o.domain.empty() || o.domain == "ai.onnx") opset_ = o.version;
    }
    if (opset_ < 7 || opset_ > 21) contract::bad_data(file_, ": opset ", opset_, "; 7 to 21 are read");
  }

  nn::graph graph;
  std::int64_t opset() const { return opset_; }
  const io::onnx::model& model() const { return model_; }
  const std::string& file() const { return file_; }

  /// The node being read, for messages.
  void begin(const io::onnx::node& n, std::string called) {
    node_ = &n;
    called_ = std::move(called);
  }
  const io::onnx::node& current() const { return *node_; }
  const std::string& called() const { return called_; }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    contract::bad_data(file_, ": node '", called_, "' (", node_->op_type, "): ", parts...);
  }
  failure failing() const {
    return [this](const std::string& what) { fail(what); };
  }

  bool has(std::size_t i) const { return i < node_->inputs.size() && !node_->inputs[i].empty(); }
  entry& input(std::size_t i) {
    if (!has(i)) fail("input ", i, " is missing");
    const auto found = names_.find(node_->inputs[i]);
    if (found == names_.end()) fail("nothing before it computes '", node_->inputs[i], "'");
    return found->second;
  }
  bool is_known(std::size_t i) { return has(i) && (input(i).numbers || input(i).stored != nullptr); }
  /// The numbers of an input that has to be known.
  const known& numbers(std::size_t i) {
    entry& e = input(i);
    if (!e.numbers && e.stored != nullptr) e.numbers = std::make_shared<known>(to_known(*e.stored));
    if (!e.numbers) fail("'", node_->inputs[i], "' has to be a constant");
    return *e.numbers;
  }
  std::vector<index_t> integers(std::size_t i) {
    std::vector<index_t> n;
    for (double x : numbers(i).values) {
      if (x != x) fail("'", node_->inputs[i], "' depends on a size that is not known");
      n.push_back(to_index(x));
    }
    return n;
  }
  std::vector<float> reals(std::size_t i) {
    std::vector<float> r;
    for (double x : numbers(i).values) r.push_back(static_cast<float>(x));
    return r;
  }
  float real(std::size_t i) {
    const known& k = numbers(i);
    if (k.count() != 1) fail("'", node_->inputs[i], "' has ", k.count(), " values instead of one");
    return static_cast<float>(k.values[0]);
  }
  /// The graph's value of an input; constants become one.
  int value(std::size_t i) {
    entry& e = input(i);
    if (e.quantized) fail("reads the codes of '", node_->inputs[i], "'; only DequantizeLinear does that here");
    if (e.value < 0) {
      const known& k = numbers(i);
      std::vector<float> v = reals(i);
      const nn::tensor t(to_shape(k.sizes), std::move(v));
      sizes_.resize(graph.values.size() + 1);
      sizes_.back() = t.sizes;
      e.value = graph.add(node_->inputs[i], constant{t}, {});
    }
    return e.value;
  }
  /// Sizes of a value, unknown ones stood in for.
  const shape& sizes(int v) const { return sizes_[static_cast<std::size_t>(v)]; }

  void set(const std::string& name, entry e) {
    if (!names_.emplace(name, std::move(e)).second) contract::bad_data(file_, ": '", name, "' is computed twice");
  }
  void replace(const std::string& name, entry e) { names_[name] = std::move(e); }
  void set_known(known k) {
    entry e;
    e.numbers = std::make_shared<known>(std::move(k));
    set(output(), std::move(e));
  }
  const std::string& output() const {
    if (node_->outputs.empty() || node_->outputs[0].empty()) fail("it has no output");
    return node_->outputs[0];
  }
  void add_input(const std::string& name, const shape& sizes) {
    shape open = sizes;
    for (int a = 0; a < sizes.rank; ++a) open[a] = sizes[a] < 0 ? unknown_size : sizes[a];
    entry e;
    e.value = graph.add_input(name, sizes);
    sizes_.push_back(open);
    set(name, e);
  }
  /// A node whose result is the current node's first output.
  int add(layer what, std::vector<int> from) {
    const int v = add_hidden(std::move(what), std::move(from), output());
    entry e;
    e.value = v;
    set(output(), e);
    return v;
  }
  /// A node whose result has no name in the file.
  int add_hidden(layer what, std::vector<int> from, const std::string& result) {
    node n{called_, std::move(what), std::move(from), 0};
    std::vector<shape> in;
    for (int v : n.inputs) in.push_back(sizes(v));
    shape to;
    try {
      to = infer_shape(n, in);
    } catch (const std::exception& e) {
      contract::bad_data(file_, ": ", e.what());
    }
    n.output = graph.add_value(result);
    sizes_.push_back(to);
    graph.nodes.push_back(std::move(n));
    return graph.nodes.back().output;
  }
  /// How many nodes read a name, and graph outputs.
  int uses(const std::string& name) const {
    const auto found = uses_.find(name);
    return found == uses_.end() ? 0 : found->second;
  }
  void count_use(const std::string& name) { ++uses_[name]; }
  const entry* find(const std::string& name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? nullptr : &found->second;
  }

 private:
  const io::onnx::model& model_;
  std::string file_;
  std::int64_t opset_ = 0;
  const io::onnx::node* node_ = nullptr;
  std::string called_;
  std::map<std::string, entry> names_;
  std::map<std::string, int> uses_;
  std::vector<shape> sizes_;
};

}  // namespace equant::inline EQUANT_ABI::nn::importing
