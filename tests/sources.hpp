// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

/// Samples that are the same on every machine.
namespace sources {

inline constexpr double pi = std::numbers::pi;
inline constexpr double e = std::numbers::e;

/// A source of numbers that is the same on every machine: std::mt19937_64 is, the distributions of
/// <random> are not.
struct source {
  std::mt19937_64 bits;

  double uniform() { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53; }  // never 0 or 1
  double gauss() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * pi * uniform());
  }
  double laplace() {
    const double u = uniform();
    return u < 0.5 ? std::log(2 * u) : -std::log(2 * (1 - u));
  }
  double exponential() { return -std::log(uniform()); }
  int integer(int count) { return static_cast<int>(uniform() * count); }
};

template <class T = double, class F>
std::vector<T> sample(std::size_t n, F draw, std::uint64_t seed = 1) {
  source s{std::mt19937_64{seed}};
  std::vector<T> x(n);
  for (T& value : x) value = static_cast<T>(draw(s));
  return x;
}

inline double gauss(source& s) { return s.gauss(); }

}  // namespace sources
