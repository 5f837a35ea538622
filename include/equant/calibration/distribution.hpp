// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/histogram.hpp>
#include <equant/core/contraction.hpp>
#include <equant/core/scheme.hpp>

#include <cmath>

namespace equant::inline EQUANT_ABI {

/// Weight, sum and sum of squares of some values.
struct moments {
  double weight = 0;
  double first = 0;
  double second = 0;

  friend moments operator-(const moments& a, const moments& b) {
    return {a.weight - b.weight, a.first - b.first, a.second - b.second};
  }
  /// The sum of (x - level)^2 over them.
  double error_to(double level) const {
    return second - uncontracted(level * (2 * first - uncontracted(level * weight)));
  }
};

/// A distribution as calibrators look at it: masses in ascending order that do not overlap, each spread evenly over its
/// interval, and the moments of all that lies below any point.
class distribution {
 public:
  explicit distribution(std::vector<mass> masses) : masses_(std::move(masses)) {
    below_.resize(masses_.size() + 1);
    for (std::size_t i = 0; i < masses_.size(); ++i) {
      const mass& m = masses_[i];
      below_[i + 1] = added(below_[i], {m.low, m.high, m.weight});
    }
  }

  const std::vector<mass>& masses() const { return masses_; }
  const moments& all() const { return below_.back(); }
  interval range() const {
    return masses_.empty() ? interval{} : interval{masses_.front().low, masses_.back().high};
  }

  /// The moments of what lies below t. `from` is where the search begins and is moved: ascending t are found quickly.
  moments below(double t, std::size_t& from) const {
    std::size_t step = 1, low = from, high = from;
    while (high < masses_.size() && masses_[high].high <= t) {
      low = high + 1;
      high += step;
      step *= 2;
    }
    high = std::min(high, masses_.size());
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (masses_[middle].high <= t) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    from = low;
    if (low == masses_.size() || masses_[low].low >= t) return below_[low];
    const mass& m = masses_[low];
    return added(below_[low], {m.low, t, m.weight * ((t - m.low) / (m.high - m.low))});
  }
  moments below(double t) const {
    std::size_t from = 0;
    return below(t, from);
  }

  /// The value at a rank from 0 to the total weight - 1, where masses count whole values; linear between ranks, as
  /// numpy's percentile is.
  double at_rank(double rank) const {
    const double lower = std::floor(rank);
    const double a = value(lower), part = rank - lower;
    return part > 0 ? a + uncontracted(part * (value(lower + 1) - a)) : a;
  }

 private:
  static moments added(const moments& to, const mass& m) {
    const double middle = m.low + (m.high - m.low) / 2, half = (m.high - m.low) / 2;
    const double square = uncontracted(middle * middle) + uncontracted(half * half) / 3;
    return {to.weight + m.weight, to.first + uncontracted(m.weight * middle),
            to.second + uncontracted(m.weight * square)};
  }

  double value(double rank) const {
    std::size_t low = 0, high = masses_.size() - 1;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (below_[middle + 1].weight <= rank) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const mass& m = masses_[low];
    if (m.low == m.high) return m.low;
    const double place = std::min(1.0, (rank - below_[low].weight) / (m.weight - 1));
    return m.low + uncontracted(place * (m.high - m.low));
  }

  std::vector<mass> masses_;
  std::vector<moments> below_;
};

}  // namespace equant::inline EQUANT_ABI
