// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/scan.hpp>

#include <algorithm>
#include <span>
#include <vector>

namespace equant::inline EQUANT_ABI {

/// The values of a tensor in ascending order, each once with its weight (how often it occurs, or what the caller says
/// it counts), and sums over all up to each: what a cell of a quantizer costs is then a few subtractions. They are
/// held, and summed, as Real.
template <std::floating_point Real>
class ordered_values {
 public:
  struct entry {
    Real value = 0, weight = 0;
  };

  /// Throws std::invalid_argument on NaN or infinity (naming the place) and on no values.
  template <tensor_source X>
  explicit ordered_values(const X& x) {
    std::vector<Real> values = read(x);
    std::sort(values.begin(), values.end());
    std::vector<entry> entries;
    entries.reserve(values.size());
    for (Real v : values) entries.push_back({v, 1});
    take(std::move(entries));
  }

  /// The same where each value counts as much as the weight at its place: a tensor of the same shape of finite numbers,
  /// none negative and not all zero.
  template <tensor_source X, tensor_source W>
  ordered_values(const X& x, const W& weights) {
    const std::vector<Real> values = read(x), w = read(weights);
    const auto shape_of = [](const auto& source) { return with_view(source, [](const auto& v) { return v.sizes; }); };
    if (shape_of(x) != shape_of(weights)) {
      contract::invalid_argument("weights of ", to_string(shape_of(weights)), " for values of ",
                                 to_string(shape_of(x)));
    }
    std::vector<entry> entries;
    for (std::size_t i = 0; i < values.size(); ++i) entries.push_back({values[i], w[i]});
    std::sort(entries.begin(), entries.end(), [](const entry& a, const entry& b) { return a.value < b.value; });
    take(std::move(entries));
  }

  /// Of counts in bins of equal width over [range.low, range.high], each taken at the bin's middle.
  ordered_values(interval range, std::span<const double> counts) {
    if (!(range.low < range.high) || !scanning::finite(range.high - range.low)) {
      contract::invalid_argument("bins over [", range.low, ", ", range.high, "]");
    }
    std::vector<entry> entries;
    const double width = (range.high - range.low) / static_cast<double>(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const double middle = range.low + width * (static_cast<double>(i) + 0.5);
      entries.push_back({static_cast<Real>(middle), static_cast<Real>(counts[i])});
    }
    take(std::move(entries));
  }

  index_t count() const { return static_cast<index_t>(entries_.size()); }
  Real value(index_t i) const { return entries_[static_cast<std::size_t>(i)].value; }
  Real weight(index_t i) const { return entries_[static_cast<std::size_t>(i)].weight; }
  Real total() const { return sums_.back().weight; }

  /// How many values are at most t.
  index_t up_to(Real t) const {
    const auto above = std::upper_bound(entries_.begin(), entries_.end(), t,
                                        [](Real x, const entry& e) { return x < e.value; });
    return above - entries_.begin();
  }

  /// The place after `first` where values cease to be in a cell that holds the one there.
  template <class Within>
  index_t first_beyond(index_t first, Within within) const {
    index_t known = first, step = 1;
    while (known + step < count() && within(value(known + step))) {
      known += step;
      step *= 2;
    }
    index_t end = std::min(known + step, count());
    while (end - known > 1) {
      const index_t middle = known + (end - known) / 2;
      (within(value(middle)) ? known : end) = middle;
    }
    return end;
  }

  /// Weight, mean, and squared distances from it of the values [first, last).
  Real weight(index_t first, index_t last) const { return at(last).weight - at(first).weight; }
  Real mean(index_t first, index_t last) const {
    const Real w = weight(first, last);
    return w > 0 ? center_ + (at(last).first - at(first).first) / w : value(first);
  }
  Real cost(index_t first, index_t last) const {
    const Real w = weight(first, last), s = at(last).first - at(first).first;
    return w > 0 ? std::max(at(last).second - at(first).second - s * s / w, Real{0}) : 0;
  }

 private:
  /// Sums of weights, of values and of their squares, taken about the middle of all.
  struct prefix {
    Real weight = 0, first = 0, second = 0;
  };
  const prefix& at(index_t i) const { return sums_[static_cast<std::size_t>(i)]; }

  template <class X>
  static std::vector<Real> read(const X& x) {
    return with_view(x, [&](const auto& v) {
      std::vector<Real> values(static_cast<std::size_t>(v.count()));
      if (values.empty()) contract::invalid_argument("a tensor of ", to_string(v.sizes), " has no values to order");
      const traversal logical(v.sizes, axis_order::row_major(), v.strides, row_major_strides(v.sizes),
                              normal_form(per_tensor, v.sizes));
      bool finite = true;
      logical.for_each_run([&](const run& r) {
        read_line(v.data + r.a, r.a_step, r.count, [&](const auto* from, index_t n, index_t offset) {
          for (index_t i = 0; i < n; ++i) {
            finite = finite && scanning::finite(from[i]);
            values[static_cast<std::size_t>(r.b + (offset + i) * r.b_step)] = static_cast<Real>(from[i]);
          }
        });
      });
      if (!finite) scanning::reject_non_finite(v);
      return values;
    });
  }

  /// Of entries in ascending order.
  void take(std::vector<entry>&& entries) {
    for (const entry& e : entries) {
      if (!(e.weight >= 0) || !scanning::finite(e.weight)) {
        contract::invalid_argument("the weight ", e.weight, " of the value ", e.value,
                                   "; weights are finite and not negative");
      }
    }
    std::erase_if(entries, [](const entry& e) { return e.weight == 0; });
    if (entries.empty()) contract::invalid_argument("all weights are zero");
    std::size_t last = 0;
    for (std::size_t i = 1; i < entries.size(); ++i) {
      if (entries[i].value == entries[last].value) {
        entries[last].weight += entries[i].weight;
      } else {
        entries[++last] = entries[i];
      }
    }
    entries.resize(last + 1);
    entries_ = std::move(entries);
    center_ = entries_[entries_.size() / 2].value;
    sums_.reserve(entries_.size() + 1);
    prefix sum;
    sums_.push_back(sum);
    for (const entry& e : entries_) {
      const Real x = e.value - center_;
      sum = {sum.weight + e.weight, sum.first + e.weight * x, sum.second + e.weight * x * x};
      sums_.push_back(sum);
    }
  }

  std::vector<entry> entries_;
  std::vector<prefix> sums_;
  Real center_ = 0;
};

using sorted_values = ordered_values<double>;

}  // namespace equant::inline EQUANT_ABI
