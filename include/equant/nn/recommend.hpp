// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/metrics/target.hpp>
#include <equant/nn/predict.hpp>
#include <equant/nn/width_table.hpp>

/// How small a network may become:
///
///   auto r = nn::recommend(net, images, target_sqnr{25});             // or target_bytes, target_bits, target_answers
///   nn::graph small = nn::quantize(net, images, {.widths = r.widths()});
namespace equant::inline EQUANT_ABI::nn {

/// Weights of at most so many bits on average.
struct target_bits {
  double average = 4;
};

/// At least this part of answers, the places of the largest value in the first output, as the float network gives them.
struct target_answers {
  double part = 0.99;
};

/// Widths for the layers of a network, and what they come to.
struct recommendation {
  width_table table{};                   ///< what each layer costs at each width
  equant::weights::allocation chosen{};  ///< bytes of weights and scales; error: expected, the sum over the layers
  /// Measured with all layers at their widths, activations as the options say, on every other input, the network
  /// quantized on those between: the SQNR of the worst output, and the part of answers as in float.
  double sqnr_db = 0, same_answers = 0;
  bool reached = true;  ///< whether a target that is measured is met; where not, these are the largest widths there are

  std::vector<layer_width> widths() const { return table.widths(chosen); }
  double average_bits() const { return table.average_bits(chosen); }
};

namespace recommending {

/// Entries 0, 2, 4 ... of a batch, or 1, 3, 5 ...
inline std::vector<tensor> every_other(std::span<const tensor> inputs, index_t first) {
  std::vector<tensor> half;
  for (const tensor& x : inputs) {
    const index_t all = x.sizes[0], each = x.count() / all;
    tensor part;
    part.sizes = x.sizes;
    part.sizes[0] = (all - first + 1) / 2;
    for (index_t r = first; r < all; r += 2) {
      part.values.insert(part.values.end(), x.values.begin() + r * each, x.values.begin() + (r + 1) * each);
    }
    half.push_back(std::move(part));
  }
  return half;
}

/// Measures networks of given widths on inputs that they were not quantized on.
class judge {
 public:
  judge(const graph& net, std::span<const tensor> inputs, const quantize_options& o)
      : net_(net), options_(o), seen_(every_other(inputs, 0)), held_out_(every_other(inputs, 1)) {
    wanted_ = evaluate(net, held_out_, {.grids = false});
    options_.progress = {};
    options_.explain = {};
  }
  void measure(recommendation& r) {
    options_.widths = r.widths();
    const std::vector<tensor> got = evaluate(quantize(net_, seen_, options_), held_out_);
    r.sqnr_db = worst_sqnr_db(wanted_, got);
    r.same_answers = agreement(top1(wanted_[0]), top1(got[0]));
  }

 private:
  const graph& net_;
  quantize_options options_;
  std::vector<tensor> seen_, held_out_, wanted_;
};

/// `choose(table, measure)` gives the allocation; `measure(allocation)` the recommendation that it would be.
template <class Choose>
recommendation recommended(const graph& net, std::span<const tensor> inputs, const width_options& o, Choose&& choose) {
  check_inputs(net, inputs);
  if (inputs[0].sizes[0] < 2) contract::invalid_argument("one input: some are quantized on, others judged on");
  recommendation r{measure_widths(net, inputs, o)};
  if (r.table.layers.empty()) contract::invalid_argument("network '", net.name, "' has no weights to give widths");
  judge by(net, inputs, o.quantize);
  const auto measure = [&](const equant::weights::allocation& a) -> const recommendation& {
    if (a.chosen != r.chosen.chosen) {
      r.chosen = a;
      by.measure(r);
    }
    return r;
  };
  measure(choose(r.table, measure));
  return r;
}

/// The smallest that `good(recommendation)` accepts, each tried.
template <class Good>
recommendation smallest(const graph& net, std::span<const tensor> inputs, const width_options& o, Good&& good) {
  recommendation r = recommended(net, inputs, o, [&](const width_table& table, const auto& measure) {
    return smallest_good(table.curve(), [&](const auto& a) { return good(measure(a)); });
  });
  r.reached = good(r);
  return r;
}

}  // namespace recommending

/// The widths of 2 to 8 bits (or those of the options) that cost a network's output least within a budget, or the
/// fewest bytes that reach what is wanted of its output, which is measured on inputs held out (some seven networks are
/// quantized for it). `inputs` are what it will see, at least two. Throws std::invalid_argument as measure_widths()
/// does, and where not even the smallest widths fit a budget.
inline recommendation recommend(const graph& net, std::span<const tensor> inputs, target_bits target,
                                const width_options& o = {}) {
  return recommending::recommended(net, inputs, o, [&](const width_table& table, const auto&) {
    return table.within_bits(target.average);
  });
}
inline recommendation recommend(const graph& net, std::span<const tensor> inputs, target_bytes target,
                                const width_options& o = {}) {
  return recommending::recommended(net, inputs, o, [&](const width_table& table, const auto&) {
    constexpr std::size_t most = std::numeric_limits<std::int64_t>::max();
    return table.within_bytes(static_cast<std::int64_t>(std::min(target.bytes, most)));
  });
}
inline recommendation recommend(const graph& net, std::span<const tensor> inputs, target_sqnr target,
                                const width_options& o = {}) {
  return recommending::smallest(net, inputs, o, [&](const recommendation& r) { return r.sqnr_db >= target.db; });
}
inline recommendation recommend(const graph& net, std::span<const tensor> inputs, target_answers target,
                                const width_options& o = {}) {
  return recommending::smallest(net, inputs, o,
                                [&](const recommendation& r) { return r.same_answers >= target.part; });
}
template <class Target>
recommendation recommend(const graph& net, const tensor& inputs, Target target, const width_options& o = {}) {
  return recommend(net, std::span<const tensor>(&inputs, 1), target, o);
}

}  // namespace equant::inline EQUANT_ABI::nn
