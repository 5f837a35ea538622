// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "builders.hpp"

#include <functional>

/// Distributions that calibrators are held against: samples, and any uniform quantizer's error over the population.
namespace accuracy {

struct point {
  double value = 0;
  double weight = 0;
};

/// A uniform quantizer: scale * (code - zero), codes in [lowest, highest].
struct uniform_grid {
  double scale = 1, zero = 0, lowest = 0, highest = 0;
};

/// Standard normal by the polar method's plain form (Box and Muller, 1958).
inline double normal(builders::random_numbers& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform(0, 1)));
  return radius * std::cos(2 * 3.14159265358979323846 * random.uniform(0, 1));
}

/// A distribution given by its density, or by points where it is discrete.
class family {
 public:
  using sampler = std::function<double(builders::random_numbers&)>;

  /// The density on the side or sides where it is defined, integrated in slices of a part in 4000.
  family(std::string its_name, bool two_sided, std::function<double(double)> density, sampler draw, double at_zero = 0)
      : name(std::move(its_name)), one_sided(!two_sided), draw_(std::move(draw)) {
    if (at_zero > 0) population_.push_back({0, at_zero});
    constexpr double ratio = 1 + 1.0 / 4000;
    for (double sign : {1.0, -1.0}) {
      if (sign < 0 && !two_sided) break;
      for (double x = 1e-7; x < 1e7; x *= ratio) {
        const double middle = x * (1 + ratio) / 2, width = x * (ratio - 1);
        const double sum = density(sign * x) + 4 * density(sign * middle) + density(sign * x * ratio);
        if (sum > 0) population_.push_back({sign * middle, width * sum / 6});
      }
    }
  }

  family(std::string its_name, std::vector<point> points, sampler draw)
      : name(std::move(its_name)), one_sided(true), population_(std::move(points)), draw_(std::move(draw)) {
    for (const point& p : population_) one_sided = one_sided && p.value >= 0;
  }

  std::vector<float> sample(equant::index_t n, std::uint64_t seed) const {
    builders::random_numbers random(seed);
    std::vector<float> x(static_cast<std::size_t>(n));
    for (float& v : x) v = static_cast<float>(draw_(random));
    return x;
  }

  double error(const uniform_grid& g) const {
    double sum = 0;
    const double low = g.lowest - g.zero, high = g.highest - g.zero, inverse = 1 / g.scale;
    for (const point& p : population_) {
      const double code = std::clamp(std::nearbyint(p.value * inverse), low, high);
      const double e = p.value - g.scale * code;
      sum += p.weight * e * e;
    }
    return sum;
  }

  double power() const {
    double sum = 0;
    for (const point& p : population_) sum += p.weight * p.value * p.value;
    return sum;
  }
  double weight() const {
    double sum = 0;
    for (const point& p : population_) sum += p.weight;
    return sum;
  }

  /// The least error of any scale, with the zero point given.
  double least_error(uniform_grid g) const {
    double best = power(), at = 0;
    const auto look = [&](double scale) {
      g.scale = scale;
      const double e = error(g);
      if (e < best) {
        best = e;
        at = scale;
      }
    };
    const double unit = std::sqrt(power()) / (g.highest - g.zero);
    for (double c = 0.25; c < 500; c *= 1.05) look(unit * c);
    for (double step : {0.01, 0.002, 0.0005}) {
      const double around = at;
      for (int i = -5; i <= 5; ++i) look(around * (1 + i * step));
    }
    if (lattice > 0) {
      for (int part = 1; part <= 16; ++part) look(lattice / part);
    }
    return best;
  }

  /// The same of the best zero point as well.
  double least_error_of_zeros(uniform_grid g) const {
    g.zero = one_sided ? g.lowest : std::nearbyint((g.lowest + g.highest) / 2);
    double best = least_error(g);
    for (double step = std::exp2(std::floor(std::log2(g.highest - g.lowest)) - 2); step >= 1 && !one_sided;) {
      const double around = g.zero;
      bool better = false;
      for (double z : {around - step, around + step}) {
        g.zero = z;
        const double e = z < g.lowest || z > g.highest ? best : least_error(g);
        better = e < best;
        best = std::min(best, e);
        if (better) break;
      }
      if (better) continue;
      g.zero = around;
      step = step == 1 ? 0 : std::max(1.0, std::floor(step / 4));
    }
    return best;
  }

  std::string name;
  bool one_sided;
  double lattice = 0;  ///< the step of which all values are multiples

 private:
  std::vector<point> population_;
  sampler draw_;
};

inline double gauss(double x, double mean = 0, double sigma = 1) {
  const double z = (x - mean) / sigma;
  return std::exp(-z * z / 2) / (sigma * 2.50662827463100050242);
}

/// The families of the anchors.
inline std::vector<family> named_families() {
  using random = builders::random_numbers;
  std::vector<family> f;
  f.emplace_back("ReLU'd Gauss", false, [](double x) { return gauss(x); },
                 [](random& r) { return std::max(0.0, normal(r)); }, 0.5);
  f.emplace_back("Laplace", true, [](double x) { return 0.5 * std::exp(-std::abs(x)); },
                 [](random& r) {
                   const double u = r.uniform(-1, 1);
                   return (u < 0 ? 1 : -1) * std::log(1 - std::abs(u));
                 });
  f.emplace_back("log-normal", false, [](double x) { return gauss(std::log(x)) / x; },
                 [](random& r) { return std::exp(normal(r)); });
  f.emplace_back("t(4)", true, [](double x) { return 0.375 * std::pow(1 + x * x / 4, -2.5); },
                 [](random& r) {
                   const double chi = -2 * std::log((1 - r.uniform(0, 1)) * (1 - r.uniform(0, 1)));
                   return normal(r) / std::sqrt(chi / 4);
                 });
  f.emplace_back("outliers", true, [](double x) { return 0.999 * gauss(x) + 0.0005 * (gauss(x, 20) + gauss(x, -20)); },
                 [](random& r) {
                   const double u = r.uniform(0, 1);
                   return normal(r) + (u < 0.0005 ? 20 : u < 0.001 ? -20 : 0);
                 });
  return f;
}

/// Families that no calibrator was made for.
inline std::vector<family> other_families() {
  using random = builders::random_numbers;
  std::vector<family> f;
  for (double shape : {0.6, 1.5}) {
    f.emplace_back(shape < 1 ? "Weibull 0.6" : "Weibull 1.5", false,
                   [shape](double x) { return shape * std::pow(x, shape - 1) * std::exp(-std::pow(x, shape)); },
                   [shape](random& r) { return std::pow(-std::log(1 - r.uniform(0, 1)), 1 / shape); });
  }
  f.emplace_back("gamma 0.5", false, [](double x) { return std::exp(-x) / std::sqrt(x * 3.14159265358979323846); },
                 [](random& r) {
                   const double z = normal(r);
                   return z * z / 2;
                 });
  f.emplace_back("gamma 3", false, [](double x) { return x * x * std::exp(-x) / 2; },
                 [](random& r) {
                   return -std::log((1 - r.uniform(0, 1)) * (1 - r.uniform(0, 1)) * (1 - r.uniform(0, 1)));
                 });
  f.emplace_back("uniform", true, [](double x) { return std::abs(x) < 1 ? 0.5 : 0.0; },
                 [](random& r) { return r.uniform(-1, 1); });
  f.emplace_back("two components", true, [](double x) { return 0.7 * gauss(x, -1, 0.5) + 0.3 * gauss(x, 4, 1.5); },
                 [](random& r) { return r.uniform(0, 1) < 0.7 ? -1 + 0.5 * normal(r) : 4 + 1.5 * normal(r); });
  f.emplace_back("wide outliers", true, [](double x) { return 0.999 * gauss(x) + 0.001 * gauss(x, 0, 20); },
                 [](random& r) { return (r.uniform(0, 1) < 0.001 ? 20 : 1) * normal(r); });
  f.emplace_back("logistic", true, [](double x) { return 1 / (2 + std::exp(x) + std::exp(-x)); },
                 [](random& r) {
                   const double u = 1 - r.uniform(0, 1);
                   return std::log(u / (1 - u + 1e-300));
                 });

  std::vector<point> poisson, rounded;
  double p = std::exp(-4.0);
  for (int k = 0; k < 60; ++k) {
    poisson.push_back({double(k), p});
    p *= 4.0 / (k + 1);
  }
  f.emplace_back("Poisson 4", poisson, [](random& r) {
    const double stop = std::exp(-4.0);
    double product = 1 - r.uniform(0, 1);
    int k = 0;
    for (; product > stop; ++k) product *= 1 - r.uniform(0, 1);
    return k;
  });
  f.back().lattice = 1;
  double before = 0;
  for (int k = -200; k <= 200; ++k) {
    const double below = 0.5 * std::erfc(-(k + 0.5) * 0.05 / 1.41421356237309504880);
    rounded.push_back({k * 0.05, below - before});
    before = below;
  }
  f.emplace_back("rounded Gauss", rounded, [](random& r) { return 0.05 * std::nearbyint(20 * normal(r)); });
  f.back().lattice = 0.05;
  return f;
}

}  // namespace accuracy
