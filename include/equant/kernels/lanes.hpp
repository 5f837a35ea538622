// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/rounding.hpp>
#include <equant/core/shape.hpp>

#include <cmath>
#include <cstring>

namespace equant::inline EQUANT_ABI::kernels {

/// 32-bit integers and floats, as many at a time as a register holds: what epilogues are written in, once for every
/// instruction set. Integers wrap. `n` is how many lanes of a load or store are in memory, 1 to `count`; the others
/// load as zero.
///
///   fma(a, b, c)         a b + c, rounded once
///   round(x)             nearest even; |x| < 2^31
///   high_product(a, b)   (a b + 2^30) >> 31, not both -2^31: gemmlowp's saturating rounding doubling high multiply
///   shift_away(a, s)     a / 2^s to the nearest, ties away from zero; 0 <= s <= 31
///   shift_up(a, b, s)    (a b + 2^(s-1)) >> s in 64 bits, ties toward +infinity, the low half; 1 <= s <= 62
template <class Isa>
struct lanes : lanes<typename Isa::base> {};

/// One lane: the specification.
template <>
struct lanes<isa::portable> {
  static constexpr int count = 1;
  using i32 = std::int32_t;
  using f32 = float;

  static i32 splat(std::int32_t x) noexcept { return x; }
  static f32 splat(float x) noexcept { return x; }
  static i32 load(const std::int32_t* p, int) noexcept { return *p; }
  static f32 load(const float* p, int) noexcept { return *p; }
  static i32 load(const std::int8_t* p, int) noexcept { return *p; }
  static i32 load(const std::uint8_t* p, int) noexcept { return *p; }

  static i32 add(i32 a, i32 b) noexcept { return wrap(bits(a) + bits(b)); }
  static i32 sub(i32 a, i32 b) noexcept { return wrap(bits(a) - bits(b)); }
  static i32 mul(i32 a, i32 b) noexcept { return wrap(bits(a) * bits(b)); }
  static i32 min(i32 a, i32 b) noexcept { return a < b ? a : b; }
  static i32 max(i32 a, i32 b) noexcept { return a > b ? a : b; }
  static i32 shift_left(i32 a, i32 s) noexcept { return wrap(bits(a) << s); }
  static i32 high_product(i32 a, i32 b) noexcept {
    return static_cast<i32>((std::int64_t{a} * b + (std::int64_t{1} << 30)) >> 31);
  }
  static i32 shift_away(i32 a, i32 s) noexcept {
    const i32 mask = wrap((1u << s) - 1), rest = a & mask;
    return (a >> s) + (rest > (mask >> 1) + (a < 0 ? 1 : 0) ? 1 : 0);
  }
  static i32 shift_up(i32 a, i32 b, i32 s) noexcept {
    return static_cast<i32>((std::int64_t{a} * b + (std::int64_t{1} << (s - 1))) >> s);
  }

  static f32 add(f32 a, f32 b) noexcept { return a + b; }
  static f32 mul(f32 a, f32 b) noexcept { return a * b; }
  static f32 fma(f32 a, f32 b, f32 c) noexcept { return std::fma(a, b, c); }
  static f32 min(f32 a, f32 b) noexcept { return b < a ? b : a; }
  static f32 max(f32 a, f32 b) noexcept { return b > a ? b : a; }
  static f32 to_float(i32 a) noexcept { return static_cast<float>(a); }
  static i32 round(f32 a) noexcept { return static_cast<i32>(nearest_even::apply(a)); }

  static void store(std::int32_t* p, i32 a, int) noexcept { *p = a; }
  static void store(float* p, f32 a, int) noexcept { *p = a; }
  /// The low bytes.
  static void store(std::int8_t* p, i32 a, int) noexcept { *p = static_cast<std::int8_t>(a); }
  static void store(std::uint8_t* p, i32 a, int) noexcept { *p = static_cast<std::uint8_t>(a); }

 private:
  static std::uint32_t bits(i32 a) noexcept { return static_cast<std::uint32_t>(a); }
  static i32 wrap(std::uint32_t a) noexcept { return static_cast<i32>(a); }
};

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/lanes.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/lanes.hpp>
#endif
#if EQUANT_HAS_NEON
#include <equant/kernels/neon/lanes.hpp>
#endif
