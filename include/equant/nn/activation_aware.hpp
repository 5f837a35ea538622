// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/equalize.hpp>
#include <equant/nn/evaluate.hpp>
#include <equant/nn/layer_inputs.hpp>
#include <equant/weights/activation_aware.hpp>

#include <optional>

namespace equant::inline EQUANT_ABI::nn {

/// How the channels that a layer reads were scaled, and what rounding its weights then costs its output on inputs that
/// were held out, relative to the output.
struct activation_scaling {
  std::string layer;
  float exponent = 0;  ///< of the mean magnitudes; 0: not scaled
  double error = 0, plain_error = 0;
};

/// What the weights of a layer are to be rounded to, and how.
struct rounding_plan {
  equant::weights::levels code;
  equant::weights::rounding_options options{};
};

namespace scaling {

/// mean |x| of each channel: `each` neighbours of the fastest axis, which has `inputs` values.
inline Eigen::VectorXf magnitudes(std::span<const float> x, index_t inputs, index_t each) {
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(inputs / each);
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum[static_cast<index_t>(i) % inputs / each] += static_cast<double>(std::abs(x[i]));
  }
  return (sum / static_cast<double>(std::max<std::size_t>(x.size() / static_cast<std::size_t>(inputs), 1) *
                                    static_cast<std::size_t>(each)))
      .cast<float>();
}

/// Factors per channel, the nearest powers of two.
inline Eigen::VectorXf factors(const Eigen::VectorXf& magnitudes, float exponent) {
  return equant::weights::activation_factors(magnitudes, exponent).unaryExpr([](float f) {
    return std::exp2(std::round(std::log2(f)));
  });
}

}  // namespace scaling

/// Activation-aware scaling of a float network (AWQ, Lin et al. 2023): between two layers that only positively
/// homogeneous ones separate (channel_pairs), channels of large magnitude are divided by a power of it, and the weights
/// that read them multiplied, so that these lose less when they are rounded. The network computes the same, to the bit,
/// for factors are powers of two. The exponent is chosen for each layer among 0, 0.1 ... 1: rounded by every other
/// input as `plan(node)` says, its output shall come out best on those between. Layers without a plan, and depthwise
/// ones, whose outputs have scales anyway, are left as they are.
template <class Plan>
std::vector<activation_scaling> scale_by_activations(graph& g, std::span<const tensor> inputs, Plan&& plan) {
  std::vector<activation_scaling> done;
  std::vector<std::pair<channel_pair, std::vector<float>>> wanted;
  const std::vector<channel_pair> pairs = channel_pairs(g);
  std::vector<shape> given;
  for (const tensor& x : inputs) given.push_back(x.sizes);
  const std::vector<shape> sizes = infer_shapes(g, given);
  evaluate(g, inputs, {.grids = false}, [&](int v, std::span<float> values, const shape& s) {
    for (const channel_pair& p : pairs) {
      const node& n = g.nodes[p.second];
      if (n.inputs[0] != v || matrices_of(n.layer) != 1) continue;
      const std::optional<rounding_plan> how = plan(n);
      if (!how) continue;
      const layer_inputs in{values, {}, s, sizes[static_cast<std::size_t>(n.output)]};
      const auto seen = input_moments(n.layer, 0, in, entries::even),
                 held_out = input_moments(n.layer, 0, in, entries::odd);
      if (seen.samples() == 0 || held_out.samples() == 0) continue;
      const index_t channels = weights_of(g.nodes[p.first].layer)->outputs();
      const Eigen::VectorXf magnitudes = scaling::magnitudes(values, channels * p.each, p.each);
      const auto choice = equant::weights::activation_aware_by(
          weight_matrix(n.layer, 0), seen.shrunk(), held_out.moments(), how->code, how->options, [&](float exponent) {
            const Eigen::VectorXf f = scaling::factors(magnitudes, exponent);
            Eigen::VectorXf all(seen.inputs());
            for (index_t i = 0; i < all.size(); ++i) all[i] = f[i % (channels * p.each) / p.each];
            return all;
          });
      done.push_back({n.name, choice.exponent, choice.error, choice.plain_error});
      const Eigen::VectorXf f = scaling::factors(magnitudes, choice.exponent);
      if (choice.exponent > 0) wanted.emplace_back(p, std::vector<float>(f.begin(), f.end()));
    }
  });
  for (const auto& [pair, factors] : wanted) rescale(g, pair, factors);
  return done;
}

}  // namespace equant::inline EQUANT_ABI::nn
