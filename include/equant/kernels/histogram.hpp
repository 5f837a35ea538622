// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <bit>
#include <cstdint>

namespace equant::inline EQUANT_ABI::kernels {

/// How many of some values lie in a bin, and the smallest and largest of their low 16 bits.
struct value_bin {
  std::uint64_t count = 0;
  std::uint16_t least = 0xffff;
  std::uint16_t most = 0;

  constexpr bool operator==(const value_bin&) const = default;
};

/// The floats that share their upper 16 bits (sign, exponent, 7 bits of mantissa) share a bin; 128 bins, those of one
/// sign and exponent, are a page.
inline constexpr index_t bins_per_page = 128;
inline constexpr std::size_t page_slots = 512;

/// Counts values into a table of pages until one falls into a page that is not there, and returns its place; n where
/// all were counted. page[bits >> 23] is the page's number, from 1, or 0 where it is not there. -0 counts as 0.
///
/// One body serves every instruction set: the counting is a chain of loads and stores, a nanosecond per value.
constexpr index_t count_values(const float* x, index_t n, const std::uint16_t* page, value_bin* bins) noexcept {
  for (index_t i = 0; i < n; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(x[i] + 0.0f);
    const index_t at = page[bits >> 23];
    if (at == 0) return i;
    value_bin& bin = bins[(at - 1) * bins_per_page + static_cast<index_t>(bits >> 16 & 127)];
    const auto rest = static_cast<std::uint16_t>(bits);
    ++bin.count;
    if (rest < bin.least) bin.least = rest;  // rarely: a branch costs less than a store
    if (rest > bin.most) bin.most = rest;
  }
  return n;
}

}  // namespace equant::inline EQUANT_ABI::kernels
