// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/depthwise.hpp>
#include <equant/kernels/neon/lanes.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Four channels of one row in 16 bits, multiplied and added in 32.
template <>
struct depthwise_on<isa::neon> {
  using lanes = kernels::lanes<isa::neon>;
  using element = std::int16_t;
  static constexpr int group = 1;
  static constexpr int parts = 1;
  template <class T>
  static constexpr std::int32_t moved = 0;
  using word = int16x4_t;

  template <class T, int>
  static word column(const T* const* rows, index_t at, index_t n) noexcept {
    std::uint32_t four = 0;
    std::memcpy(&four, rows[0] + at, n >= 4 ? sizeof four : static_cast<std::size_t>(n));
    const uint8x8_t bytes = vreinterpret_u8_u32(vdup_n_u32(four));
    if constexpr (std::is_signed_v<T>) {
      return vget_low_s16(vmovl_s8(vreinterpret_s8_u8(bytes)));
    } else {
      return vreinterpret_s16_u16(vget_low_u16(vmovl_u8(bytes)));
    }
  }
  template <class T>
  static word pad(T x) noexcept {
    return vdup_n_s16(x);
  }
  static word load(const element* w) noexcept { return vld1_s16(w); }
  static int32x4_t step(int32x4_t sums, word x, word w) noexcept { return vmlal_s16(sums, x, w); }
};

}  // namespace equant::inline EQUANT_ABI::kernels
