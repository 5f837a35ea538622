// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/histogram_observer.hpp>
#include <equant/calibration/least_error.hpp>
#include <equant/calibration/tail.hpp>

namespace equant::inline EQUANT_ABI {

/// The range of the least mean square error to expect from further values like those that were seen: the histogram's
/// body, and smooth tails in place of the few extreme values, which another sample would not have. It expects samples
/// of something larger, activations for instance; for weights, which are all there is, take `mse`.
class automatic : public histogram_observer<automatic> {
 public:
  static constexpr const char* name = "automatic";

  template <class Format, class Scheme>
  interval range(Scheme scheme) const {
    return least_error_range<Format>(expected(values().masses()), scheme);
  }

 private:
  /// What is expected of further values.
  static distribution expected(std::vector<mass> seen) {
    return distribution(mirrored(with_smooth_tail(mirrored(with_smooth_tail(std::move(seen))))));
  }

  static std::vector<mass> mirrored(std::vector<mass> masses) {
    std::reverse(masses.begin(), masses.end());
    for (mass& m : masses) m = {-m.high, -m.low, m.weight};
    return masses;
  }
};

}  // namespace equant::inline EQUANT_ABI
