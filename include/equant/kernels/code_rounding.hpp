// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/wide_lanes.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// From reals to codes of 8 bits, over lanes:
///
///   code(x) = round(clamp(x, low - z, high - z)) + z, nearest even;   -128 <= low <= high <= 255, and so z
///
/// and low for NaN. What it returns is for L::store, to a type that holds the codes.
template <class L>
struct code_rounding {
  typename L::f32 low, high;
  typename L::i32 zero;

  code_rounding(std::int32_t zero_point, std::int32_t lowest, std::int32_t highest) noexcept
      : low(L::splat(static_cast<float>(lowest - zero_point))),
        high(L::splat(static_cast<float>(highest - zero_point))),
        zero(L::splat(zero_point)) {}

  auto operator()(typename L::f32 x) const noexcept { return L::add(L::round(L::min(L::max(low, x), high)), zero); }
};

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/code_rounding.hpp>
#endif
