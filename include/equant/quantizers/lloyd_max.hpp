// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/densities.hpp>
#include <equant/quantizers/codebook_quantizer.hpp>
#include <equant/quantizers/sorted_values.hpp>

/// Quantizers of least mean square error (Lloyd, 1957; Max, 1960): every level is the mean of its cell, every threshold
/// half-way between two levels.
namespace equant::inline EQUANT_ABI {

namespace lloyd {

/// Moves levels to the means of their cells until no value changes its cell; ascending levels stay so.
void descend(const auto& x, std::vector<double>& levels) {
  std::vector<index_t> cuts(levels.size() + 1, 0), before;
  cuts.back() = x.count();
  for (int round = 0; round < 1000 && cuts != before; ++round) {
    before = cuts;
    for (std::size_t i = 1; i < levels.size(); ++i) cuts[i] = x.up_to((levels[i - 1] + levels[i]) / 2);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      if (cuts[i] < cuts[i + 1]) levels[i] = x.mean(cuts[i], cuts[i + 1]);
    }
  }
}

/// The sum of weighted squared errors when every value goes to the nearest of ascending levels.
double cost(const auto& x, const std::vector<double>& levels) {
  double sum = 0;
  index_t first = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const index_t last = i + 1 < levels.size() ? x.up_to((levels[i] + levels[i + 1]) / 2) : x.count();
    if (first < last) {
      const double off = x.mean(first, last) - levels[i];
      sum += x.cost(first, last) + x.weight(first, last) * off * off;
    }
    first = last;
  }
  return sum;
}

/// The means of the `count` cells of least error whose bounds are among `edges` (ascending places, the first 0, the
/// last x.count(), more of them than cells). By dynamic programming: the best last bound never moves back as the end
/// moves on, so that each row of the table is found by halving (Wu, 1991).
std::vector<double> best_cells(const auto& x, const std::vector<index_t>& edges, int count) {
  const int ends = static_cast<int>(edges.size());
  const auto at = [](int i) { return static_cast<std::size_t>(i); };
  std::vector<double> least(at(ends)), next(at(ends));
  std::vector<std::uint16_t> from(at(count) * at(ends));
  for (int end = 1; end < ends; ++end) least[at(end)] = x.cost(0, edges[at(end)]);
  for (int cell = 1; cell < count; ++cell) {
    std::uint16_t* bound = from.data() + at(cell) * at(ends);
    const auto fill = [&](auto self, int low, int high, int from_low, int from_high) -> void {
      if (low > high) return;
      const int end = (low + high) / 2;
      double best = densities::infinity;
      int best_from = std::max(cell, from_low);
      for (int f = best_from; f <= std::min(end - 1, from_high); ++f) {
        const double total = least[at(f)] + x.cost(edges[at(f)], edges[at(end)]);
        if (total < best) best = total, best_from = f;
      }
      next[at(end)] = best;
      bound[end] = static_cast<std::uint16_t>(best_from);
      self(self, low, end - 1, from_low, best_from);
      self(self, end + 1, high, best_from, from_high);
    };
    fill(fill, cell + 1, ends - 1, cell, ends - 2);
    std::swap(least, next);
  }
  std::vector<double> means(at(count));
  int end = ends - 1;
  for (int cell = count - 1; cell >= 0; --cell) {
    const int first = cell == 0 ? 0 : from[at(cell) * at(ends) + at(end)];
    means[at(cell)] = x.mean(edges[at(first)], edges[at(end)]);
    end = first;
  }
  return means;
}

/// At most this many places are tried as bounds of cells: for fewer distinct values the result is the optimum.
inline constexpr index_t most_edges = 2048;

/// Places that leave few values between them and little of the range: where values are dense and in the tails.
std::vector<index_t> edges_of(const auto& x) {
  std::vector<index_t> edges;
  const index_t n = x.count();
  const index_t each = n <= most_edges ? n : most_edges / 2;
  for (index_t i = 0; i <= each; ++i) edges.push_back(i * n / each);
  if (n > most_edges) {
    const double low = x.value(0), width = x.value(n - 1) - low;
    for (index_t i = 1; i < each; ++i) {
      edges.push_back(x.up_to(low + width * static_cast<double>(i) / static_cast<double>(each)));
    }
    std::sort(edges.begin(), edges.end(), [](index_t a, index_t b) { return a < b; });
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  }
  return edges;
}

/// Solves for `step` the tridiagonal system whose diagonal is mass[i] - newton * (side[i] + side[i + 1]), with -newton
/// * side[i] beside it; false where that is not positive definite.
inline bool solve(const std::vector<double>& mass, const std::vector<double>& side, double newton,
                  const std::vector<double>& right, std::vector<double>& step) {
  const std::size_t n = mass.size();
  std::vector<double> pivot(n);
  for (std::size_t i = 0; i < n; ++i) {
    pivot[i] = mass[i] - newton * (side[i] + side[i + 1]);
    step[i] = right[i];
    if (i > 0) {
      const double f = newton * side[i] / pivot[i - 1];
      pivot[i] -= f * newton * side[i];
      step[i] += f * step[i - 1];
    }
    if (!(pivot[i] > 0)) return false;
  }
  for (std::size_t i = n; i-- > 0;) {
    step[i] = (step[i] + (i + 1 < n ? newton * side[i + 1] * step[i + 1] : 0)) / pivot[i];
  }
  return true;
}

inline bool ascending(const std::vector<double>& levels, const std::vector<double>& step) {
  for (std::size_t i = 1; i < levels.size(); ++i) {
    if (!(levels[i - 1] + step[i - 1] < levels[i] + step[i])) return false;
  }
  return true;
}

std::vector<double> values_of(const auto& x) {
  std::vector<double> values;
  for (index_t i = 0; i < x.count(); ++i) values.push_back(x.value(i));
  return values;
}

}  // namespace lloyd

/// The `count` levels of least mean square error for values of density D, of mean 0 and variance 1. By Newton's method
/// on the error, whose second derivatives are tridiagonal; for a density whose logarithm is concave there is but one
/// optimum (Fleischer, 1964), as symmetric as the density. To the precision of double.
template <densities::standard_density D>
std::vector<double> lloyd_max_levels(int count) {
  if (count < 1) contract::invalid_argument("a quantizer of ", count, " levels");
  const std::size_t n = static_cast<std::size_t>(count);
  std::vector<double> c(n), mass(n), first(n), side(n + 1, 0), step(n);
  for (std::size_t i = 0; i < n; ++i) {
    c[i] = D::cube_root_stretch * D::quantile((static_cast<double>(i) + 0.5) / static_cast<double>(count));
  }
  double moved = 1;
  for (int round = 0; round < 200 && moved > 1e-13; ++round) {
    for (std::size_t i = 0; i < n; ++i) {
      const double low = i == 0 ? -densities::infinity : (c[i - 1] + c[i]) / 2;
      const double high = i + 1 == n ? densities::infinity : (c[i] + c[i + 1]) / 2;
      const densities::moments m = densities::about<D>(c[i], low, high);
      mass[i] = m.zeroth;
      first[i] = m.first;
      side[i + 1] = i + 1 == n ? 0 : D::pdf(high) * (c[i + 1] - c[i]) / 4;
    }
    // Newton's step where it descends and keeps the order; else what lies between it and Lloyd's, as near as can be.
    for (const double newton : {1.0, 0.998, 0.97, 0.8, 0.0}) {
      if (lloyd::solve(mass, side, newton, first, step) && lloyd::ascending(c, step)) break;
    }
    moved = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double by = (step[i] - step[n - 1 - i]) / 2;  // the optimum is symmetric, but Laplace's error hardly knows
      c[i] += by;
      moved = std::max(moved, std::abs(by));
    }
  }
  return c;
}

/// The quantizer of 2^Bits levels for a Gaussian, Laplace or uniform density, or any other in closed form.
template <int Bits, densities::standard_density D>
codebook_quantizer<Bits> lloyd_max(densities::located<D> density) {
  std::vector<double> levels = lloyd_max_levels<D>(1 << Bits);
  for (double& level : levels) level = density.mean + density.deviation * level;
  return codebook_quantizer<Bits>(std::move(levels));
}

/// The quantizer of 2^Bits levels for given values, perhaps weighted: the optimum among cells that begin and end at one
/// of 2048 places, then Lloyd's steps on all values. Where there are no more distinct values than levels, they are the
/// levels.
template <int Bits>
codebook_quantizer<Bits> lloyd_max(const sorted_values& x) {
  constexpr int count = 1 << Bits;
  if (x.count() <= count) return codebook_quantizer<Bits>(lloyd::values_of(x));
  const std::vector<index_t> edges = lloyd::edges_of(x);
  const int cells = std::min(count, static_cast<int>(edges.size()) - 1);
  std::vector<double> levels = lloyd::best_cells(x, edges, cells);
  lloyd::descend(x, levels);
  return codebook_quantizer<Bits>(std::move(levels));
}

/// The same of a tensor; of one with a weight for each value; of counts in bins over a range.
///
/// Throws std::invalid_argument on NaN or infinity (naming the place), on no values, and on weights that are negative
/// or all zero.
template <int Bits, tensor_source X>
codebook_quantizer<Bits> lloyd_max(const X& x) {
  return lloyd_max<Bits>(sorted_values(x));
}
template <int Bits, tensor_source X, tensor_source W>
codebook_quantizer<Bits> lloyd_max(const X& x, const W& weights) {
  return lloyd_max<Bits>(sorted_values(x, weights));
}
template <int Bits>
codebook_quantizer<Bits> lloyd_max(interval range, std::span<const double> counts) {
  return lloyd_max<Bits>(sorted_values(range, counts));
}

}  // namespace equant::inline EQUANT_ABI
