// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <algorithm>
#include <limits>

namespace equant::inline EQUANT_ABI::kernels {

/// The smallest and largest of some values, and whether all were finite (where not, both are NaN). Zero is +0, and of
/// no values at all low is +infinity and high -infinity.
template <class T>
struct value_range {
  T low = std::numeric_limits<T>::infinity();
  T high = -std::numeric_limits<T>::infinity();
  bool finite = true;
};

template <class Isa>
struct min_max_on : min_max_on<typename Isa::base> {};

template <>
struct min_max_on<isa::portable> {
  template <class T>
  static constexpr value_range<T> run(const T* x, index_t n) noexcept {
    value_range<T> r;
    bool nan = false;
    for (index_t i = 0; i < n; ++i) {
      r.low = x[i] < r.low ? x[i] : r.low;
      r.high = x[i] > r.high ? x[i] : r.high;
      nan = nan || x[i] != x[i];
    }
    return checked(r, nan, n);
  }

  /// Element by element: low[i] and high[i] are widened to hold x[i]. Returns whether all of x is finite.
  template <class T>
  static constexpr bool each(const T* x, index_t n, T* low, T* high) noexcept {
    bool finite = true;
    for (index_t i = 0; i < n; ++i) {
      const T v = x[i] + T(0);
      low[i] = v < low[i] ? v : low[i];
      high[i] = v > high[i] ? v : high[i];
      finite = finite && v - v == 0;
    }
    return finite;
  }

  /// Turns running extremes into the contract: unsigned zeros, NaN for what is not finite.
  template <class T>
  static constexpr value_range<T> checked(value_range<T> r, bool nan, index_t n) noexcept {
    if (n == 0) return r;
    constexpr T most = std::numeric_limits<T>::max();
    r.finite = !nan && r.low >= -most && r.high <= most;
    constexpr T not_a_number = std::numeric_limits<T>::quiet_NaN();
    r.low = r.finite ? r.low + T(0) : not_a_number;
    r.high = r.finite ? r.high + T(0) : not_a_number;
    return r;
  }
};

/// Smallest and largest of n contiguous values in one pass.
template <class Isa = isa::native, class T>
constexpr value_range<T> min_max(const T* x, index_t n) noexcept {
  if (std::is_constant_evaluated()) return min_max_on<isa::portable>::run(x, n);
  return min_max_on<Isa>::run(x, n);
}

/// n running ranges at once, a value for each: zero is +0. Returns whether all values are finite.
template <class Isa = isa::native, class T>
bool widen_each(const T* x, index_t n, T* low, T* high) noexcept {
  return min_max_on<Isa>::each(x, n, low, high);
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/min_max.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/min_max.hpp>
#endif
#if EQUANT_HAS_NEON
#include <equant/kernels/neon/min_max.hpp>
#endif

namespace equant::inline EQUANT_ABI::kernels {

/// Lines of n values, `step` apart: widens low[k * range_step] and high[k * range_step] to hold line k. Returns whether
/// all values are finite.
template <class Isa = isa::native, class T>
[[gnu::noinline, gnu::flatten]]
bool widen_lines(const T* x, index_t lines, index_t n, index_t step, T* low, T* high, index_t range_step) noexcept {
  bool finite = true;
  for (index_t k = 0; k < lines; ++k) {
    const value_range<T> found = min_max_on<Isa>::run(x + k * step, n);
    finite = finite && found.finite;
    low[k * range_step] = std::min(low[k * range_step], found.low);
    high[k * range_step] = std::max(high[k * range_step], found.high);
  }
  return finite;
}

/// Lines of n values, `step` apart, all of them for the same n ranges.
template <class Isa = isa::native, class T>
[[gnu::noinline, gnu::flatten]]
bool widen_each_of_lines(const T* x, index_t lines, index_t n, index_t step, T* low, T* high) noexcept {
  bool finite = true;
  for (index_t k = 0; k < lines; ++k) finite = min_max_on<Isa>::each(x + k * step, n, low, high) && finite;
  return finite;
}

}  // namespace equant::inline EQUANT_ABI::kernels
