// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/convert.hpp>
#include <equant/kernels/mac.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// How weights of 2, 4 or 8 bits lie in memory, the same on every machine. Panels of 32 columns; in a panel, per group
/// along K:
///
///   [steps][32 columns][4 bytes]   codes; a byte holds planes = 8 / bits of them, the first in the lowest bits:
///                                  byte j of a step holds k = depth * step + 4 * plane + j, depth = 4 * planes
///   [32]                           scales, half precision
///   [32]                           zero points, a byte each, where there are any
///
/// Codes are unsigned here, 0 .. 2^bits - 1; the weight is (code - zero point) * scale. Without zero points it is
/// 2^(bits - 1), the middle.
struct weight_layout {
  static constexpr index_t panel = 32;
  static constexpr index_t step_bytes = 4 * panel;

  int bits = 4;
  bool zeros = false;
  index_t steps = 0;  ///< per group

  static constexpr int depth(int bits) { return 32 / bits; }
  constexpr index_t scales_at() const { return steps * step_bytes; }
  constexpr index_t zeros_at() const { return scales_at() + 2 * panel; }
  constexpr index_t group_bytes() const { return zeros_at() + (zeros ? panel : 0); }
};

/// What tiles of weight-only products are made of: `count` columns at a time.
///
///   plane<Bits, P>(w)       plane P of the codes, a byte each
///   step<Bits>(acc, w, a)   lane n gains the sum over j of w[n][j] * a[j], bytes of w unsigned and below 2^Bits, of a
///                           signed and above -128: exact, modulo 2^32
///   code<Bits, K>(w)        code K of the step's depth as a float
///   halves, bytes           `count` halves as floats, bytes as integers
template <class Isa>
struct weight_lanes : weight_lanes<typename Isa::base> {};

template <>
struct weight_lanes<isa::portable> : lanes<isa::portable> {
  using word = std::uint32_t;

  static word load(const std::uint8_t* p) noexcept {
    word w;
    std::memcpy(&w, p, sizeof w);
    return w;
  }
  using lanes<isa::portable>::load;
  static word spread(const void* a) noexcept { return load(static_cast<const std::uint8_t*>(a)); }
  template <int Bits, int P>
  static word plane(word w) noexcept {
    return w >> (P * Bits) & ((1u << Bits) - 1) * 0x01010101u;
  }
  template <int Bits>
  static i32 step(i32 acc, word w, word a) noexcept {
    auto sum = static_cast<std::uint32_t>(acc);
    for (int shift = 0; shift < 32; shift += 8) {
      sum += (w >> shift & 255u) * static_cast<std::uint32_t>(static_cast<std::int8_t>(a >> shift & 255u));
    }
    return static_cast<i32>(sum);
  }
  template <int Bits, int K>
  static f32 code(word w) noexcept {
    return static_cast<float>(w >> (8 * (K % 4) + Bits * (K / 4)) & ((1u << Bits) - 1));
  }
  static f32 halves(const std::uint8_t* p) noexcept {
    std::uint16_t h;
    std::memcpy(&h, p, sizeof h);
    return half_words::widen(h);
  }
  static i32 bytes(const std::uint8_t* p) noexcept { return *p; }
  using lanes<isa::portable>::sub;
  static f32 sub(f32 a, f32 b) noexcept { return a - b; }

  /// The largest number of rows in a tile, and its columns in vectors: of codes, and of floats. `shared_rows`, where a
  /// leaf has it: the largest number of rows where several tiles share a panel.
  static constexpr int rows = 2, vectors = 32;
  static constexpr int float_rows = 1, float_vectors = 32;
};

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/weight_lanes.hpp>
#endif
#if EQUANT_HAS_AVXVNNI
#include <equant/kernels/avxvnni/weight_lanes.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/weight_lanes.hpp>
#endif
#if EQUANT_HAS_NEON
#include <equant/kernels/neon/weight_lanes.hpp>
#endif
#if EQUANT_HAS_NEONDOT
#include <equant/kernels/neondot/weight_lanes.hpp>
#endif
