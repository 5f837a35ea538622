// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/observer.hpp>
#include <equant/core/contraction.hpp>

namespace equant::inline EQUANT_ABI {

/// The exponentially moving average of the batches' minima and maxima, m += c * (batch - m), in float, as PyTorch's
/// MovingAverageMinMaxObserver forms it. The first batch starts it.
///
/// It is defined over the sequence of batches, so two that each saw some cannot be merged.
class moving_average : public observer<moving_average> {
 public:
  static constexpr const char* name = "moving_average";

  explicit moving_average(double constant = 0.01) : constant_(static_cast<float>(constant)) {
    if (!(constant_ > 0 && constant <= 1)) {
      contract::invalid_argument("a moving average's constant is in (0, 1], not ", constant);
    }
  }

  void absorb(interval batch) {
    const float low = static_cast<float>(batch.low), high = static_cast<float>(batch.high);
    low_ = seen_ ? low_ + uncontracted(constant_ * (low - low_)) : low;
    high_ = seen_ ? high_ + uncontracted(constant_ * (high - high_)) : high;
    seen_ = true;
  }

  void merge(const moving_average& other) {
    if (!other.seen_) return;
    if (seen_) {
      contract::invalid_argument("two moving averages that both observed batches cannot be merged: ",
                                 "which batch came first is not known; use min_max");
    }
    *this = other;
  }

  bool seen() const { return seen_; }

  template <class Format, class Scheme>
  interval range(Scheme) const {
    return range();
  }
  interval range() const { return {low_, high_}; }

  void write(archive_writer& out) const {
    out.real(constant_);
    out.integer(seen_);
    out.real(low_);
    out.real(high_);
  }
  void read(archive_reader& in) {
    constant_ = static_cast<float>(in.real());
    seen_ = in.integer() != 0;
    low_ = static_cast<float>(in.real());
    high_ = static_cast<float>(in.real());
    const bool ordered = low_ <= high_ && scanning::finite(low_) && scanning::finite(high_);
    if (!(constant_ > 0 && constant_ <= 1) || !ordered) {
      in.fail("constant ", constant_, " or range [", low_, ", ", high_, "] is not possible");
    }
  }

 private:
  float constant_;
  float low_ = 0, high_ = 0;
  bool seen_ = false;
};

}  // namespace equant::inline EQUANT_ABI
