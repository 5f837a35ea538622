// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/lanes.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Multiply and accumulate, the step every integer product is made of: lane n of the accumulators gains
///
///   sum over j of a[j] * b[n][j],   j = 0 .. group - 1
///
/// exactly, modulo 2^32. A word of a holds `group` neighbours of one row, spread to all lanes; a vector of b holds
/// `group` neighbours of `count` columns, [column][j].
///
///   element       what a and b are stored as: bytes, or wider integers that hold any byte; `group` of them are 4 bytes
///   unsigned_a    whether bytes of a are taken as unsigned (`flip` turns either kind into the other); b is signed
///   registers     how many vectors a tile may use
///   copy          codes, int8 or uint8, to elements of a
template <class Isa>
struct mac_on : mac_on<typename Isa::base> {};

template <>
struct mac_on<isa::portable> {
  using lanes = kernels::lanes<isa::portable>;
  using element = std::int32_t;
  static constexpr int group = 1;
  static constexpr bool unsigned_a = false;
  static constexpr int registers = 16;
  using i32 = std::int32_t;
  using word = std::int32_t;

  static word spread(const void* a) noexcept { return load(a); }
  static word load(const void* b) noexcept {
    word w;
    std::memcpy(&w, b, sizeof w);
    return w;
  }
  static word flip(word a) noexcept { return a; }
  static i32 step(i32 acc, word a, word b) noexcept { return lanes::add(acc, lanes::mul(a, b)); }

  template <class T, class Element>
  static void copy(const T* codes, index_t n, Element* to) noexcept {
    for (index_t i = 0; i < n; ++i) to[i] = static_cast<Element>(codes[i]);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/mac.hpp>
#endif
#if EQUANT_HAS_AVXVNNI
#include <equant/kernels/avxvnni/mac.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/mac.hpp>
#endif
#if EQUANT_HAS_NEON
#include <equant/kernels/neon/mac.hpp>
#endif
#if EQUANT_HAS_NEONDOT
#include <equant/kernels/neondot/mac.hpp>
#endif
