// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/byte_sum.hpp>

#include <arm_neon.h>

#include <type_traits>

namespace equant::inline EQUANT_ABI::kernels {

/// Neighbours are added into 16 bits, and their sums into 32, 16 bytes at a time.
template <>
struct byte_sum_on<isa::neon> : byte_sum_on<isa::portable> {
  template <class T>
  static std::int32_t run(const T* x, index_t n) noexcept {
    uint32x4_t sums = vdupq_n_u32(0);
    index_t i = 0;
    for (; i + 16 <= n; i += 16) {
      if constexpr (std::is_signed_v<T>) {
        const int16x8_t pairs = vpaddlq_s8(vld1q_s8(x + i));
        sums = vreinterpretq_u32_s32(vpadalq_s16(vreinterpretq_s32_u32(sums), pairs));
      } else {
        sums = vpadalq_u16(sums, vpaddlq_u8(vld1q_u8(x + i)));
      }
    }
    const auto rest = static_cast<std::uint32_t>(byte_sum_on<isa::portable>::run(x + i, n - i));
    return static_cast<std::int32_t>(vaddvq_u32(sums) + rest);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
