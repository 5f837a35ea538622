// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/histogram_observer.hpp>
#include <equant/calibration/least_error.hpp>

namespace equant::inline EQUANT_ABI {

/// The range of the least mean square error of what was seen, for the format's own levels: integers of any width,
/// minifloats, codebooks. Exact for up to 512 values; beyond, values spread evenly within the bins of a histogram.
class mse : public histogram_observer<mse> {
 public:
  static constexpr const char* name = "mse";

  template <class Format, class Scheme>
  interval range(Scheme scheme) const {
    return least_error_range<Format>(distribution(values().masses()), scheme);
  }
};

}  // namespace equant::inline EQUANT_ABI
