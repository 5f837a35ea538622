// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/observer.hpp>

namespace equant::inline EQUANT_ABI {

/// The whole range of what was seen: nothing is clipped. Any split of the data into batches, in any order, gives the
/// same answer.
class min_max : public observer<min_max> {
 public:
  static constexpr const char* name = "min_max";

  void absorb(interval batch) { range_ = scanning::widened(range_, batch); }
  void merge(const min_max& other) { range_ = scanning::widened(range_, other.range_); }
  bool seen() const { return !scanning::empty(range_); }

  template <class Format, class Scheme>
  interval range(Scheme) const {
    return range_;
  }
  /// The range itself; low > high before anything was seen.
  interval range() const { return range_; }

  void write(archive_writer& out) const {
    out.real(range_.low);
    out.real(range_.high);
  }
  void read(archive_reader& in) {
    range_ = {in.real(), in.real()};
    const bool ordered = range_.low <= range_.high && scanning::finite(range_.low) && scanning::finite(range_.high);
    if (range_ != scanning::nothing && !ordered) {
      in.fail("the range [", range_.low, ", ", range_.high, "] is not finite and ordered");
    }
  }

 private:
  interval range_ = scanning::nothing;
};

}  // namespace equant::inline EQUANT_ABI
