// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/activation_aware.hpp>
#include <equant/weights/adaround.hpp>
#include <equant/weights/hqq.hpp>
#include <equant/weights/round_weights.hpp>

#include <concepts>
#include <string>

namespace equant::inline EQUANT_ABI::weights {

/// By compensation and descent as the options say, or by a method of its own, which takes of them how inputs are
/// grouped, scaled and turned.
enum class rounding_way { by_options, adaround, hqq };

/// Rounds in one of these ways; AdaRound and HQQ onto levels only.
template <class Code>
coded_weights round_in(rounding_way way, const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, const Code& code,
                       const rounding_options& o) {
  if constexpr (std::same_as<Code, levels>) {
    if (way != rounding_way::by_options) {
      return choosing::changed(w, s, o, [&](const Eigen::MatrixXf& a, const Eigen::MatrixXf& b) {
        return way == rounding_way::hqq ? hqq(a, code, o.group) : adaround(a, b, code, {.group = o.group});
      });
    }
  }
  return round_weights(w, s, code, o);
}

/// What was tried, and what it costs on held-out inputs.
struct rounding_attempt {
  std::string name;
  rounding_way way = rounding_way::by_options;
  rounding_options options{};
  double error = 0;
};

struct rounding_choice {
  coded_weights result;
  std::size_t chosen = 0;
  std::vector<rounding_attempt> attempts;

  /// "gptq, rotated: output error 0.0021 on held-out inputs; nearest 0.011; gptq 0.0025 ..."
  std::string why() const {
    std::string text =
        contract::joined(attempts[chosen].name, ": output error ", attempts[chosen].error, " on held-out inputs");
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      if (i != chosen) text += contract::joined("; ", attempts[i].name, " ", attempts[i].error);
    }
    return text;
  }
};

/// Tries nearest levels, coordinate descent from them, HQQ, AdaRound, GPTQ in order and with inputs of much power
/// first, and GPTQ on rotated and on scaled inputs (activation_aware.hpp, the root mean square taken for the mean
/// magnitude), and keeps what does best on inputs of moments `held_out`, which the roundings did not see. `may_change`
/// where the caller can turn and scale the inputs.
template <class Code>
rounding_choice automatic_rounding(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, const Eigen::MatrixXf& held_out,
                                   const Code& code, index_t group = 0, bool may_change = true) {
  check_moments(w, held_out);
  rounding_choice choice;
  const auto keep = [&](std::string name, rounding_way way, const rounding_options& o, coded_weights q, double error) {
    if (choice.attempts.empty() || error < choice.attempts[choice.chosen].error) {
      choice.chosen = choice.attempts.size();
      choice.result = std::move(q);
    }
    choice.attempts.push_back({std::move(name), way, o, error});
  };
  const auto attempt = [&](std::string name, const rounding_options& o, rounding_way way = rounding_way::by_options) {
    coded_weights q = round_in(way, w, s, code, o);
    const double error = output_error(w, q.values, held_out);
    keep(std::move(name), way, o, std::move(q), error);
  };
  attempt("nearest", {.compensate = false, .descend = false, .group = group});
  if constexpr (std::same_as<Code, levels>) {
    attempt("coordinate", {.compensate = false, .group = group});
    attempt("hqq", {.group = group}, rounding_way::hqq);
    attempt("adaround", {.group = group}, rounding_way::adaround);
  }
  attempt("gptq", {.group = group});
  attempt("gptq, ordered", {.ordered = true, .group = group});
  if (!may_change) return choice;
  attempt("gptq, rotated", {.rotate = true, .group = group});
  auto aware = activation_aware(w, s, held_out, s.diagonal().cwiseMax(0).cwiseSqrt(), code, {.group = group});
  if (aware.exponent == 0) return choice;
  keep(contract::joined("gptq, activation-aware with exponent ", aware.exponent), rounding_way::by_options,
       {.factors = aware.factors, .group = group}, std::move(aware.result), aware.error);
  return choice;
}

}  // namespace equant::inline EQUANT_ABI::weights
