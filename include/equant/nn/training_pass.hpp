// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/normalized_layer.hpp>
#include <equant/nn/optimizer.hpp>
#include <equant/nn/trainee.hpp>

namespace equant::inline EQUANT_ABI::nn {

/// One batch forward and back. Holds every value of the forward pass, and the parameters with their gradients.
class training_pass {
 public:
  explicit training_pass(trainee& t) : t_(t), passes_(t.net.nodes.size()), used_(t.net.nodes.size()),
                                       normalized_(t.net.nodes.size()) {
    const std::size_t count = t.net.values.size();
    values_.resize(count);
    raw_.resize(count);
    gradients_.resize(count);
    wanted_.assign(count, false);
    for (const node& n : t.net.nodes) wanted_[at(n.output)] = !std::holds_alternative<constant>(n.layer);
    for (std::size_t v = 0; v < count; ++v) wanted_[v] = wanted_[v] || (t.grid_of[v] >= 0 && learns_grids());
    // The place of the logits: before a softmax that ends the network.
    output_ = t.net.outputs.at(0);
    const node* last = t.net.producer(output_);
    if (last != nullptr && std::holds_alternative<softmax>(last->layer)) output_ = last->inputs[0];
    collect_parameters();
  }

  std::span<const float> output() const { return values_[at(output_)]; }
  const shape& output_sizes() const { return sizes_[at(output_)]; }
  std::span<const float> value(int v) const { return values_[at(v)]; }
  /// Forgets all gradients; that of the output is to be filled before `backward`.
  std::span<float> output_gradient() {
    for (auto& g : gradients_) g.clear();
    return gradient(output_);
  }
  /// The gradient of a value, zero at first: for losses that look inside.
  std::span<float> gradient(int v) {
    gradients_[at(v)].resize(values_[at(v)].size(), 0);
    return gradients_[at(v)];
  }
  std::vector<parameter>& parameters() { return parameters_; }

  /// The first node whose result is not finite, or null.
  const node* first_not_finite() const {
    for (const node& n : t_.net.nodes) {
      const auto& v = raw_[at(n.output)].empty() ? values_[at(n.output)] : raw_[at(n.output)];
      if (!std::all_of(v.begin(), v.end(), [](float x) { return std::isfinite(x); })) return &n;
    }
    return nullptr;
  }

  /// Where the first parameter lies that is not finite; empty where all are.
  std::string lost_parameter() const {
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
      const std::span<const float> v = parameters_[p].values;
      if (std::all_of(v.begin(), v.end(), [](float x) { return std::isfinite(x); })) continue;
      const bool of_grid = origins_[p].kind == what::scale || origins_[p].kind == what::zero_point;
      const std::size_t place = origins_[p].place;
      return contract::joined(of_grid ? "the grid of value '" : "node '",
                              of_grid ? t_.net.at(t_.grids[place].observed.at(0)).name : t_.net.nodes[place].name, "'");
    }
    return {};
  }

  /// observe: the ranges of values follow, where they do not learn. of_batch: batch normalizations that train use the
  /// statistics of these inputs, and their own follow.
  void forward(std::span<const tensor> inputs, bool observe, bool of_batch = false) {
    of_batch_ = of_batch;
    std::vector<shape> given;
    for (const tensor& x : inputs) given.push_back(x.sizes);
    sizes_ = infer_shapes(t_.net, given);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const int v = t_.net.inputs[i].value;
      values_[at(v)].resize(inputs[i].values.size());
      copy_strided(given[i], inputs[i].values.data(), row_major_strides(given[i]), values_[at(v)].data(),
                   memory_strides(given[i]));
      quantize(v, observe);
    }
    for (std::size_t i = 0; i < t_.net.nodes.size(); ++i) {
      const node& n = t_.current.nodes[i];
      std::vector<float>& y = values_[at(n.output)];
      y.resize(static_cast<std::size_t>(sizes_[at(n.output)].count()));
      if (const auto* b = std::get_if<batch_norm>(&n.layer); b != nullptr && !t_.quantized()) {
        normalize(i, *b);
      } else if (normalizes(i)) {
        normalized_[i].forward(t_.current.nodes[i].layer, *t_.norms[i], inputs_of(n), {y.data(), sizes_[at(n.output)]});
      } else {
        run_layer(n.layer, inputs_of(n), {y.data(), sizes_[at(n.output)]});
      }
      quantize(n.output, observe);
    }
  }

  /// From output_gradient() to the gradients of all parameters, which are replaced.
  void backward() {
    grid_gradients_.assign(t_.grids.size(), {});
    for (std::size_t i = t_.net.nodes.size(); i-- > 0;) {
      const node& n = t_.current.nodes[i];
      std::vector<float>& dy = gradients_[at(n.output)];
      layer_gradient& sum = passes_[i];
      std::fill(sum.weights.begin(), sum.weights.end(), 0.0f);
      std::fill(sum.bias.begin(), sum.bias.end(), 0.0f);
      if (dy.empty()) continue;
      through_grid(n.output);
      std::vector<float_output> dx;
      for (int v : n.inputs) {
        if (!wanted_[at(v)]) {
          dx.push_back({nullptr, sizes_[at(v)]});
          continue;
        }
        gradients_[at(v)].resize(values_[at(v)].size(), 0);
        dx.push_back({gradients_[at(v)].data(), sizes_[at(v)]});
      }
      const shape& s = sizes_[at(n.output)];
      const std::vector<float>& y = raw_[at(n.output)].empty() ? values_[at(n.output)] : raw_[at(n.output)];
      if (const auto* b = std::get_if<batch_norm>(&n.layer); b != nullptr && !t_.quantized()) {
        in_reverse::normalize(used_[i], true, inputs_of(n)[0], {dy.data(), s}, dx[0], sum);
      } else if (normalizes(i)) {
        normalized_[i].backward(n.layer, inputs_of(n), {dy.data(), s}, dx, sum);
      } else {
        run_backward(n.layer, inputs_of(n), {y.data(), s}, {dy.data(), s}, dx, sum);
      }
    }
    for (const graph_input& input : t_.net.inputs) through_grid(input.value);
    gather_gradients();
  }

 private:
  static std::size_t at(int v) { return static_cast<std::size_t>(v); }
  bool learns_grids() const { return t_.options.method != grid_learning::straight_through; }

  std::vector<float_input> inputs_of(const node& n) const {
    std::vector<float_input> in;
    for (int v : n.inputs) in.push_back({values_[at(v)].data(), sizes_[at(v)]});
    return in;
  }

  /// What the network does to a value it has just computed.
  void quantize(int v, bool observe) {
    const int at_grid = t_.grid_of[at(v)];
    if (at_grid < 0) return;
    learning_grid& g = t_.grids[at(at_grid)];
    std::vector<float>& x = values_[at(v)];
    const bool decides = std::find(g.observed.begin(), g.observed.end(), v) != g.observed.end();
    if (observe && decides && !learns_grids()) {
      const shape line{static_cast<index_t>(x.size())};
      g.range.observe({x.data(), line, row_major_strides(line)});
      const prepare_options& o = t_.options;
      g.grid = g.range.grid({o.activation_bits, o.signed_activations, o.symmetric_activations});
      g.zero_point = static_cast<float>(g.grid.zero_point);
      for (std::size_t w = 0; w < t_.grid_of.size(); ++w) {
        if (t_.grid_of[w] == at_grid) t_.current.values[w].grid = g.grid;
      }
    }
    raw_[at(v)] = x;
    put_on_grid(x, g.grid);
  }

  /// The gradient of a value on its grid becomes that of the value before. What was only moved lies on the grid
  /// already.
  void through_grid(int v) {
    const int at_grid = t_.grid_of[at(v)];
    std::vector<float>& dy = gradients_[at(v)];
    if (at_grid < 0 || dy.empty()) return;
    const learning_grid& g = t_.grids[at(at_grid)];
    if (std::find(g.observed.begin(), g.observed.end(), v) == g.observed.end()) return;
    const grid_gradient found = learn_grid(raw_[at(v)], g.grid, t_.options.method, dy);
    const double factor = scale_gradient_factor(dy.size(), g.grid.range);
    grid_gradients_[at(at_grid)].scale += factor * found.scale;
    grid_gradients_[at(at_grid)].zero_point += factor * found.zero_point;
  }

  /// With the statistics of the batch; the network's own follow them.
  void normalize(std::size_t i, const batch_norm& b) {
    const node& n = t_.net.nodes[i];
    const float_input x = inputs_of(n)[0];
    if (x.sizes.rank != 2 && x.sizes.rank != 4)
      contract::invalid_argument("node '", n.name, "': batch norm of ", to_string(x.sizes));
    used_[i] = with_statistics_of(x, b);
    in_float::run(used_[i], inputs_of(n), {values_[at(n.output)].data(), sizes_[at(n.output)]});
    auto& own = std::get<batch_norm>(t_.net.nodes[i].layer);
    const auto count = static_cast<float>(x.count() / x.sizes[1]);
    for (std::size_t c = 0; c < own.mean.size(); ++c) {
      own.mean[c] += 0.1f * (used_[i].mean[c] - own.mean[c]);
      own.variance[c] += 0.1f * (used_[i].variance[c] * count / std::max(count - 1, 1.0f) - own.variance[c]);
    }
  }

  /// Whether a node's batch normalization trains inside it, on the statistics of the batch.
  bool normalizes(std::size_t i) const { return of_batch_ && t_.norms[i]; }

  enum class what { weights, bias, norm_scale, steps, scale, zero_point };
  struct origin {
    what kind;
    std::size_t place;
  };

  void collect(what kind, std::size_t place, std::span<float> values, bool decays = false) {
    parameters_.emplace_back(values, std::vector<float>{1.0f}, decays);
    origins_.push_back({kind, place});
  }

  void collect_parameters() {
    steps_.resize(t_.net.nodes.size());
    for (std::size_t i = 0; i < t_.net.nodes.size(); ++i) {
      layer& l = t_.net.nodes[i].layer;
      if (weights* w = weights_of(l)) {
        passes_[i] = {std::vector<float>(w->values.values.size()), std::vector<float>(bias_of(l)->values.size())};
        if (auto& n = t_.norms[i]) {
          collect(what::weights, i, n->weights, true);
          collect(what::norm_scale, i, n->norm.scale);
          collect(what::bias, i, n->norm.shift);
        } else {
          collect(what::weights, i, w->values.values, true);
          if (!bias_of(l)->values.empty()) collect(what::bias, i, bias_of(l)->values);
        }
        steps_[i].resize(t_.weights[i].scales.size());
        if (!steps_[i].empty() && learns_grids()) collect(what::steps, i, t_.weights[i].scales);
      } else if (auto* b = std::get_if<batch_norm>(&l)) {
        passes_[i] = {std::vector<float>(b->scale.size()), std::vector<float>(b->shift.size())};
        collect(what::weights, i, b->scale);
        collect(what::bias, i, b->shift);
      }
    }
    if (!learns_grids()) return;
    for (std::size_t g = 0; g < t_.grids.size(); ++g) {
      collect(what::scale, g, {&t_.grids[g].grid.scale, 1});
      if (t_.options.method == grid_learning::lsq_plus && t_.grids[g].shifts)
        collect(what::zero_point, g, {&t_.grids[g].zero_point, 1});
    }
  }

  /// From gradients of rounded weights to those of the weights and their steps, and of what normalizes them.
  void learn_weights(std::size_t i) {
    if (normalizes(i)) normalized_[i].note_rounded(*weights_of(t_.current.nodes[i].layer), passes_[i]);
    learn_steps(i);
    if (t_.norms[i]) normalized_[i].unfold(*t_.norms[i], normalizes(i), passes_[i]);
  }
  void learn_steps(std::size_t i) {
    const learning_weights& how = t_.weights[i];
    if (how.scales.empty()) return;
    const std::vector<float>& w = weights_of(t_.net.nodes[i].layer)->values.values;
    const std::size_t each = w.size() / std::max<std::size_t>(how.scales.size(), 1);
    for (std::size_t c = 0; c < how.scales.size(); ++c) {
      const grid_gradient found =
          learn_grid(std::span(w).subspan(c * each, each), {how.scales[c], 0, how.range}, t_.options.method,
                     std::span(passes_[i].weights).subspan(c * each, each));
      steps_[i][c] = static_cast<float>(scale_gradient_factor(each, how.range) * found.scale);
    }
  }

  /// Fills the parameters' gradients, and their units: for weights their step; for biases what all inputs at a quarter
  /// of their range add when their weights move by a step; for steps and scales what moves the outermost code by a step
  /// (of 4 bits, where there are more).
  void gather_gradients() {
    for (std::size_t i = 0; i < t_.net.nodes.size(); ++i) learn_weights(i);
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
      parameter& to = parameters_[p];
      const std::size_t place = origins_[p].place;
      const auto scales = [&]() -> const std::vector<float>& { return t_.weights[place].scales; };
      switch (origins_[p].kind) {
        case what::weights:
          to.gradient.swap(passes_[place].weights);
          if (!scales().empty()) to.units = scales();
          if (const auto& n = t_.norms[place]) {
            to.units.resize(n->norm.scale.size(), to.units[0]);
            for (std::size_t c = 0; c < to.units.size(); ++c) to.units[c] /= std::max(std::abs(n->factor(c)), 1e-12f);
          }
          break;
        case what::norm_scale:
          to.gradient = normalized_[place].of_scale;
          if (!scales().empty()) {
            to.units = t_.norms[place]->norm.scale;
            for (float& u : to.units) u = std::abs(u) / static_cast<float>(t_.weights[place].range.highest);
          }
          break;
        case what::bias:
          to.gradient.swap(passes_[place].bias);
          if (!scales().empty()) {
            const grid& in = *t_.current.at(t_.net.nodes[place].inputs[0]).grid;
            const auto levels = static_cast<float>(in.range.highest - in.range.lowest + 1);
            to.units = scales();
            for (float& u : to.units) u *= in.scale * levels / 4;
          }
          break;
        case what::steps:
          to.gradient = steps_[place];
          to.units = scales();
          for (float& u : to.units) u /= static_cast<float>(t_.weights[place].range.highest);
          break;
        case what::scale: {
          const learning_grid& g = t_.grids[place];
          to.gradient[0] = static_cast<float>(grid_gradients_[place].scale);
          const auto codes = static_cast<float>(g.grid.range.highest - g.grid.range.lowest);
          to.units[0] = 2 * g.grid.scale / std::min(codes, 15.0f);
          break;
        }
        case what::zero_point: to.gradient[0] = static_cast<float>(grid_gradients_[place].zero_point); break;
      }
    }
  }

  trainee& t_;
  std::vector<layer_gradient> passes_;
  std::vector<batch_norm> used_;                ///< per node: normalization with the batch's statistics
  std::vector<normalized_layer> normalized_;    ///< per node
  std::vector<std::vector<float>> values_, raw_, gradients_;
  std::vector<bool> wanted_;
  std::vector<shape> sizes_;
  std::vector<grid_gradient> grid_gradients_;   ///< per grid
  std::vector<std::vector<float>> steps_;       ///< per node: gradients of the weights' steps
  std::vector<parameter> parameters_;
  std::vector<origin> origins_;
  int output_ = 0;
  bool of_batch_ = false;
};

}  // namespace equant::inline EQUANT_ABI::nn
