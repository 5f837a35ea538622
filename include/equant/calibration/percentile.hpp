// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/histogram_observer.hpp>

namespace equant::inline EQUANT_ABI {

/// The range that holds a share of the values, in percent; the rest is clipped. Symmetric schemes clip the largest
/// magnitudes. Asymmetric ones clip half of the rest at either end, or all of it at the one end that values reach from
/// zero. Linear between ranks: exact in small samples, to a bin of the histogram (0.8 %) in larger ones.
class percentile : public histogram_observer<percentile> {
 public:
  static constexpr const char* name = "percentile";

  explicit percentile(double percent) : percent_(percent) {
    if (!possible(percent)) contract::invalid_argument("a percentile is in (0, 100], not ", percent);
  }

  template <class Format, class Scheme>
  interval range(Scheme) const {
    if constexpr (std::same_as<Scheme, asymmetric_t>) {
      return of_values(distribution(values().masses()));
    } else {
      return of_magnitudes(distribution(values().magnitudes()));
    }
  }

  double percent() const { return percent_; }

  void write_settings(archive_writer& out) const { out.real(percent_); }
  void read_settings(archive_reader& in) {
    percent_ = in.real();
    if (!possible(percent_)) in.fail("a percentile of ", percent_);
  }

 private:
  static bool possible(double percent) { return percent > 0 && percent <= 100; }

  interval of_magnitudes(const distribution& d) const {
    const double reach = d.at_rank(percent_ / 100 * (d.all().weight - 1));
    return {-reach, reach};
  }

  interval of_values(const distribution& d) const {
    const interval everything = d.range();
    const double last = d.all().weight - 1, rest = (1 - percent_ / 100) * last;
    if (everything.low >= 0) return {0, d.at_rank(last - rest)};
    if (everything.high <= 0) return {d.at_rank(rest), 0};
    return {d.at_rank(rest / 2), d.at_rank(last - rest / 2)};
  }

  double percent_;
};

}  // namespace equant::inline EQUANT_ABI
