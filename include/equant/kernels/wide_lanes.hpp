// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/lanes.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Twice as many lanes as L has, so that what is written over lanes can be run on neighbouring registers at once. In
/// memory are all lanes of the lower half and `n - L::count` of the upper one: at least one.
template <class L>
struct doubled {
  static constexpr int count = 2 * L::count;
  struct i32 {
    typename L::i32 lower, upper;
  };
  struct f32 {
    typename L::f32 lower, upper;
  };

  static i32 splat(std::int32_t x) noexcept { return {L::splat(x), L::splat(x)}; }
  static f32 splat(float x) noexcept { return {L::splat(x), L::splat(x)}; }
  template <class T>
  static auto load(const T* p, int n) noexcept {
    return both(L::load(p, L::count), L::load(p + L::count, n - L::count));
  }

  static i32 add(i32 a, i32 b) noexcept { return {L::add(a.lower, b.lower), L::add(a.upper, b.upper)}; }
  static i32 sub(i32 a, i32 b) noexcept { return {L::sub(a.lower, b.lower), L::sub(a.upper, b.upper)}; }
  static i32 mul(i32 a, i32 b) noexcept { return {L::mul(a.lower, b.lower), L::mul(a.upper, b.upper)}; }
  static i32 min(i32 a, i32 b) noexcept { return {L::min(a.lower, b.lower), L::min(a.upper, b.upper)}; }
  static i32 max(i32 a, i32 b) noexcept { return {L::max(a.lower, b.lower), L::max(a.upper, b.upper)}; }
  static i32 shift_left(i32 a, i32 s) noexcept {
    return {L::shift_left(a.lower, s.lower), L::shift_left(a.upper, s.upper)};
  }
  static i32 high_product(i32 a, i32 b) noexcept {
    return {L::high_product(a.lower, b.lower), L::high_product(a.upper, b.upper)};
  }
  static i32 shift_away(i32 a, i32 s) noexcept {
    return {L::shift_away(a.lower, s.lower), L::shift_away(a.upper, s.upper)};
  }
  static i32 shift_up(i32 a, i32 b, i32 s) noexcept {
    return {L::shift_up(a.lower, b.lower, s.lower), L::shift_up(a.upper, b.upper, s.upper)};
  }

  static f32 add(f32 a, f32 b) noexcept { return {L::add(a.lower, b.lower), L::add(a.upper, b.upper)}; }
  static f32 mul(f32 a, f32 b) noexcept { return {L::mul(a.lower, b.lower), L::mul(a.upper, b.upper)}; }
  static f32 fma(f32 a, f32 b, f32 c) noexcept {
    return {L::fma(a.lower, b.lower, c.lower), L::fma(a.upper, b.upper, c.upper)};
  }
  static f32 min(f32 a, f32 b) noexcept { return {L::min(a.lower, b.lower), L::min(a.upper, b.upper)}; }
  static f32 max(f32 a, f32 b) noexcept { return {L::max(a.lower, b.lower), L::max(a.upper, b.upper)}; }
  static f32 to_float(i32 a) noexcept { return {L::to_float(a.lower), L::to_float(a.upper)}; }
  static i32 round(f32 a) noexcept { return {L::round(a.lower), L::round(a.upper)}; }

  /// i32 or f32; codes of a kind of their own (see code_rounding.hpp) store themselves.
  template <class T, class Lanes>
  static void store(T* p, const Lanes& a, int n) noexcept {
    if constexpr (requires { a.store(p, n); }) {
      a.store(p, n);
    } else {
      L::store(p, a.lower, L::count);
      L::store(p + L::count, a.upper, n - L::count);
    }
  }

 private:
  static i32 both(typename L::i32 lower, typename L::i32 upper) noexcept { return {lower, upper}; }
  static f32 both(typename L::f32 lower, typename L::f32 upper) noexcept { return {lower, upper}; }
};

template <class L, std::size_t Times>
struct widened {
  using type = typename widened<doubled<L>, Times / 2>::type;
};
template <class L>
struct widened<L, 1> {
  using type = L;
};

/// Lanes of as many registers of L as said: 1, 2 or 4.
template <class L, std::size_t Times>
using wide_lanes = typename widened<L, Times>::type;

/// Neighbouring registers as one value of wide lanes.
template <class L, std::size_t Times>
[[gnu::always_inline]] inline typename wide_lanes<L, Times>::i32 side_by_side(const typename L::i32* x) noexcept {
  if constexpr (Times == 1) {
    return *x;
  } else {
    return {side_by_side<L, Times / 2>(x), side_by_side<L, Times / 2>(x + Times / 2)};
  }
}

}  // namespace equant::inline EQUANT_ABI::kernels
