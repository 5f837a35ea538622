// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/weight_lanes.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Eight columns at a time, by vpdpbusd.
template <>
struct weight_lanes<isa::avxvnni> : weight_lanes<isa::avx2> {
  template <int Bits>
  static i32 step(i32 acc, word w, word a) noexcept {
    return mac_on<isa::avxvnni>::step(acc, w, a);
  }

  static constexpr int rows = 3;
};

}  // namespace equant::inline EQUANT_ABI::kernels
