// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/contract.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <numbers>
#include <span>

/// Probability densities whose quantizers are known exactly. Each is the family's standard member, symmetric about
/// 0 and of variance 1, in closed form; `located` moves and stretches it.
///
///   pdf(x), cdf(x), quantile(p)    f, F and the inverse of F
///   moments(a, b)                  integrals of f, x f, x^2 f over [a, b], which may be infinite
///   cube_root_stretch              f^(1/3), normalized, is f stretched by this: the density of the levels of the best
///                                  quantizer of many levels (Panter and Dite, 1951)
///   edge                           f is zero beyond -edge..edge; smooth on either side of 0
namespace equant::inline EQUANT_ABI::densities {

/// Partial moments: integrals of f, x f and x^2 f.
struct moments {
  double zeroth = 0, first = 0, second = 0;
};

inline constexpr double infinity = std::numeric_limits<double>::infinity();

struct gaussian {
  static constexpr const char* name = "gaussian";
  static constexpr double edge = infinity;
  static constexpr double cube_root_stretch = std::numbers::sqrt3;

  static double pdf(double x) { return std::exp(-x * x / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2; }
  static double cdf(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }
  /// By Newton's steps on the logarithm of F, which is concave: from the left they cannot overshoot.
  static double quantile(double p) {
    if (p > 0.5) return -quantile(1 - p);
    if (!(p > 0)) return -infinity;
    double x = -std::sqrt(-2 * std::log(p)) - 1;
    for (int i = 0; i < 60; ++i) {
      const double step = std::log(cdf(x) / p) * cdf(x) / pdf(x);
      x -= step;
      if (std::abs(step) < 1e-15 * (1 + std::abs(x))) break;
    }
    return x;
  }
  static moments between(double a, double b) {
    const double at_a = std::isinf(a) ? 0 : pdf(a), at_b = std::isinf(b) ? 0 : pdf(b);
    const double mass = a > 0 ? cdf(-a) - cdf(-b) : cdf(b) - cdf(a);  // small differences of small numbers
    return {mass, at_a - at_b, mass + (at_a == 0 ? 0 : a * at_a) - (at_b == 0 ? 0 : b * at_b)};
  }
};

struct laplace {
  static constexpr const char* name = "laplace";
  static constexpr double edge = infinity;
  static constexpr double cube_root_stretch = 3;
  static constexpr double rate = std::numbers::sqrt2;

  static double pdf(double x) { return rate / 2 * std::exp(-rate * std::abs(x)); }
  static double cdf(double x) { return x < 0 ? std::exp(rate * x) / 2 : 1 - std::exp(-rate * x) / 2; }
  static double quantile(double p) {
    return p < 0.5 ? std::log(2 * p) / rate : -std::log(2 * (1 - p)) / rate;
  }
  static moments between(double a, double b) {
    if (b <= 0) {
      const moments m = between(-b, -a);
      return {m.zeroth, -m.first, m.second};
    }
    if (a < 0) {
      const moments left = between(0, -a), right = between(0, b);
      return {left.zeroth + right.zeroth, right.first - left.first, left.second + right.second};
    }
    const moments from_a = beyond(a), from_b = beyond(b);
    return {from_a.zeroth - from_b.zeroth, from_a.first - from_b.first, from_a.second - from_b.second};
  }

 private:
  /// Over [x, infinity), x >= 0.
  static moments beyond(double x) {
    if (std::isinf(x)) return {};
    const double mass = std::exp(-rate * x) / 2, unit = 1 / rate;
    return {mass, mass * (x + unit), mass * (x * x + 2 * unit * (x + unit))};
  }
};

struct uniform {
  static constexpr const char* name = "uniform";
  static constexpr double edge = std::numbers::sqrt3;
  static constexpr double cube_root_stretch = 1;

  static double pdf(double x) { return std::abs(x) <= edge ? 1 / (2 * edge) : 0; }
  static double cdf(double x) { return std::clamp(0.5 + x / (2 * edge), 0.0, 1.0); }
  static double quantile(double p) { return edge * (2 * p - 1); }
  static moments between(double a, double b) {
    a = std::clamp(a, -edge, edge);
    b = std::clamp(b, -edge, edge);
    const double f = 1 / (2 * edge);
    return {f * (b - a), f * (b * b - a * a) / 2, f * (b * b * b - a * a * a) / 3};
  }
};

/// A family of densities.
template <class D>
concept standard_density = requires(double x) {
  { D::name } -> std::convertible_to<const char*>;
  { D::pdf(x) } -> std::same_as<double>;
  { D::cdf(x) } -> std::same_as<double>;
  { D::quantile(x) } -> std::same_as<double>;
  { D::between(x, x) } -> std::same_as<moments>;
  { D::cube_root_stretch } -> std::convertible_to<double>;
  { D::edge } -> std::convertible_to<double>;
};

/// Moments about c of f over [a, b]: integrals of f, (x - c) f and (x - c)^2 f. Over a short interval by Gauss and
/// Legendre's rule, which does not cancel as differences of closed forms do.
template <standard_density D>
moments about(double c, double a, double b) {
  a = std::max(a, -D::edge);
  b = std::min(b, D::edge);
  if (a < 0 && b > 0) {  // f may have a corner at 0
    const moments left = about<D>(c, a, 0), right = about<D>(c, 0, b);
    return {left.zeroth + right.zeroth, left.first + right.first, left.second + right.second};
  }
  if (b - a > 1) {
    const moments m = D::between(a, b);
    return {m.zeroth, m.first - c * m.zeroth, m.second - c * (2 * m.first - c * m.zeroth)};
  }
  constexpr double place[] = {0.1252334085114689, 0.3678314989981802, 0.5873179542866175,
                              0.7699026741943047, 0.9041172563704749, 0.9815606342467193};
  constexpr double weight[] = {0.2491470458134028, 0.2334925365383548, 0.2031674267230659,
                               0.1600783285433462, 0.1069393259953184, 0.0471753363865118};
  const double middle = (a + b) / 2, half = (b - a) / 2;
  moments sum;
  for (int i = 0; i < 6; ++i) {
    for (const double x : {middle - half * place[i], middle + half * place[i]}) {
      const double f = half * weight[i] * D::pdf(x);
      sum.zeroth += f;
      sum.first += f * (x - c);
      sum.second += f * (x - c) * (x - c);
    }
  }
  return sum;
}

/// The mean square error of the quantizer with these ascending levels, each value at the nearest.
template <standard_density D>
double quantization_error(std::span<const double> levels) {
  double sum = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const double low = i == 0 ? -infinity : (levels[i - 1] + levels[i]) / 2;
    const double high = i + 1 == levels.size() ? infinity : (levels[i] + levels[i + 1]) / 2;
    sum += about<D>(levels[i], low, high).second;
  }
  return sum;
}

/// mean + deviation * X, where X has the density D.
template <standard_density D>
struct located {
  double mean = 0, deviation = 1;
};

}  // namespace equant::inline EQUANT_ABI::densities
