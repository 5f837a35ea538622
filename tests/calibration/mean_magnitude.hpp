// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/observer.hpp>

/// A calibrator as a user would write one: the range is `factor` times the mean magnitude. It wants the values, which
/// the library's own min_max does not.
class mean_magnitude : public equant::observer<mean_magnitude> {
 public:
  static constexpr const char* name = "mean_magnitude";
  static constexpr bool uses_values = true;

  explicit mean_magnitude(double factor = 2) : factor_(factor) {}

  void absorb(equant::interval batch) { highest_ = std::max(highest_, batch.largest_magnitude()); }
  template <class T>
  void add(const T* x, equant::index_t n) {
    for (equant::index_t i = 0; i < n; ++i) sum_ += std::abs(static_cast<double>(x[i]));
    count_ += n;
  }
  void merge(const mean_magnitude& other) {
    highest_ = std::max(highest_, other.highest_);
    sum_ += other.sum_;
    count_ += other.count_;
  }
  bool seen() const { return count_ > 0; }

  template <class Format, class Scheme>
  equant::interval range(Scheme) const {
    const double reach = std::min(factor_ * mean(), highest_);
    return {-reach, reach};
  }
  double mean() const { return sum_ / static_cast<double>(count_); }
  equant::index_t count() const { return count_; }

  void write(equant::archive_writer& out) const {
    out.real(factor_);
    out.real(highest_);
    out.real(sum_);
    out.integer(count_);
  }
  void read(equant::archive_reader& in) {
    factor_ = in.real();
    highest_ = in.real();
    sum_ = in.real();
    count_ = static_cast<equant::index_t>(in.integer());
  }

 private:
  double factor_, highest_ = 0, sum_ = 0;
  equant::index_t count_ = 0;
};
