// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/neon/weight_lanes.hpp>

namespace equant::inline EQUANT_ABI::kernels {

template <>
struct weight_lanes<isa::neondot> : weight_lanes<isa::neon> {
  template <int Bits>
  static i32 step(i32 acc, word w, word a) noexcept {
    return signed_step<Bits, mac_on<isa::neondot>>(acc, w, a);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
