// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/distribution.hpp>
#include <equant/core/conventions.hpp>
#include <equant/core/format.hpp>

namespace equant::inline EQUANT_ABI {

/// The levels of a quantizer: scale * (level - zero), ascending.
struct level_grid {
  std::vector<double> levels;
  bool integers = false;  ///< whether they are consecutive integers

  double first() const { return levels.front(); }
  double last() const { return levels.back(); }
};

/// A scale and a zero point, and the sum of squared errors they cause.
struct scaled_grid {
  double scale = 1;
  double zero = 0;
  double error = std::numeric_limits<double>::infinity();
};

/// The finite numbers a format can represent.
template <element_format Format>
level_grid levels_of() {
  level_grid grid;
  if constexpr (integer_format<Format>) {
    grid.integers = true;
    for (std::int32_t code = Format::range.lowest; code <= Format::range.highest; ++code) {
      grid.levels.push_back(code);
    }
  } else {
    for (std::uint32_t code = 0; code < 1u << Format::bits; ++code) {
      const double level = static_cast<double>(Format{}.decode(static_cast<code_word<Format::bits>>(code)));
      if (level - level == 0) grid.levels.push_back(level);
    }
    std::sort(grid.levels.begin(), grid.levels.end(), [](double a, double b) { return a < b; });
    grid.levels.erase(std::unique(grid.levels.begin(), grid.levels.end()), grid.levels.end());
  }
  return grid;
}

/// Looks for the scale and the zero point of the least squared error of a distribution, rounded to the nearest level.
///
/// The error has many local minima. Scales are tried from a little above the one that clips nothing downwards, in steps
/// of 2 %, until what is clipped alone costs more than the best found; around the best of them more finely; then, codes
/// being fixed, the scale is their least-squares solution, in turns. Data on a lattice is also tried with its own step,
/// or the part of it that leaves room for values twice as large.
class error_search {
 public:
  error_search(const distribution& d, const level_grid& grid) : data_(d), grid_(grid) {}

  /// The sum of (x - nearest level)^2.
  double error(double scale, double zero) const {
    const bool many = grid_.levels.size() > 64 && grid_.levels.size() > data_.masses().size() / 4;
    return grid_.integers && many ? error_by_masses(scale, zero) : error_by_levels(scale, zero).error;
  }

  /// With the zero point given.
  scaled_grid best(double zero) const {
    scaled_grid found{1, zero, data_.all().second};
    const double most = unclipped(zero);
    if (!(most > 0)) return found;
    const auto try_scale = [&](double scale) {
      const double e = error(scale, zero);
      if (e < found.error) found = {scale, zero, e};
    };
    for (double s = 1.2 * most; s > least * most && clipped(s, zero) < found.error; s *= coarse) try_scale(s);
    refine(try_scale, found.scale);
    if (const double step = lattice(); step > 0) try_scale(step / std::max(1.0, std::floor(step / most / 2)));
    return polished(found);
  }

  /// With the best zero point of those in [lowest, highest].
  scaled_grid best_of_zeros(std::int32_t lowest, std::int32_t highest) const {
    const interval range = data_.range().with_zero();
    if (range.low == 0 || lowest == highest) return best(lowest);
    if (range.high == 0) return best(highest);
    const double most = (range.high - range.low) / (grid_.last() - grid_.first());
    scaled_grid found{1, double(lowest), data_.all().second};
    double zero = std::nearbyint(std::clamp(grid_.first() - range.low / most, double(lowest), double(highest)));
    double here = 0;
    const auto try_zero = [&](double scale, double z) {
      if (z < lowest || z > highest) return false;
      const double e = error(scale, z);
      if (e < found.error) found = {scale, z, e};
      if (e >= here) return false;
      here = e;
      zero = z;
      return true;
    };
    const auto try_scale = [&](double scale) {
      here = std::numeric_limits<double>::infinity();
      try_zero(scale, zero);
      const bool up = try_zero(scale, zero + 1);
      while (up && try_zero(scale, zero + 1)) {
      }
      while (!up && try_zero(scale, zero - 1)) {
      }
    };
    for (double s = 1.2 * most; s > least * most && clipped(s, zero) < found.error; s *= coarse) try_scale(s);
    zero = found.zero;
    refine(try_scale, found.scale);
    if (const double step = lattice(); step > 0) {
      zero = found.zero;
      try_scale(step / std::max(1.0, std::floor(step / most / 2)));
    }
    return polished(found);
  }

 private:
  static constexpr double coarse = 0.98, least = 1e-12;

  struct fitted_error {
    double error = 0;
    double scale = 0;  ///< the best one for these codes
  };

  /// The least scale that clips nothing.
  double unclipped(double zero) const {
    const interval range = data_.range();
    const double up = grid_.last() - zero, down = zero - grid_.first();
    return std::max(up > 0 ? range.high / up : 0, down > 0 ? -range.low / down : 0);
  }

  /// What lies beyond the outermost levels costs at least this.
  double clipped(double scale, double zero) const {
    const double low = scale * (grid_.first() - zero), high = scale * (grid_.last() - zero);
    return data_.below(low).error_to(low) + (data_.all() - data_.below(high)).error_to(high);
  }

  fitted_error error_by_levels(double scale, double zero) const {
    double error = 0, product = 0, square = 0;
    moments before;
    std::size_t from = 0;
    for (std::size_t k = 0; k < grid_.levels.size(); ++k) {
      const double level = grid_.levels[k] - zero;
      const bool last = k + 1 == grid_.levels.size();
      const moments here =
          last ? data_.all() : data_.below(scale * (level + (grid_.levels[k + 1] - grid_.levels[k]) / 2), from);
      const moments cell = here - before;
      before = here;
      error += cell.error_to(scale * level);
      product += uncontracted(level * cell.first);
      square += uncontracted(level * level * cell.weight);
    }
    return {std::max(error, 0.0), square > 0 ? product / square : 0};
  }

  /// The same for integers, mass by mass: (u - round(u))^2 has the antiderivative r / 12 + (u - r)^3 / 3, r = round(u).
  double error_by_masses(double scale, double zero) const {
    const double low = grid_.first() - zero, high = grid_.last() - zero, shift = zero - std::floor(zero);
    double sum = 0;
    for (const mass& m : data_.masses()) {
      const double a = m.low / scale, b = m.high / scale;
      const double level_a = std::clamp(std::nearbyint(a + shift) - shift, low, high);
      const double level_b = std::clamp(std::nearbyint(b + shift) - shift, low, high);
      const double from = a - level_a, to = b - level_b;
      double square;
      if (level_a == level_b) {
        square = (uncontracted(from * from) + uncontracted(from * to) + uncontracted(to * to)) / 3;
      } else {
        const double cubes = uncontracted(to * to * to) - uncontracted(from * from * from);
        square = ((level_b - level_a) / 12 + cubes / 3) / (b - a);
      }
      sum += uncontracted(m.weight * square);
    }
    return sum * scale * scale;
  }

  template <class Try>
  static void refine(const Try& try_scale, const double& found) {
    for (double step : {0.005, 0.001, 0.0002}) {
      const double around = found;
      for (int i = -5; i <= 5; ++i) try_scale(around * (1 + uncontracted(i * step)));
    }
  }

  /// The codes are fixed and the scale is fitted to them, in turns.
  scaled_grid polished(scaled_grid found) const {
    if (grid_.levels.size() > 1024) return found;
    for (int turn = 0; turn < 20; ++turn) {
      const double scale = error_by_levels(found.scale, found.zero).scale;
      if (!(scale > 0)) break;
      const double e = error(scale, found.zero);
      if (!(e < found.error)) break;
      found = {scale, found.zero, e};
    }
    return found;
  }

  /// The step of which all values are multiples or 0: Euclid's algorithm, small values first.
  double lattice() const {
    const std::vector<mass>& masses = data_.masses();
    std::size_t above = 0;
    for (std::size_t i = 0; i < masses.size(); ++i) {
      if (masses[i].low != masses[i].high) return 0;
      if (masses[i].low < 0) above = i + 1;
    }
    const double largest = data_.range().largest_magnitude();
    double step = 0;
    for (std::size_t below = above; below > 0 || above < masses.size();) {
      const bool negative = above == masses.size() || (below > 0 && -masses[below - 1].low < masses[above].low);
      const double v = negative ? -masses[--below].low : masses[above++].low;
      if (v == 0) continue;
      double a = step == 0 ? v : step, b = std::abs(std::remainder(v, a));
      while (b > 0.02 * a) a = std::exchange(b, std::abs(std::remainder(a, b)));
      if (a < 1e-5 * largest) return 0;
      step = v / std::nearbyint(v / a);  // the larger the value, the less its rounding matters
    }
    return step;
  }

  const distribution& data_;
  const level_grid& grid_;
};

/// The interval that `fit` turns into the scale and zero point of the least squared error of a distribution.
template <element_format Format, range_scheme Scheme>
interval least_error_range(const distribution& d, Scheme) {
  if (d.range() == interval{}) return {};
  const level_grid grid = levels_of<Format>();
  const error_search search(d, grid);
  if constexpr (!integer_format<Format>) {
    const double reach = search.best(0).scale * static_cast<double>(Format{}.largest());
    return {-reach, reach};
  } else {
    constexpr code_range r = Format::range;
    if constexpr (std::same_as<Scheme, symmetric_t>) {
      const double zero = convention::middle(r);
      const double reach = search.best(zero).scale * (r.highest - zero);
      return {-reach, reach};
    } else if constexpr (std::same_as<Scheme, mid_rise_t>) {
      const double half = (double(r.highest) - r.lowest + 1) / 2;
      const double reach = search.best((double(r.lowest) + r.highest) / 2).scale * half;
      return {-reach, reach};
    } else {
      const scaled_grid found = search.best_of_zeros(r.lowest, r.highest);
      return {found.scale * (r.lowest - found.zero), found.scale * (r.highest - found.zero)};
    }
  }
}

}  // namespace equant::inline EQUANT_ABI
