// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/round_weights.hpp>

/// Factors for the inputs of a layer: weights are multiplied by them before they are rounded
/// (rounding_options::factors), what the layer reads is divided by them. Inputs of large activations then lose less.
namespace equant::inline EQUANT_ABI::weights {

/// mean |x| of each input; samples are rows.
inline Eigen::VectorXf mean_magnitudes(const Eigen::Ref<const row_matrix>& x) {
  if (x.rows() == 0) contract::invalid_argument("magnitudes of no samples");
  return x.cwiseAbs().colwise().mean().transpose();
}

namespace factoring {

inline void check(const Eigen::VectorXf& magnitudes, float exponent) {
  if (!magnitudes.allFinite() || (magnitudes.array() < 0).any()) {
    contract::invalid_argument("magnitudes of inputs that are negative or not finite");
  }
  if (!(exponent >= 0 && exponent <= 1))
    contract::invalid_argument("an exponent of ", exponent, "; 0 to 1 are possible");
}

}  // namespace factoring

/// AWQ's factors (Lin et al. 2023): m^exponent of the inputs' mean magnitudes m, so that the largest times the smallest
/// is 1. Inputs that are always next to nothing are taken for the smallest of the others.
inline Eigen::VectorXf activation_factors(Eigen::VectorXf magnitudes, float exponent) {
  factoring::check(magnitudes, exponent);
  const float most = magnitudes.size() == 0 ? 0 : magnitudes.maxCoeff();
  if (!(most > 0)) return Eigen::VectorXf::Ones(magnitudes.size());
  const auto alive = magnitudes.array() > most * 1e-9f;
  const float least = alive.select(magnitudes, most).minCoeff(), middle = std::sqrt(most) * std::sqrt(least);
  return (magnitudes.array().max(least) / middle).pow(exponent);
}

/// SmoothQuant's factors (Xiao et al. 2022): max |x|^exponent / max |w|^(1 - exponent), of the largest magnitudes of
/// each input and of the weights that read it; 1 where either is nothing.
inline Eigen::VectorXf smoothing_factors(const Eigen::VectorXf& largest, const Eigen::VectorXf& weights,
                                         float exponent) {
  factoring::check(largest, exponent);
  factoring::check(weights, exponent);
  if (largest.size() != weights.size()) {
    contract::invalid_argument(largest.size(), " magnitudes of inputs beside ", weights.size(), " of their weights");
  }
  const auto both = largest.array() > 0 && weights.array() > 0;
  return both.select(largest.array().pow(exponent) / weights.array().pow(1 - exponent), 1.0f);
}

struct activation_aware_choice {
  coded_weights result;  ///< `values` for inputs as they are; units and scales for inputs divided by the factors
  Eigen::VectorXf factors;
  float exponent = 0;
  double error = 0, plain_error = 0;  ///< of the output on held-out inputs, with these factors and with none
};

/// Activation-aware scaling: of the exponents 0, 0.1 ... 1 the one whose factors, as `factors_of(exponent)` gives them,
/// make the weights rounded by `o` cost least on inputs of moments `held_out`, which the rounding did not see.
template <class Code, class Factors>
activation_aware_choice activation_aware_by(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s,
                                            const Eigen::MatrixXf& held_out, const Code& code, rounding_options o,
                                            Factors&& factors_of) {
  activation_aware_choice best;
  Eigen::VectorXf before;
  for (int tenth = 0; tenth <= 10; ++tenth) {
    const float exponent = static_cast<float>(tenth) / 10;
    const Eigen::VectorXf factors = factors_of(exponent);
    if (tenth > 0 && factors == before) continue;
    o.factors = before = factors;
    coded_weights q = round_weights(w, s, code, o);
    const double error = output_error(w, q.values, held_out);
    if (tenth == 0) best.plain_error = error;
    if (tenth == 0 || error < best.error) best = {std::move(q), factors, exponent, error, best.plain_error};
  }
  return best;
}

/// The same with AWQ's factors of the inputs' mean magnitudes.
template <class Code>
activation_aware_choice activation_aware(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s,
                                         const Eigen::MatrixXf& held_out, const Eigen::VectorXf& magnitudes,
                                         const Code& code, const rounding_options& o = {}) {
  return activation_aware_by(w, s, held_out, code, o, [&](float e) { return activation_factors(magnitudes, e); });
}

}  // namespace equant::inline EQUANT_ABI::weights
