// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/import_constants.hpp>

#include <deque>
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
  index_t block = 0;  ///< of the axis, one scale each, which then lie as the codes do; 0: none
  int bits = 8;
  bool is_unsigned = false;
};

/// What a name stands for: a value of the graph, numbers that are known, or codes of a value between its QuantizeLinear
/// and DequantizeLinear.
struct entry {
  int value = -1;
  std::shared_ptr<known> numbers;
  std::shared_ptr<const coded> codes;        ///< of the numbers
  const io::onnx::tensor* stored = nullptr;  ///< numbers that were not needed yet
  std::optional<nn::grid> quantized;         ///< value's codes
};

/// What stands in, while reading, for sizes that runs decide: all is inferred for both, and what differs is not known.
inline constexpr std::array<index_t, 2> stand_ins{7919, 7907};

/// Whether a node only hands its input on.
inline bool hands_on(const io::onnx::node& n) {
  return n.op_type == "Identity" || n.op_type == "Dropout" || n.op_type == "Cast";
}

class context {
 public:
  context(const io::onnx::model& model, std::string file) : file_(std::move(file)) {
    for (const io::onnx::opset& o : model.opsets) {
      if (o.domain.empty() || o.domain == "ai.onnx") opset_ = o.version;
    }
    if (opset_ < 7 || opset_ > 21) contract::bad_data(file_, ": opset ", opset_, "; 7 to 21 are read");
    for (const io::onnx::tensor& t : model.graph.initializers) room_ += 4 * t.count();
    for (const io::onnx::node& n : model.graph.nodes) count_uses(n);
    for (const io::onnx::value_info& v : model.graph.outputs) ++uses_[root(v.name)];
  }

  nn::graph graph;
  std::int64_t opset() const { return opset_; }
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
  /// The same of what f() throws.
  template <class F>
  auto told(F&& f) const {
    try {
      return f();
    } catch (const std::invalid_argument& e) {
      constexpr std::string_view prefix = "equant: ";
      const std::string_view what = e.what();
      fail(what.substr(what.starts_with(prefix) ? prefix.size() : 0));
    }
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
    if (!e.numbers && e.stored != nullptr) e.numbers = within_reason(to_known(*e.stored));
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
    for (double x : numbers(i).values) {
      if (x != x) fail("'", node_->inputs[i], "' holds NaN, or depends on a size that is not known");
      r.push_back(static_cast<float>(x));
    }
    return r;
  }
  float real(std::size_t i) {
    const std::vector<float> r = reals(i);
    if (r.size() != 1) fail("'", node_->inputs[i], "' has ", r.size(), " values instead of one");
    return r[0];
  }
  /// Forgets numbers that are stored in the file and will hardly be wanted again.
  void release(std::size_t i) {
    entry& e = input(i);
    if (e.stored != nullptr) e.numbers.reset();
  }
  /// The graph's value of an input; constants become one.
  int value(std::size_t i) {
    entry& e = input(i);
    if (e.quantized) fail("reads the codes of '", node_->inputs[i], "'; only DequantizeLinear does that here");
    if (e.value < 0) {
      const shape s = to_shape(numbers(i).sizes);
      e.value = graph.add(node_->inputs[i], constant{nn::tensor(s, reals(i))}, {});
      remember({s, s});
      producers_.back() = static_cast<int>(graph.nodes.size()) - 1;
      release(i);
    }
    return e.value;
  }
  /// Sizes of a value, unknown ones stood in for.
  const shape& sizes(int v) const { return sizes_[static_cast<std::size_t>(v)][0]; }
  /// The same, unknown ones -1.
  std::vector<index_t> open_sizes(int v) const {
    const auto& [first, second] = sizes_[static_cast<std::size_t>(v)];
    std::vector<index_t> s = to_vector(first);
    for (int a = 0; a < first.rank; ++a) {
      if (first[a] != second[a]) s[static_cast<std::size_t>(a)] = -1;
    }
    return s;
  }
  /// The node that computes a value, or null.
  node* producer(int v) {
    const int at = producers_[static_cast<std::size_t>(v)];
    return at < 0 ? nullptr : &graph.nodes[static_cast<std::size_t>(at)];
  }

  void set(const std::string& name, entry e) {
    if (!names_.emplace(name, std::move(e)).second) contract::bad_data(file_, ": '", name, "' is computed twice");
  }
  /// No values make any sizes possible: an axis of length 0 hides none that others could not have.
  std::shared_ptr<known> within_reason(known k) const {
    index_t filled = std::max<index_t>(k.count(), index_t{1} << 22);
    for (index_t s : k.sizes) filled /= std::max<index_t>(s, 1);
    if (filled == 0) fail("an empty constant of ", equant::to_string(to_shape(k.sizes)));
    return std::make_shared<known>(std::move(k));
  }
  void set_known(known k) {
    if (k.sizes.size() > max_rank) fail("a constant of ", k.sizes.size(), " axes");
    room_ -= k.count();
    if (room_ < 0) fail("the constants grow beyond all measure");
    entry e;
    e.numbers = within_reason(std::move(k));
    set(output(), std::move(e));
  }
  /// The codes that the numbers just set stand for.
  void remember_codes(std::shared_ptr<const coded> codes) { names_[output()].codes = std::move(codes); }
  /// How many more numbers constants may have, told to what could make many of few.
  index_t room() const { return room_; }
  /// A tensor that is made while reading, as if the file had stored it.
  void set_stored(io::onnx::tensor t) {
    room_ -= t.count();
    if (room_ < 0) fail("the constants grow beyond all measure");
    entry e;
    e.stored = &made_.emplace_back(std::move(t));
    set(output(), std::move(e));
  }
  const std::string& output() const {
    if (node_->outputs.empty() || node_->outputs[0].empty()) fail("it has no output");
    return node_->outputs[0];
  }
  void add_input(const std::string& name, const shape& sizes) {
    entry e;
    e.value = graph.add_input(name, sizes);
    std::array<shape, 2> open{sizes, sizes};
    for (std::size_t i = 0; i < 2; ++i) {
      for (int a = 0; a < sizes.rank; ++a) open[i][a] = sizes[a] < 0 ? stand_ins[i] : sizes[a];
    }
    remember(open);
    set(name, e);
  }
  /// A node whose result is the current node's first output.
  int add(layer what, std::vector<int> from) {
    entry e;
    e.value = add_hidden(std::move(what), std::move(from), output());
    set(output(), e);
    return e.value;
  }
  /// A node whose result is called otherwise.
  int add_hidden(layer what, std::vector<int> from, const std::string& result) {
    node n{called_, std::move(what), std::move(from), 0};
    std::array<shape, 2> to;
    for (std::size_t i = 0; i < 2; ++i) {
      std::vector<shape> in;
      for (int v : n.inputs) in.push_back(sizes_[static_cast<std::size_t>(v)][i]);
      to[i] = told([&] { return infer_shape(n, in); });
      if (to[i].rank != to[0].rank) fail("its rank depends on a size that is not known");
    }
    n.output = graph.add_value(result);
    remember(to);
    producers_.back() = static_cast<int>(graph.nodes.size());
    graph.nodes.push_back(std::move(n));
    return graph.nodes.back().output;
  }
  /// How many nodes and graph outputs read what a name stands for.
  int uses(const std::string& name) const {
    const auto found = uses_.find(root(name));
    return found == uses_.end() ? 0 : found->second;
  }
  const entry* find(const std::string& name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? nullptr : &found->second;
  }

 private:
  void remember(const std::array<shape, 2>& sizes) {
    sizes_.push_back(sizes);
    producers_.push_back(-1);
  }
  /// The first name of a value that nodes only hand on.
  const std::string& root(const std::string& name) const {
    const auto found = aliases_.find(name);
    return found == aliases_.end() ? name : found->second;
  }
  void count_uses(const io::onnx::node& n) {
    if (hands_on(n) && !n.inputs.empty() && !n.outputs.empty()) {
      aliases_.emplace(n.outputs[0], root(n.inputs[0]));
    } else {
      for (const std::string& name : n.inputs) ++uses_[root(name)];
    }
  }

  std::string file_;
  std::int64_t opset_ = 0;
  index_t room_ = index_t{1} << 22;
  const io::onnx::node* node_ = nullptr;
  std::string called_;
  std::map<std::string, entry> names_;
  std::map<std::string, int> uses_;
  std::map<std::string, std::string> aliases_;
  std::deque<io::onnx::tensor> made_;
  std::vector<std::array<shape, 2>> sizes_;
  std::vector<int> producers_;
};

}  // namespace equant::inline EQUANT_ABI::nn::importing
