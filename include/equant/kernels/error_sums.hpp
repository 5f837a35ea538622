// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <cmath>

namespace equant::inline EQUANT_ABI::kernels {

/// Sums over pairs (x, y) of a value and what became of it; the error is y - x.
struct error_sums {
  double error = 0;
  double magnitude = 0;  // |error|
  double square = 0;     // error^2
  double x_square = 0;
  double y_square = 0;
  double product = 0;  // x * y
  double largest = 0;  // max |error|

  constexpr error_sums& operator+=(const error_sums& o) {
    error += o.error;
    magnitude += o.magnitude;
    square += o.square;
    x_square += o.x_square;
    y_square += o.y_square;
    product += o.product;
    largest = o.largest > largest ? o.largest : largest;
    return *this;
  }
};

template <class Isa>
struct sum_errors_on : sum_errors_on<typename Isa::base> {};

/// Eight lanes, element i in lane i mod 8, put together pairwise: the order is part of the contract, so that sums are
/// the same on every instruction set. Errors of floats are formed in float, whose products are exact in double, and
/// fused or not gives the same sum; those of doubles are fused on purpose.
template <>
struct sum_errors_on<isa::portable> {
  template <class T>
  static error_sums run(const T* x, const T* y, index_t n) noexcept {
    constexpr int width = 8;
    double error[width] = {}, magnitude[width] = {}, square[width] = {};
    double x_square[width] = {}, y_square[width] = {}, product[width] = {};
    T largest[width] = {};
    auto take = [&](index_t i, int lane) {
      const T e = y[i] - x[i];
      const T size = e < 0 ? -e : e;
      error[lane] += static_cast<double>(e);
      magnitude[lane] += static_cast<double>(size);
      largest[lane] = size > largest[lane] ? size : largest[lane];
      square[lane] = multiply_add(e, e, square[lane]);
      x_square[lane] = multiply_add(x[i], x[i], x_square[lane]);
      y_square[lane] = multiply_add(y[i], y[i], y_square[lane]);
      product[lane] = multiply_add(x[i], y[i], product[lane]);
    };
    index_t i = 0;
    for (; i + width <= n; i += width) {
      for (int lane = 0; lane < width; ++lane) take(i + lane, lane);
    }
    for (int lane = 0; i < n; ++i, ++lane) take(i, lane);
    error_sums s;
    s.error = pairwise(error);
    s.magnitude = pairwise(magnitude);
    s.square = pairwise(square);
    s.x_square = pairwise(x_square);
    s.y_square = pairwise(y_square);
    s.product = pairwise(product);
    for (T size : largest) s.largest = static_cast<double>(size) > s.largest ? static_cast<double>(size) : s.largest;
    return s;
  }

 protected:
  static double multiply_add(float a, float b, double c) noexcept {
    return static_cast<double>(a) * static_cast<double>(b) + c;
  }
  static double multiply_add(double a, double b, double c) noexcept { return std::fma(a, b, c); }

  static double pairwise(const double (&v)[8]) noexcept {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
  }
};

/// The sums over n contiguous pairs.
template <class Isa = isa::native, class T>
error_sums sum_errors(const T* x, const T* y, index_t n) noexcept {
  return sum_errors_on<Isa>::run(x, y, n);
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/error_sums.hpp>
#endif
