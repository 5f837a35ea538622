// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/arithmetic.hpp>
#include <equant/formats/minifloat.hpp>
#include <equant/storage/block.hpp>

/// The arithmetic of each rule of equant::rules on one block, as plain C++.
///
///   block_parameters fit(rule, format, x, n, codes)
///
/// x: n >= 1 finite values. The codes of the rules that round by the scale before it is stored are given as well; for
/// `standard` they are chosen later, by the scale as it is stored (`encode_block`). Every result is defined: a scale
/// too small for its reciprocal counts as zero, and all codes of such a block are those of zero.
namespace equant::inline EQUANT_ABI::kernels {

/// value = scale * level - offset
struct block_parameters {
  float scale = 0;
  float offset = 0;
};

/// Whether a rule's codes stay as they are when its parameters are stored.
template <class Rule>
inline constexpr bool codes_at_once = !std::same_as<Rule, rules::standard> && !std::same_as<Rule, rules::least_error>;

namespace block_rules {

constexpr float magnitude(float x) { return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0x7fffffffu); }

/// The largest magnitude; as a number of bits, which compare as the numbers do.
constexpr float largest_magnitude(const float* x, index_t n) {
  std::uint32_t most = 0;
  for (index_t i = 0; i < n; ++i) most = std::max(most, std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffffu);
  return std::bit_cast<float>(most);
}

/// The first of the values that have the largest magnitude.
constexpr float signed_largest(const float* x, index_t n) {
  const float most = largest_magnitude(x, n);
  for (index_t i = 0; i < n; ++i) {
    if (magnitude(x[i]) == most) return x[i];
  }
  return 0;
}

struct range {
  float low, high;
};
constexpr range range_of(const float* x, index_t n) {
  range r{x[0], x[0]};
  for (index_t i = 1; i < n; ++i) {
    r.low = x[i] < r.low ? x[i] : r.low;
    r.high = x[i] > r.high ? x[i] : r.high;
  }
  return r;
}

/// 1 / d, or 0 where that is not finite.
constexpr float reciprocal(float d) {
  return magnitude(d) > 0x1p-128f && magnitude(d) <= std::numeric_limits<float>::max() ? 1 / d : 0;
}

/// The integer part of v, within [0, most].
constexpr std::int32_t truncated(float v, std::int32_t most) {
  return v >= 1 ? (v < static_cast<float>(most) ? static_cast<std::int32_t>(v) : most) : 0;
}

/// 2^(floor(log2 amax) - emax) as e8m0 holds it.
template <element_format Format>
constexpr float shared_power(float amax) {
  constexpr int emax = static_cast<int>(std::bit_cast<std::uint32_t>(Format::largest()) >> 23) - 127;
  const std::uint32_t word = std::bit_cast<std::uint32_t>(amax);
  int exponent = static_cast<int>(word >> 23) - 127;
  if (exponent == -127) exponent = 31 - std::countl_zero(word | 1) - 149;
  const int e = std::max(exponent - emax, -127);
  return std::bit_cast<float>(e == -127 ? 0x00400000u : static_cast<std::uint32_t>(e + 127) << 23);
}

/// The nearest code, of two the one nearer to zero, and no negative zero.
template <int E, int M, special_codes S>
constexpr auto toward_zero_at_ties(const minifloat<E, M, S>& format, float r) {
  using word = typename minifloat<E, M, S>::word;
  word c = format.encode(magnitude(r));
  if (c > 0 && format.decode(c) > magnitude(r) &&
      format.decode(c) - magnitude(r) == magnitude(r) - format.decode(static_cast<word>(c - 1))) {
    --c;
  }
  return static_cast<word>(c > 0 && r < 0 ? c | 1u << (E + M) : c);
}

/// Of an ascending table of levels, the place of the nearest; of two the upper.
template <class Levels>
constexpr std::uint8_t nearest_upper(const Levels& levels, float x) {
  std::uint8_t i = 0;
  for (std::size_t k = 0; k + 1 < levels.size(); ++k) {
    i = static_cast<std::uint8_t>(i + (x >= (levels[k] + levels[k + 1]) / 2));
  }
  return i;
}

}  // namespace block_rules

template <element_format Format>
constexpr block_parameters fit(rules::standard, const Format& format, const float* x, index_t n, bool with_offset) {
  if (!with_offset) return {block_rules::largest_magnitude(x, n) / format.largest(), 0};
  const block_rules::range r = block_rules::range_of(x, n);
  const float lowest = format.decode(format.encode(-std::numeric_limits<float>::infinity()));
  const float steps = format.largest() - lowest;
  const float scale = r.high / steps - r.low / steps;
  return {scale, uncontracted(scale * lowest) - r.low};
}

/// The codes of a block by parameters as they are stored.
template <element_format Format>
constexpr void encode_block(const Format& format, const float* x, index_t n, block_parameters p,
                            code_word<Format::bits>* codes) {
  for (index_t i = 0; i < n; ++i) codes[i] = format.encode(p.scale == 0 ? 0 : (x[i] + p.offset) / p.scale);
}

template <element_format Format>
constexpr block_parameters fit(rules::power_of_two, const Format& format, const float* x, index_t n,
                               code_word<Format::bits>* codes) {
  const float scale = block_rules::shared_power<Format>(block_rules::largest_magnitude(x, n));
  for (index_t i = 0; i < n; ++i) codes[i] = format.encode(x[i] / scale);
  return {scale, 0};
}

template <element_format Format>
constexpr block_parameters fit(rules::power_of_two_ggml, const Format& format, const float* x, index_t n,
                               code_word<Format::bits>* codes) {
  const float scale = block_rules::shared_power<Format>(block_rules::largest_magnitude(x, n));
  for (index_t i = 0; i < n; ++i) codes[i] = block_rules::toward_zero_at_ties(format, x[i] / scale);
  return {scale, 0};
}

template <integer_format Format>
constexpr block_parameters fit(rules::magnitude_ggml, const Format&, const float* x, index_t n,
                               code_word<Format::bits>* codes) {
  const float scale = block_rules::largest_magnitude(x, n) / Format::largest();
  const float inverse = block_rules::reciprocal(scale);
  for (index_t i = 0; i < n; ++i) {
    const float v = half_away::apply(x[i] * inverse);
    codes[i] = Format::to_word(static_cast<std::int32_t>(std::clamp(v, -Format::largest(), Format::largest())));
  }
  return {scale, 0};
}

template <integer_format Format>
constexpr block_parameters fit(rules::signed_ggml, const Format&, const float* x, index_t n,
                               code_word<Format::bits>* codes) {
  constexpr std::int32_t lowest = Format::range.lowest;
  const float scale = block_rules::signed_largest(x, n) / static_cast<float>(lowest);
  const float inverse = block_rules::reciprocal(scale);
  constexpr float middle = 0.5f - static_cast<float>(lowest);
  for (index_t i = 0; i < n; ++i) {
    const float v = uncontracted(x[i] * inverse) + middle;
    codes[i] = Format::to_word(block_rules::truncated(v, Format::range.highest - lowest) + lowest);
  }
  return {scale, 0};
}

template <integer_format Format>
constexpr block_parameters fit(rules::range_ggml, const Format&, const float* x, index_t n,
                               code_word<Format::bits>* codes) {
  const block_rules::range r = block_rules::range_of(x, n);
  const float scale = (r.high - r.low) / static_cast<float>(Format::range.highest);
  const float inverse = block_rules::reciprocal(scale);
  for (index_t i = 0; i < n; ++i) {
    const float v = uncontracted((x[i] - r.low) * inverse) + 0.5f;
    codes[i] = Format::to_word(block_rules::truncated(v, Format::range.highest));
  }
  return {scale, -r.low};
}

template <class Format>
constexpr block_parameters fit(rules::weighted_ggml, const Format&, const float* x, index_t n,
                               code_word<Format::bits>* codes) {
  constexpr auto levels = Format::levels();
  const float most = block_rules::signed_largest(x, n);
  const float inverse = block_rules::magnitude(most) < 1e-15f ? 0 : block_rules::reciprocal(most / levels[0]);
  float products = 0, squares = 0;
  for (index_t i = 0; i < n; ++i) {
    codes[i] = block_rules::nearest_upper(levels, inverse * x[i]);
    const float level = levels[codes[i]], weight = x[i] * x[i];
    products += uncontracted(weight * level * x[i]);
    squares += uncontracted(weight * level * level);
  }
  const float scale = squares > 0 ? products / squares : 0;
  return {inverse == 0 ? 0 : scale - scale == 0 ? scale : most / levels[0], 0};  // sums of huge values are not finite
}

}  // namespace equant::inline EQUANT_ABI::kernels
