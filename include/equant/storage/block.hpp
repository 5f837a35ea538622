// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/eigen.hpp>
#include <equant/formats/minifloat.hpp>

#include <algorithm>

namespace equant::inline EQUANT_ABI {

/// How parameters are kept: as they are, in 32 bits;
template <class T = float>
struct raw {
  static_assert(std::same_as<T, float>, "equant: parameters are floats");
};

/// each as the nearest number of a format;
template <class F>
struct cast {
  using format_type = F;
};
template <>
struct cast<fp16> {
  using format_type = minifloat<5, 10, special_codes::ieee>;
};
template <>
struct cast<bf16> {
  using format_type = minifloat<8, 7, special_codes::ieee>;
};

/// or there are none.
struct no_offset {};

/// A block as long as there are values.
inline constexpr index_t whole = blocking::whole;

/// How the range of a block is chosen where nobody searches for it; the arithmetic of each is in
/// kernels/block_rules.hpp.
namespace rules {

/// The format's own: without an offset, the largest magnitude goes to the largest number of the format; with one, the
/// lowest value to the lowest and the highest to the highest.
struct standard {};
/// Whatever gives the least squares of errors for the same bytes, found by a search.
struct least_error {};
/// OCP MX: the power of two 2^(floor(log2 amax) - emax), where 2^emax is the largest power of two of the format.
struct power_of_two {};
/// The same with ties toward zero, as ggml rounds its MXFP4.
struct power_of_two_ggml {};
/// ggml's Q8_0 and TQ2_0: amax / largest; products with the reciprocal, ties away from zero.
struct magnitude_ggml {};
/// ggml's Q4_0 and Q5_0: the value of the largest magnitude goes to the lowest code; a scale may be negative.
struct signed_ggml {};
/// ggml's Q4_1 and Q5_1: from the lowest to the highest value.
struct range_ggml {};
/// ggml's IQ4_NL: codes as for the signed largest, then the scale of least squares weighted by the squares.
struct weighted_ggml {};

}  // namespace rules

/// A block scheme: `Length` neighbours share a scale, and an offset where there is one. Scales and offsets are kept by
/// schemes of their own, which may again be blocks, of that many scales.
///
///   value = scale * format.decode(code) - offset
///
/// Blocks run along the last axis that is longer than 1, and do not reach over its end: the last may be shorter.
/// Nothing of this is for a caller to choose: `quantize<Scheme>(w)`.
template <element_format Format, class Scale, index_t Length, class Offset = no_offset, class Rule = rules::standard>
struct block {
  static_assert(Length >= 0, "equant: a block has a positive length, or is whole");
  using format_type = Format;
  using scale_type = Scale;
  using offset_type = Offset;
  using rule_type = Rule;
  static constexpr index_t length = Length;
  static constexpr bool has_offset = !std::same_as<Offset, no_offset>;

  /// The block of value i of a line, and whether that is the first of it.
  static constexpr index_t block_of(index_t i) { return Length == whole ? 0 : i / std::max(Length, index_t{1}); }
  static constexpr bool starts_at(index_t i) { return i == 0 || block_of(i) != block_of(i - 1); }
};

template <class S>
struct is_block : std::false_type {};
template <class F, class S, index_t L, class O, class R>
struct is_block<block<F, S, L, O, R>> : std::true_type {};
template <class S>
concept block_scheme = is_block<S>::value;

}  // namespace equant::inline EQUANT_ABI
