// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>
#include <equant/nn/own_memory.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

namespace equant::inline EQUANT_ABI::nn {

/// How the learning rate goes from the first step to the last.
enum class schedule_kind { constant, cosine, step };

struct schedule {
  schedule_kind kind = schedule_kind::cosine;
  double factor = 0.1;  ///< step: what the rate is multiplied by after each third of the steps

  /// Of the rate, at `done` of `all` steps: cosine falls as (1 + cos(pi done / all)) / 2.
  double at(index_t done, index_t all) const {
    const double part = all > 0 ? static_cast<double>(done) / static_cast<double>(all) : 0.0;
    if (kind == schedule_kind::cosine) return (1 + std::cos(std::numbers::pi * part)) / 2;
    return kind == schedule_kind::step ? std::pow(factor, std::min(2.0, std::floor(3 * part))) : 1.0;
  }
};

enum class optimizer_kind { sgd, adam };

struct optimizer_options {
  optimizer_kind kind = optimizer_kind::adam;
  double rate = 1e-3;
  double momentum = 0.9;  ///< of SGD; Adam's first moment
  double second = 0.999;  ///< Adam's second moment
  double epsilon = 1e-8;
  double weight_decay = 0;  ///< decoupled: each step takes rate * decay of the weights
  nn::schedule schedule{};
};

/// Numbers that learn, as many units (in equal parts) as there are, and what learned them so far. A unit is what one is
/// for its numbers: the optimizer sees value / unit, so that a rate of .01 moves weights by hundredths of their
/// quantization step, whatever that is.
struct parameter {
  std::span<float> values;
  std::vector<float> units{1.0f};
  bool decays = false;
  std::vector<float> gradient{}, first{}, second{};

  explicit parameter(std::span<float> v, std::vector<float> u = {1.0f}, bool decay = false)
      : values(v), units(std::move(u)), decays(decay), gradient(v.size(), 0), first(v.size(), 0), second(v.size(), 0) {}
};

/// One step of stochastic gradient descent with momentum (Polyak 1964; v = m v + g) or Adam (Kingma and Ba, 2014), the
/// `step`-th from 0, at `rate`.
inline void update(parameter& p, const optimizer_options& o, double rate, index_t step) {
  const std::size_t each = p.values.size() / std::max<std::size_t>(p.units.size(), 1);
  const double t = static_cast<double>(step + 1);
  const auto keep = static_cast<float>(o.momentum), keep_second = static_cast<float>(o.second);
  const auto first_share = static_cast<float>(1 / (1 - std::pow(o.momentum, t)));
  const auto second_share = static_cast<float>(1 / (1 - std::pow(o.second, t)));
  const auto r = static_cast<float>(rate), epsilon = static_cast<float>(o.epsilon);
  const auto left = p.decays ? static_cast<float>(1 - rate * o.weight_decay) : 1.0f;
  using array = Eigen::Map<Eigen::ArrayXf>;
  constexpr std::size_t block = 4096;
  for (std::size_t u = 0; u < p.units.size(); ++u) {
    const float unit = p.units[u];
    for (std::size_t i = u * each; i < (u + 1) * each; i += block) {
      const auto n = static_cast<Eigen::Index>(std::min(block, (u + 1) * each - i));
      array values(p.values.data() + i, n), gradient(p.gradient.data() + i, n), m(p.first.data() + i, n);
      if (o.kind == optimizer_kind::sgd) {
        m = keep * m + gradient * unit;
        values = values * left - r * unit * m;
      } else {
        array square(p.second.data() + i, n);
        m = keep * m + (1 - keep) * (gradient * unit);
        square = keep_second * square + (1 - keep_second) * (gradient * unit).square();
        const Eigen::ArrayXf root = in_own_memory((square * second_share).sqrt());
        values = values * left - r * unit * (m * first_share / (root + epsilon));
      }
    }
  }
}

}  // namespace equant::inline EQUANT_ABI::nn
