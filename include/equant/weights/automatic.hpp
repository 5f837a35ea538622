// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/weights/round_weights.hpp>

#include <string>

namespace equant::inline EQUANT_ABI::weights {

/// What was tried, and what it costs on held-out inputs.
struct rounding_attempt {
  std::string name;
  rounding_options options;
  double error = 0;
};

struct rounding_choice {
  coded_weights result;
  std::size_t chosen = 0;
  std::vector<rounding_attempt> attempts;

  /// "gptq, rotated: output error 0.0021 on held-out inputs; nearest 0.011; gptq 0.0025 ..."
  std::string why() const {
    std::string text = contract::joined(attempts[chosen].name, ": output error ", attempts[chosen].error,
                                        " on held-out inputs");
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      if (i != chosen) text += contract::joined("; ", attempts[i].name, " ", attempts[i].error);
    }
    return text;
  }
};

/// Tries nearest levels and GPTQ, in order or with inputs of much power first, plain or rotated, and keeps what does
/// best on inputs of moments `held_out`, which the roundings did not see. `may_rotate` where the caller can turn the inputs.
template <class Code>
rounding_choice automatic_rounding(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s, const Eigen::MatrixXf& held_out,
                                   const Code& code, index_t group = 0, bool may_rotate = true) {
  rounding_choice choice;
  const auto attempt = [&](std::string name, const rounding_options& o) {
    coded_weights q = round_weights(w, s, code, o);
    const double error = output_error(w, q.values, held_out);
    if (choice.attempts.empty() || error < choice.attempts[choice.chosen].error) {
      choice.chosen = choice.attempts.size();
      choice.result = std::move(q);
    }
    choice.attempts.push_back({std::move(name), o, error});
  };
  attempt("nearest", {.compensate = false, .descend = false, .group = group});
  attempt("gptq", {.group = group});
  attempt("gptq, ordered", {.ordered = true, .group = group});
  if (may_rotate) attempt("gptq, rotated", {.rotate = true, .group = group});
  return choice;
}

}  // namespace equant::inline EQUANT_ABI::weights
