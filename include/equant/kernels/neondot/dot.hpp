// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/neon/dot.hpp>

namespace equant::inline EQUANT_ABI::kernels {

namespace neondot {

/// sdot and udot want operands of one kind. Where there are two, b becomes a's by flipping its high bits:
///   uint8 * int8   a (b + 128) - 128 a
///   int8 * uint8   a (b - 128) - -128 a
struct dot_bytes : neon::dot_bytes {
  template <class A, class B>
  static constexpr bool corrected = std::is_signed_v<A> != std::is_signed_v<B>;

  template <class A, class B>
  static sums product(sums s, bytes a, bytes b) noexcept {
    if constexpr (corrected<A, B>) b = veorq_u8(b, vdupq_n_u8(128));
    return step<A>(s, a, b);
  }
  template <class A, class B>
  static sums correction(sums s, bytes a) noexcept {
    return step<A>(s, a, vdupq_n_u8(128));
  }

 private:
  template <class A>
  static sums step(sums s, bytes a, bytes b) noexcept {
    if constexpr (std::is_signed_v<A>) {
      const int32x4_t sum = vreinterpretq_s32_u32(s);
      return vreinterpretq_u32_s32(vdotq_s32(sum, vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));
    } else {
      return vdotq_u32(s, a, b);
    }
  }
};

}  // namespace neondot

template <>
struct dot_on<isa::neondot> : dot_loops<neondot::dot_bytes, dot_on<isa::portable>> {};

}  // namespace equant::inline EQUANT_ABI::kernels
