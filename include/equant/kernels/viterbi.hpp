// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <algorithm>
#include <type_traits>

/// viterbi_step: one sample of the search for the cheapest path through a bit-shift trellis (Forney, 1973; the trellis
/// is that of Tseng et al., QTIP, 2024).
///
/// A state is the last `length` bits of a stream that takes in `Bits` bits per sample, s' = (s << Bits | b) mod
/// 2^length, and stands for the value table[s]. The 2^Bits states that can follow a state share all but their low bits
/// with each other, and so do the low length - Bits bits of the states it can be reached from: the group g = s >> Bits
/// of the new states. With before[g] the cost of the cheapest path into group g and x the sample, the step is
///
///   after[g'] = min over p of  before[s >> Bits] + cost(x, table[s]) - least,   s = p << (length - Bits) | g'
///   choice[g'] = the smallest p that attains it
///   cost(x, t) = (d^2 + 2^14) >> 15,   d = x - t saturated to 16 bits
///
/// in integers: sums saturate at 65535, and `least`, the smallest cost before, is taken off to stay below that. All
/// instruction sets agree to the bit because integers do, and 32 states fit a vector.
namespace equant::inline EQUANT_ABI::kernels {

/// What is read beyond the costs of all groups: vectors load more than they use.
inline constexpr index_t viterbi_slack = 16;

template <class Isa>
struct viterbi_on : viterbi_on<typename Isa::base> {};

template <>
struct viterbi_on<isa::portable> {
  static constexpr std::int32_t cost(std::int16_t x, std::int16_t t) noexcept {
    const std::int32_t d = std::clamp(std::int32_t{x} - std::int32_t{t}, -32768, 32767);
    return (d * d + 0x4000) >> 15;
  }

  template <int Bits>
  static std::uint16_t step(int length, std::int16_t x, const std::int16_t* table, const std::uint16_t* before,
                            std::uint16_t least, std::uint16_t* after, std::uint8_t* choice) noexcept {
    constexpr index_t most = 32;  // groups at a time, of a fixed number where that many are left: compilers like it
    const index_t groups = index_t{1} << (length - Bits);
    std::int32_t smallest = 65535;
    const auto some = [&](index_t g, auto count) {
      std::int32_t best[most], from[most], chosen[most] = {};
      for (index_t i = 0; i < count; ++i) best[i] = 65536;
      for (std::int32_t p = 0; p < 1 << Bits; ++p) {
        const index_t s = p * groups + g;
        for (index_t i = 0; i < count; ++i) from[i] = before[(s + i) >> Bits];
        for (index_t i = 0; i < count; ++i) {
          const std::int32_t c = std::min(65535, from[i] + cost(x, table[s + i]));
          chosen[i] = c < best[i] ? p : chosen[i];
          best[i] = std::min(best[i], c);
        }
      }
      for (index_t i = 0; i < count; ++i) {
        best[i] -= least;
        smallest = std::min(smallest, best[i]);
        after[g + i] = static_cast<std::uint16_t>(best[i]);
        choice[g + i] = static_cast<std::uint8_t>(chosen[i]);
      }
    };
    if (groups < most) {
      some(0, groups);
    } else {
      for (index_t g = 0; g < groups; g += most) some(g, std::integral_constant<index_t, most>{});
    }
    return static_cast<std::uint16_t>(smallest);
  }
};

/// One step over 2^(length - Bits) groups, 2 Bits <= length. `table` has 2^length values; `before` may be read
/// viterbi_slack beyond its groups, and `least` is at most its smallest. Returns the smallest of `after`.
template <int Bits, class Isa = isa::native>
std::uint16_t viterbi_step(int length, std::int16_t x, const std::int16_t* table, const std::uint16_t* before,
                           std::uint16_t least, std::uint16_t* after, std::uint8_t* choice) noexcept {
  return viterbi_on<Isa>::template step<Bits>(length, x, table, before, least, after, choice);
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/viterbi.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/viterbi.hpp>
#endif
