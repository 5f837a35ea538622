// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/neon/mac.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// sdot: four bytes at a time, exact.
template <>
struct mac_on<isa::neondot> : mac_on<isa::neon> {
  static constexpr int registers = 32;

  static i32 step(i32 acc, word a, word b) noexcept { return vdotq_s32(acc, a, b); }
};

}  // namespace equant::inline EQUANT_ABI::kernels
