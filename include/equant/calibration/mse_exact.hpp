// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/least_error.hpp>
#include <equant/calibration/observer.hpp>

namespace equant::inline EQUANT_ABI {

/// The range of the least mean square error, as `mse` finds it, over the values themselves, all of which it keeps: for
/// comparison, and where every last bit counts.
class mse_exact : public observer<mse_exact> {
 public:
  static constexpr const char* name = "mse_exact";
  static constexpr bool uses_values = true;

  void absorb(interval) {}
  template <class T>
  void add(const T* x, index_t n) {
    for (index_t i = 0; i < n; ++i) values_.push_back(static_cast<double>(x[i]) + 0.0);
  }
  void merge(const mse_exact& other) {
    const std::vector<double> more = other.values_;
    for (double v : more) values_.push_back(v);
  }
  bool seen() const { return !values_.empty(); }

  template <class Format, class Scheme>
  interval range(Scheme scheme) const {
    std::vector<mass> points;
    for (double v : sorted()) {
      if (!points.empty() && points.back().low == v) {
        points.back().weight += 1;
      } else {
        points.push_back({v, v, 1});
      }
    }
    return least_error_range<Format>(distribution(std::move(points)), scheme);
  }

  void write(archive_writer& out) const {
    out.word(values_.size());
    for (double v : sorted()) out.real(v);
  }
  void read(archive_reader& in) {
    values_.clear();
    for (std::uint64_t left = in.word(); left > 0; --left) {
      const double v = in.real();
      if (!scanning::finite(v) || (!values_.empty() && v < values_.back())) in.fail("the value ", v);
      values_.push_back(v);
    }
  }

 private:
  std::vector<double> sorted() const {
    std::vector<double> v = values_;
    std::sort(v.begin(), v.end());
    return v;
  }

  std::vector<double> values_;
};

}  // namespace equant::inline EQUANT_ABI
