// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/distribution.hpp>

namespace equant::inline EQUANT_ABI {

/// P(Y > y) = (1 + shape * y / scale)^(-1 / shape): what excesses over a high threshold tend to (Balkema and de Haan,
/// 1974; Pickands, 1975).
struct generalized_pareto {
  double shape = 0.1;
  double scale = 1;

  double survival(double y) const {
    const double z = y / scale;
    if (std::abs(shape) < 1e-9) return std::exp(-z);
    const double base = uncontracted(shape * z);
    return base > -1 ? std::exp(-std::log1p(base) / shape) : 0;
  }

  /// By the mean of a profile posterior (Zhang and Stephens, 2009); the shape is drawn to 0.1 by a twentieth.
  /// Each mass of excesses stands at its `low`.
  static generalized_pareto fitted(const std::vector<mass>& excesses) {
    constexpr int trials = 30;
    double count = 0;
    for (const mass& m : excesses) count += m.weight;
    double quarter = excesses.back().low, below = 0;
    for (const mass& m : excesses) {
      if (below < count / 4) quarter = m.low;
      below += m.weight;
    }
    const auto shape_at = [&](double t) {
      double sum = 0;
      for (const mass& m : excesses) sum += uncontracted(m.weight * std::log1p(-t * m.low));
      return sum / count;
    };
    double at[trials], likelihood[trials], best = -std::numeric_limits<double>::infinity();
    for (int i = 0; i < trials; ++i) {
      at[i] = 1 / excesses.back().low + (1 - std::sqrt(trials / (i + 0.5))) / (3 * quarter);
      const double shape = shape_at(at[i]);
      likelihood[i] = count * (std::log(-at[i] / shape) - shape - 1);
      if (likelihood[i] > best) best = likelihood[i];
    }
    double sum = 0, mean = 0;
    for (int i = 0; i < trials; ++i) {
      const double p = std::exp(likelihood[i] - best);
      if (!(p > 0)) continue;
      sum += p;
      mean += uncontracted(p * at[i]);
    }
    mean /= sum;
    const double shape = shape_at(mean);
    return {(shape + 0.005) / 1.05, -shape / mean};
  }
};

/// A model of the largest values: the even mixture of generalized Pareto laws for the excess x - u and for log(x / u).
/// The first takes the tails of log-normal values for heavier than they are, the second for lighter.
class tail_model {
 public:
  /// Of the masses above a threshold u > 0.
  tail_model(const mass* from, const mass* to, double threshold) : threshold_(threshold) {
    std::vector<mass> plain, logarithm;
    for (const mass* m = from; m != to; ++m) {
      const double ratio = (m->low + m->high) / 2 / threshold;
      plain.push_back({ratio - 1, ratio - 1, m->weight});
      logarithm.push_back({std::log(ratio), 0, m->weight});
    }
    plain_ = generalized_pareto::fitted(plain);
    logarithm_ = generalized_pareto::fitted(logarithm);
  }

  /// P(X > x), given that it is above the threshold.
  double survival(double x) const {
    const double ratio = x / threshold_;
    return (plain_.survival(ratio - 1) + logarithm_.survival(std::log(ratio))) / 2;
  }

  /// How far the masses it was fitted to are from it: chi-square over the halves of the tail, the halves of what is
  /// left, and so on while they hold 8 values, by their number.
  double misfit(const mass* from, const mass* to) const {
    double count = 0;
    for (const mass* m = from; m != to; ++m) count += m->weight;
    double sum = 0, seen = 0, share = 0.5, above = 1;
    int groups = 0;
    for (const mass* m = from; m != to; ++m) {
      seen += m->weight;
      const double here = m + 1 == to ? 0 : survival((m->high + (m + 1)->low) / 2);
      if (m + 1 != to && (here > share || count * here < 8)) continue;
      const double expected = count * (above - here);
      sum += uncontracted((seen - expected) * (seen - expected)) / std::max(expected, 1.0);
      ++groups;
      seen = 0;
      above = here;
      share = here / 2;
    }
    return sum / groups;
  }

  /// Masses for the model, `weight` in all, as far as a part of 1e-7 is left.
  void append_to(std::vector<mass>& masses, double weight) const {
    double reach = threshold_;
    while (survival(reach) > 1e-7 && reach < 1e4 * threshold_) reach *= 1.05;
    constexpr int slices = 200;
    double before = threshold_, above = 1;
    for (int i = 1; i <= slices; ++i) {
      const double x = threshold_ * std::pow(reach / threshold_, double(i) / slices);
      const double here = i == slices ? 0 : survival(x);
      if (here < above) masses.push_back({before, x, weight * (above - here)});
      before = x;
      above = here;
    }
  }

 private:
  double threshold_;
  generalized_pareto plain_, logarithm_;
};

/// The masses with their largest values replaced by a model of the tail, where one fits: of the largest 0.84 n^(2/3) of
/// n values, else of half as many, and so on down to 200. What takes few distinct values stays as it is.
inline std::vector<mass> with_smooth_tail(std::vector<mass> masses) {
  double count = 0;
  for (const mass& m : masses) count += m.weight;
  double tolerance = 4;
  for (double largest = 0.84 * std::cbrt(count) * std::cbrt(count); largest >= 200; largest /= 2) {
    double weight = 0, discrete = 0;
    std::size_t first = masses.size();
    while (first > 0 && weight + masses[first - 1].weight <= largest) {
      const mass& m = masses[--first];
      weight += m.weight;
      if (m.low == m.high && m.weight > 2) discrete += m.weight;
    }
    if (first == 0 || masses.size() - first < 20 || discrete > weight / 4) continue;
    const double threshold = masses[first - 1].high + (masses[first].low - masses[first - 1].high) / 2;
    if (!(threshold > 0)) continue;
    const mass* const from = masses.data() + first;
    const mass* const to = masses.data() + masses.size();
    const tail_model tail(from, to, threshold);
    if (!(tail.misfit(from, to) < std::exchange(tolerance, 2))) continue;
    masses.resize(first);
    tail.append_to(masses, weight);
    break;
  }
  return masses;
}

}  // namespace equant::inline EQUANT_ABI
