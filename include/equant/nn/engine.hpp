// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/compile.hpp>
#include <equant/storage/buffer.hpp>

/// A network made ready to run:
///
///   nn::engine engine(net, {{1, 3, 224, 224}});
///   std::vector<nn::tensor> y = engine.run(x);      // by tensors
///   engine.run(pixels, logits);                     // by spans, of which nothing is allocated
///
/// Layers whose inputs and outputs have grids, and whose weights have codes, are computed in integers (see
/// integer_layers.hpp), a clip after them fused; all others in float, on what the codes mean. Networks without grids
/// run in float. Where all layers are integer, results do not depend on the instruction set or the threads; those of
/// float layers are close to evaluate()'s.
namespace equant::inline EQUANT_ABI::nn {

/// A network compiled for inputs of certain sizes; it owns all memory it needs. One run at a time: threads that run at
/// once have a copy each. Copies share the weights.
template <class Isa = isa::native>
class basic_engine {
 public:
  /// `inputs`: the sizes of each input; `threads`: the most that a run may use. Throws std::invalid_argument where
  /// sizes do not fit, with the node's name.
  basic_engine(const graph& g, const std::vector<shape>& inputs, int threads = 1)
      : program_(compiling::compiler<Isa>(g, inputs, threads).take()), memory_(plan_memory(program_.pieces)) {
    const serial alone;
    const compiling::running r = outside({}, {}, alone);
    for (const compiling::step& s : program_.once) s(r);
  }

  const std::vector<shape>& input_sizes() const { return program_.inputs; }
  const std::vector<shape>& output_sizes() const { return program_.outputs; }
  /// Bytes of working memory, weights not counted.
  std::size_t memory_bytes() const { return memory_.size(); }

  /// Row-major floats in, row-major floats out, one span for each input and output of the network. Integer layers
  /// allocate nothing, and of float ones only Eigen's products and the layers matmul and reshape do.
  template <executor Executor = serial>
  void run(std::span<const std::span<const float>> inputs, std::span<const std::span<float>> outputs,
           Executor&& threads = {}) {
    check("inputs", inputs, program_.inputs);
    check("outputs", outputs, program_.outputs);
    if (threads.threads() > program_.threads) {
      contract::invalid_argument("an engine made for ", program_.threads, " threads run by ", threads.threads());
    }
    const compiling::running r = outside(inputs, outputs, threads);
    for (const compiling::step& s : program_.steps) s(r);
  }
  /// A network with one input and one output.
  template <executor Executor = serial>
  void run(std::span<const float> input, std::span<float> output, Executor&& threads = {}) {
    run(std::span<const std::span<const float>>(&input, 1), std::span<const std::span<float>>(&output, 1), threads);
  }
  template <executor Executor = serial>
  std::vector<tensor> run(std::span<const tensor> inputs, Executor&& threads = {}) {
    std::vector<std::span<const float>> from;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (i < program_.inputs.size() && inputs[i].sizes != program_.inputs[i]) {
        contract::invalid_argument("input ", i, " of ", to_string(inputs[i].sizes), " in an engine made for ",
                                   to_string(program_.inputs[i]));
      }
      from.emplace_back(inputs[i].values);
    }
    std::vector<tensor> made;
    for (const shape& s : program_.outputs) made.emplace_back(s);
    std::vector<std::span<float>> to;
    for (tensor& y : made) to.emplace_back(y.values);
    run(std::span<const std::span<const float>>(from), std::span<const std::span<float>>(to), threads);
    return made;
  }
  std::vector<tensor> run(const tensor& input) { return run(std::span<const tensor>(&input, 1)); }

 private:
  template <class Spans>
  static void check(const char* what, const Spans& given, const std::vector<shape>& sizes) {
    if (given.size() != sizes.size()) {
      contract::invalid_argument(given.size(), " ", what, " for a network with ", sizes.size());
    }
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (static_cast<index_t>(given[i].size()) != sizes[i].count()) {
        contract::invalid_argument(given[i].size(), " values as number ", i, " of the ", what, ", which is of ",
                                   to_string(sizes[i]));
      }
    }
  }
  template <class Executor>
  compiling::running outside(std::span<const std::span<const float>> inputs, std::span<const std::span<float>> outputs,
                             const Executor& threads) {
    return {memory_.data(), program_.pieces.data(), inputs, outputs, executor_ref(threads)};
  }

  compiling::program program_;
  byte_buffer memory_;
};

using engine = basic_engine<>;

}  // namespace equant::inline EQUANT_ABI::nn
