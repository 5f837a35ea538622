// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/affine.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

/// A format says what a code means: it turns real numbers into the codes of the nearest ones it can represent.
namespace equant::inline EQUANT_ABI {

/// The smallest unsigned word that holds `Bits`: what a code is between a kernel and the packing.
template <int Bits>
using code_word = std::conditional_t<(Bits <= 8), std::uint8_t, std::uint16_t>;

/// A scalar format is a value, usually empty, with
///   bits         1 to 16: the width of a code
///   has_zero_point  whether an affine map may shift its codes
///   encode(r)    the code nearest to r; saturates, and sends NaN to the code of zero
///   decode(c)    the number a code stands for
///   largest()    the largest number it represents: a symmetric scale is amax / largest
///   contains(r)  whether r lies in the range that is rounded, not clipped
template <class F>
concept element_format = std::equality_comparable<F> && requires(const F f, float r, code_word<F::bits> c) {
  { F::bits } -> std::convertible_to<int>;
  { F::has_zero_point } -> std::convertible_to<bool>;
  { f.encode(r) } -> std::same_as<code_word<F::bits>>;
  { f.decode(c) } -> std::convertible_to<float>;
  { f.largest() } -> std::convertible_to<float>;
  { f.contains(r) } -> std::same_as<bool>;
};

/// A format whose codes are a run of integers: served by the integer kernels, for which its range is a value.
template <class F>
concept integer_format = element_format<F> && requires {
  typename F::code_type;
  { F::range } -> std::convertible_to<code_range>;
};

/// Signed codes are stored in two's complement: value = (word ^ sign) - sign, where `sign` is 0 for unsigned ones.
template <integer_format F>
inline constexpr std::int32_t sign_bit = std::is_signed_v<typename F::code_type> ? 1 << (F::bits - 1) : 0;

}  // namespace equant::inline EQUANT_ABI
