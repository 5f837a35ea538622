// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/random.hpp>
#include <equant/nn/loss.hpp>
#include <equant/nn/match_statistics.hpp>
#include <equant/nn/training_pass.hpp>

/// Quantization-aware training:
///
///   nn::trainee t = nn::prepare(net, images, {.weight_bits = 4, .activation_bits = 4});
///   nn::train(t, images, labels, {.epochs = 10, .teacher = &net});
///   nn::graph small = nn::convert(t);
///
/// or all three: nn::fine_tune(net, images, labels, ...).
namespace equant::inline EQUANT_ABI::nn {

struct training_progress {
  index_t epoch = 0, step = 0, steps = 0;    ///< steps done, of all
  double loss = 0, accuracy = 0;             ///< means of this epoch so far
};

struct train_options {
  index_t epochs = 10;
  index_t batch = 32;
  /// Rates are relative to quantization steps (training_pass.hpp): .01 moves a weight by up to a hundredth of its step.
  /// Of networks that are not quantized a unit is 1.
  optimizer_options optimizer{.rate = 0.02};
  std::uint64_t seed = 1;
  /// Answers, an entry per input, to come near to by mean squared error: for networks that do not classify. Labels are
  /// not asked for then, and a teacher is followed by the same measure. A softmax at the end is left out.
  const tensor* targets = nullptr;
  const graph* teacher = nullptr;            ///< a float network to distill from
  double teacher_share = 0.5;                ///< of the loss; 1: no label is needed
  double temperature = 2;
  /// Of what the values inside are held to the teacher's (Romero et al., 2015): each adds this times its squared error,
  /// as a part of the teacher's square. The teacher is then the network that was prepared.
  double hints = 0;
  double observe = 0.5;  ///< straight_through: ranges follow for this part of the steps, then freeze
  /// Batch normalizations that train (prepare_options::train_norms) use the statistics of batches for this part of the
  /// steps; then running ones, frozen, as after conversion. Epochs before that are not weighed against later ones.
  double batch_statistics = 0.5;
  std::function<void(tensor&, splitmix64&)> augment{};           ///< changes a batch at random
  std::function<bool(const training_progress&)> progress{};      ///< after each step; false: stop, keep what is best
  /// What would be left if training ended now: as it begins, and after each epoch of least mean loss. For who saves it.
  std::function<void(const trainee&)> improved{};
};

namespace training {

inline std::vector<tensor> chosen_rows(std::span<const tensor> inputs, std::span<const index_t> rows) {
  std::vector<tensor> batch;
  for (const tensor& x : inputs) {
    shape s = x.sizes;
    const index_t each = x.count() / std::max<index_t>(s[0], 1);
    s[0] = static_cast<index_t>(rows.size());
    tensor part(s);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto from = x.values.begin() + rows[r] * each;
      std::copy(from, from + each, part.values.begin() + static_cast<index_t>(r) * each);
    }
    batch.push_back(std::move(part));
  }
  return batch;
}

inline void shuffle(std::vector<index_t>& order, splitmix64& random) {
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[static_cast<std::size_t>(random() % i)]);
}

/// The network without a softmax at its end.
inline graph without_softmax(graph g) {
  const node* last = g.producer(g.outputs.at(0));
  if (last != nullptr && std::holds_alternative<softmax>(last->layer)) g.outputs[0] = last->inputs[0];
  return g;
}

/// The sizes of all answers.
inline shape answer_sizes(const graph& g, std::span<const tensor> inputs) {
  const graph whole = without_softmax(g);
  std::vector<shape> sizes;
  for (const tensor& x : inputs) sizes.push_back(x.sizes);
  return infer_shapes(whole, sizes)[static_cast<std::size_t>(whole.outputs[0])];
}

/// How many outputs an entry has.
inline index_t classes(const graph& g, std::span<const tensor> inputs) {
  return answer_sizes(g, inputs).count() / std::max<index_t>(inputs[0].sizes[0], 1);
}

/// As values lie in a pass: images with the channel fastest.
inline tensor as_in_memory(tensor x) {
  if (x.sizes.rank != 4) return x;
  std::vector<float> values(x.values.size());
  copy_strided(x.sizes, x.values.data(), row_major_strides(x.sizes), values.data(), memory_strides(x.sizes));
  x.values = std::move(values);
  return x;
}

/// The teacher's answers to all inputs, as they lie in memory; empty where there is no teacher, or inputs change from
/// step to step.
inline tensor answers(const graph* teacher, std::span<const tensor> inputs, index_t batch) {
  tensor all;
  for (index_t first = 0, n = inputs[0].sizes[0]; teacher != nullptr && first < n; first += batch) {
    const std::vector<tensor> part = some_rows(inputs, first, std::min(batch, n - first));
    const tensor y = as_in_memory(evaluate(*teacher, part, {.grids = false})[0]);
    if (first == 0) all.sizes = y.sizes;
    all.sizes[0] = n;
    all.values.insert(all.values.end(), y.values.begin(), y.values.end());
  }
  return all;
}

/// The teacher's answers to a batch, as they lie in memory, and the loss of the values inside that are on grids, its
/// gradients added.
inline tensor hint(const graph& teacher, std::span<const tensor> batch, const trainee& t, float weight,
                   training_pass& pass, double& loss) {
  return as_in_memory(evaluate(teacher, batch, {.grids = false}, [&](int v, std::span<float> aim, const shape&) {
    const int g = t.grid_of[static_cast<std::size_t>(v)];
    if (weight == 0 || g < 0 || t.net.producer(v) == nullptr) return;
    const auto& observed = t.grids[static_cast<std::size_t>(g)].observed;
    if (std::find(observed.begin(), observed.end(), v) == observed.end()) return;
    double square = 0;
    for (float x : aim) square += static_cast<double>(x) * static_cast<double>(x);
    square = std::max(square / static_cast<double>(aim.size()), 1e-20);
    const float share = weight / static_cast<float>(square);
    loss += static_cast<double>(share) * mean_squared_error(pass.value(v), aim, share, pass.gradient(v));
  })[0]);
}

/// Gives a trainee back what was best, whatever ends the training: by moves, which throw nothing.
struct leave_behind {
  trainee& t;
  trainee& best;

  ~leave_behind() { t = std::move(best); }
};
static_assert(std::is_nothrow_move_assignable_v<trainee>);

}  // namespace training

/// Trains on inputs (one tensor per input of the network, batches of the same length) to answer with `labels`, and
/// leaves the weights of the epoch of least mean loss; one that was stopped midway counts where there is no other. The
/// same seed gives the same weights, bit for bit. Throws std::invalid_argument where a label is out of range or sizes
/// do not fit, before the first step; and where the loss or a weight is no longer finite, with the node it began at.
/// Whatever is thrown, by what is called from here too, the best weights so far are kept.
inline void train(trainee& t, std::span<const tensor> inputs, std::span<const index_t> labels,
                  const train_options& o = {}) {
  check_inputs(t.net, inputs);
  const index_t all = inputs[0].sizes[0];
  const bool labelled = o.targets == nullptr && (o.teacher == nullptr || o.teacher_share < 1);
  const shape answers = training::answer_sizes(t.net, inputs);
  const index_t places = answers.rank == 4 ? answers[2] * answers[3] : 1;  // each with classes of its own
  if ((labelled || !labels.empty()) && static_cast<index_t>(labels.size()) != all) {
    contract::invalid_argument(labels.size(), " labels for ", all, " inputs");
  }
  if (labelled && places != 1) {
    contract::invalid_argument("labels for answers of ", to_string(answers), ", which want targets");
  }
  if (o.targets != nullptr && o.targets->sizes != answers) {
    contract::invalid_argument("targets of ", to_string(o.targets->sizes), " for answers of ", to_string(answers));
  }
  check_labels(labels, training::classes(t.net, inputs));
  if (o.batch < 1 || o.epochs < 0) contract::invalid_argument(o.epochs, " epochs in batches of ", o.batch);
  const float share = o.teacher != nullptr ? static_cast<float>(o.teacher_share) : 0.0f;
  graph teacher;
  if (o.teacher != nullptr) teacher = training::without_softmax(*o.teacher);

  if (o.hints > 0 && (o.teacher == nullptr || o.teacher->values.size() != t.net.values.size())) {
    contract::invalid_argument("hints need the network that was prepared as the teacher");
  }
  const bool asked_once = o.teacher != nullptr && !o.augment && o.hints == 0;
  const tensor taught = training::answers(asked_once ? &teacher : nullptr, inputs, o.batch);
  const tensor targets = o.targets != nullptr ? training::as_in_memory(*o.targets) : tensor{};

  training_pass pass(t);
  splitmix64 random(o.seed);
  std::vector<index_t> order(static_cast<std::size_t>(all));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<index_t>(i);
  const index_t per_epoch = (all + o.batch - 1) / o.batch, steps = per_epoch * o.epochs;
  const auto within = [&](index_t step, double part) {
    return static_cast<double>(step) < part * static_cast<double>(steps);
  };
  const bool trains_norms = std::any_of(t.norms.begin(), t.norms.end(), [](const auto& n) { return n.has_value(); });
  refresh(t);
  trainee best = t;
  const training::leave_behind at_the_end{t, best};
  double least = std::numeric_limits<double>::infinity();
  bool stopped = false;
  if (o.improved) o.improved(t);
  for (index_t epoch = 0, step = 0; epoch < o.epochs && !stopped; ++epoch) {
    training::shuffle(order, random);
    double loss = 0, correct = 0, seen = 0;
    const bool of_batches = trains_norms && within(step, o.batch_statistics);
    for (index_t first = 0; first < all && !stopped; first += o.batch, ++step) {
      const index_t n = std::min(o.batch, all - first);
      const std::span<const index_t> rows(order.data() + first, static_cast<std::size_t>(n));
      std::vector<tensor> batch = training::chosen_rows(inputs, rows);
      if (o.augment) o.augment(batch[0], random);
      std::vector<index_t> wanted;
      for (index_t r : rows) wanted.push_back(labels.empty() ? 0 : labels[static_cast<std::size_t>(r)]);

      const bool observe = within(step, o.observe);
      refresh(t, observe && t.options.method == grid_learning::straight_through);
      pass.forward(batch, observe, within(step, o.batch_statistics));
      const std::span<float> gradient = pass.output_gradient();
      const auto near = [&](const tensor& aim, float weight) {
        return mean_squared_error(pass.output(), aim.values, weight, gradient);
      };
      double now = 0;
      if (share < 1) {
        now += (1 - static_cast<double>(share)) *
               (labelled ? cross_entropy(pass.output(), wanted, 1 - share, gradient)
                         : near(training::chosen_rows(std::span(&targets, 1), rows)[0], 1 - share));
      }
      if (o.teacher != nullptr) {
        const tensor aim =
            taught.values.empty() ? training::hint(teacher, batch, t, static_cast<float>(o.hints), pass, now)
                                  : training::chosen_rows(std::span(&taught, 1), rows)[0];
        now += static_cast<double>(share) *
               (o.targets != nullptr ? near(aim, share)
                                     : distillation(pass.output(), aim.values, n * places,
                                                    static_cast<float>(o.temperature), share, gradient));
      }
      if (!std::isfinite(now)) {
        const node* where = pass.first_not_finite();
        contract::invalid_argument("the loss is ", now, " at step ", step, ", beginning at node '",
                                   where == nullptr ? "?" : where->name, "'; a lower rate may help");
      }
      pass.backward();
      const double rate = o.optimizer.rate * o.optimizer.schedule.at(step, steps);
      for (parameter& p : pass.parameters()) update(p, o.optimizer, rate, step);
      if (const std::string lost = pass.lost_parameter(); !lost.empty()) {
        contract::invalid_argument("after step ", step, " what ", lost, " learns is not finite; a lower rate may help");
      }
      loss += now * static_cast<double>(n);
      seen += static_cast<double>(n);
      if (!labels.empty()) correct += static_cast<double>(count_correct(pass.output(), wanted));
      stopped = o.progress && !o.progress({epoch, step + 1, steps, loss / seen, correct / seen});
    }
    refresh(t);
    if (loss / seen > least || (stopped && epoch > 0)) continue;
    if (!of_batches) least = loss / seen;
    best = t;
    if (o.improved) o.improved(t);
  }
}
inline void train(trainee& t, const tensor& inputs, std::span<const index_t> labels, const train_options& o = {}) {
  train(t, std::span<const tensor>(&inputs, 1), labels, o);
}

/// Prepare, train and convert in one. Calibrates on the first 512 inputs, and matches statistics on them where grids
/// learn.
inline graph fine_tune(const graph& net, std::span<const tensor> inputs, std::span<const index_t> labels,
                       const prepare_options& prepared = {}, const train_options& o = {}) {
  check_inputs(net, inputs);
  const std::vector<tensor> sample = first_rows(inputs, std::min<index_t>(512, inputs[0].sizes[0]));
  trainee t = prepare(net, sample, prepared);
  if (prepared.method != grid_learning::straight_through) match_statistics(t, sample);
  train(t, inputs, labels, o);
  return convert(t);
}
inline graph fine_tune(const graph& net, const tensor& inputs, std::span<const index_t> labels,
                       const prepare_options& prepared = {}, const train_options& o = {}) {
  return fine_tune(net, std::span<const tensor>(&inputs, 1), labels, prepared, o);
}

}  // namespace equant::inline EQUANT_ABI::nn
