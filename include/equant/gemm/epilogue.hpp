// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/code_rounding.hpp>

#include <algorithm>
#include <concepts>
#include <limits>
#include <tuple>

/// What becomes of the sums of a product: a value composed of stages, each a few lanes in and a few lanes out, run
/// while the sums are still in registers.
///
///   multiply(a, b, terms, gemm::scale{...} >> gemm::round_to{...} >> gemm::store{...})
///
/// A stage is written once, over kernels::lanes, and gives the same bits on every instruction set. `at<L>(column,
/// count)` makes it ready for some neighbouring columns, and what it returns takes (row, lanes) of them; it may be
/// given the same ones twice. Parameters are stepped by 0 (one for all) or 1 (one per row or column).
namespace equant::inline EQUANT_ABI::gemm {

/// A parameter per row or column: element i is at[i * step].
template <class T>
struct stepped {
  const T* at;
  index_t step;

  T operator[](index_t i) const { return at[i * step]; }
  /// Those of the columns from `i` on.
  template <class L>
  auto lanes(index_t i, int count) const {
    return step == 0 ? L::splat(*at) : L::load(at + i, count);
  }
};

struct stage {};

/// int32 -> float: x * (rows[m] * columns[n]), the two scales multiplied first.
struct scale : stage {
  stepped<float> rows, columns;
  scale(stepped<float> by_row, stepped<float> by_column) : rows(by_row), columns(by_column) {}

  template <class L>
  auto at(index_t column, int count) const {
    return [by = rows, factor = columns.lanes<L>(column, count)](index_t row, typename L::i32 x)
               __attribute__((always_inline)) {
                 return L::mul(L::to_float(x), L::mul(L::splat(by[row]), factor));
               };
  }
};

/// int32 -> float: x * columns[n], the multiplier of ONNX Runtime's requantization.
struct scale_columns : stage {
  stepped<float> columns;
  explicit scale_columns(stepped<float> by_column) : columns(by_column) {}

  template <class L>
  auto at(index_t column, int count) const {
    return [factor = columns.lanes<L>(column, count)](index_t, typename L::i32 x) __attribute__((always_inline)) {
      return L::mul(L::to_float(x), factor);
    };
  }
};

/// int32 -> float: x * (rows[m] * columns[n]) + bias[n], the last two operations fused.
struct scale_and_add : stage {
  stepped<float> rows, columns, bias;
  scale_and_add(stepped<float> by_row, stepped<float> by_column, stepped<float> b)
      : rows(by_row), columns(by_column), bias(b) {}

  template <class L>
  auto at(index_t column, int count) const {
    return [by = rows, factor = columns.lanes<L>(column, count), b = bias.lanes<L>(column, count)](
               index_t row, typename L::i32 x) __attribute__((always_inline)) {
      return L::fma(L::to_float(x), L::mul(L::splat(by[row]), factor), b);
    };
  }
};

/// float -> float: within [low, high].
struct clamp : stage {
  float low, high;
  clamp(float lowest, float highest) : low(lowest), high(highest) {}

  template <class L>
  auto at(index_t, int) const {
    return [a = L::splat(low), b = L::splat(high)](index_t, typename L::f32 x) __attribute__((always_inline)) {
      return L::min(L::max(x, a), b);
    };
  }
};

/// float -> code: round(clamp(x, low - z, high - z)) + z, nearest even, and low for NaN; [low, high] holds the
/// activation's clamp too. Codes of 8 bits: -128 <= low <= high <= 255, and so z.
struct round_to : stage {
  std::int32_t zero_point, low, high;
  round_to(std::int32_t z, std::int32_t lowest, std::int32_t highest) : zero_point(z), low(lowest), high(highest) {
    if (lowest > highest || std::min(z, lowest) < -128 || std::max(z, highest) > 255) {
      contract::invalid_argument("codes from ", lowest, " to ", highest, " with zero point ", z,
                                 "; 8 bits hold -128 to 127 or 0 to 255");
    }
  }

  template <class L>
  auto at(index_t, int) const {
    return [codes = kernels::code_rounding<L>(zero_point, low, high)](index_t, typename L::f32 x)
               __attribute__((always_inline)) { return codes(x); };
  }
};

/// How an integer multiplier is applied: real = multiplier * 2^(shift - 31), multiplier in [2^30, 2^31).
struct fixed_point : stage {
  stepped<std::int32_t> multiplier, shift;
  std::int32_t zero_point, low, high;
  fixed_point(stepped<std::int32_t> m, stepped<std::int32_t> s, std::int32_t z, std::int32_t lowest,
              std::int32_t highest)
      : multiplier(m), shift(s), zero_point(z), low(lowest), high(highest) {}
};

/// int32 -> code, rounded twice: the doubling high product (ties toward +infinity), then a shift to the right (ties
/// away from zero). TensorFlow Lite's default, and gemmlowp's.
struct rounded_twice : fixed_point {
  using fixed_point::fixed_point;

  template <class L>
  auto at(index_t column, int count) const {
    const auto by = shift.lanes<L>(column, count), none = L::splat(std::int32_t{0});
    return [m = multiplier.lanes<L>(column, count), left = L::max(by, none), right = L::max(L::sub(none, by), none),
            zero = L::splat(zero_point), a = L::splat(low), b = L::splat(high)](index_t, typename L::i32 x)
               __attribute__((always_inline)) {
                 const auto scaled = L::shift_away(L::high_product(L::shift_left(x, left), m), right);
                 return L::min(L::max(L::add(scaled, zero), a), b);
               };
  }
};

/// int32 -> code, rounded once: (x * multiplier + 2^(30 - shift)) >> (31 - shift), ties toward +infinity. TensorFlow
/// Lite's other form. Shifts from -31 to 30.
struct rounded_once : fixed_point {
  using fixed_point::fixed_point;

  template <class L>
  auto at(index_t column, int count) const {
    return [m = multiplier.lanes<L>(column, count),
            by = L::sub(L::splat(std::int32_t{31}), shift.lanes<L>(column, count)), zero = L::splat(zero_point),
            a = L::splat(low), b = L::splat(high)](index_t, typename L::i32 x) __attribute__((always_inline)) {
      return L::min(L::max(L::add(L::shift_up(x, m, by), zero), a), b);
    };
  }
};

/// What writes, as T. What round_to makes must be codes of T.
template <class T>
struct sink : stage {
  static void check(const round_to& codes) {
    if constexpr (sizeof(T) == 1) {
      constexpr std::int32_t lowest = std::numeric_limits<T>::min(), highest = std::numeric_limits<T>::max();
      if (codes.low < lowest || codes.high > highest) {
        contract::invalid_argument("codes from ", codes.low, " to ", codes.high, " stored as ", lowest, " to ",
                                   highest);
      }
    }
  }
};

/// The last stage: writes rows of int32, float, int8 or uint8, row m at out + m * stride.
template <class T>
struct store : sink<T> {
  T* out;
  index_t stride;
  store(T* to, index_t row_stride) : out(to), stride(row_stride) {}

  template <class L>
  auto at(index_t column, int count) const {
    return [to = out + column, step = stride, count](index_t row, auto x) __attribute__((always_inline)) {
      L::store(to + row * step, x, count);
    };
  }
};

/// The same where neighbours of a row do not lie side by side.
template <class T>
struct scatter : sink<T> {
  T* out;
  index_t row_stride, column_stride;
  scatter(T* to, index_t row, index_t column) : out(to), row_stride(row), column_stride(column) {}

  template <class L>
  auto at(index_t column, int count) const {
    return [to = out + column * column_stride, *this, count](index_t row, auto x) {
      T values[L::count];
      L::store(static_cast<T*>(values), x, L::count);
      for (int i = 0; i < std::min(count, L::count); ++i) to[row * row_stride + i * column_stride] = values[i];
    };
  }
};

/// Stages one after the other, made by >>.
template <class... Stages>
struct pipeline {
  std::tuple<Stages...> stages;

  template <class L>
  [[gnu::always_inline]] auto at(index_t column, int count) const {
    return from<L, 0>(column, count);
  }

 private:
  template <class L, std::size_t I>
  [[gnu::always_inline]] auto from(index_t column, int count) const {
    const auto& here = std::get<I>(stages);
    if constexpr (I + 1 == sizeof...(Stages)) {
      return here.template at<L>(column, count);
    } else {
      return [first = here.template at<L>(column, count), rest = from<L, I + 1>(column, count)](index_t row, auto x)
                 __attribute__((always_inline)) { rest(row, first(row, x)); };
    }
  }
};

template <class... A, std::derived_from<stage> B>
constexpr pipeline<A..., B> operator>>(pipeline<A...> a, B b) {
  constexpr std::size_t last = sizeof...(A) - 1;
  if constexpr (std::same_as<std::tuple_element_t<last, std::tuple<A...>>, round_to> && requires { &B::check; }) {
    B::check(std::get<last>(a.stages));
  }
  return {std::tuple_cat(a.stages, std::tuple<B>(b))};
}
template <std::derived_from<stage> A, std::derived_from<stage> B>
constexpr pipeline<A, B> operator>>(A a, B b) {
  return pipeline<A>{{a}} >> b;
}

}  // namespace equant::inline EQUANT_ABI::gemm
