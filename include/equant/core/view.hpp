// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/order.hpp>

#include <concepts>
#include <type_traits>

namespace equant::inline EQUANT_ABI {

/// Strided memory somebody else owns: element (i, j, ...) lies at data[i * strides[0] + j * strides[1] + ...].
template <class T>
struct view {
  using value_type = T;

  T* data = nullptr;
  shape sizes;
  shape strides;

  constexpr index_t count() const { return sizes.count(); }
  constexpr axis_order order() const { return order_of(sizes, strides); }
  constexpr operator view<const T>() const
    requires(!std::is_const_v<T>)
  {
    return {data, sizes, strides};
  }
};

/// How a foreign type is seen as a view; specialised beside each bridge (Eigen's dense expressions, its Tensor,
/// contiguous ranges). A specialisation gives
///   scalar                the element type
///   plain                 the owning type that results of the same shape have
///   hold(x)               x itself, or its value where x is an expression that must be evaluated once
///   look(held)            the view of what `hold` returned
///   make(sizes)           a `plain` of that shape
template <class X>
struct bridge;

/// Anything the library can read: it has a bridge.
template <class X>
concept tensor_source = requires(const X& x) {
  typename bridge<X>::scalar;
  typename bridge<X>::plain;
  bridge<X>::hold(x);
};

template <tensor_source X>
using scalar_of = typename bridge<X>::scalar;
template <tensor_source X>
using plain_of = typename bridge<X>::plain;

/// Calls f(view<const scalar>) on the elements of x. Storage is not copied; an expression is evaluated once.
template <tensor_source X, class F>
decltype(auto) with_view(const X& x, F&& f) {
  decltype(auto) held = bridge<X>::hold(x);
  return f(view<const scalar_of<X>>(bridge<X>::look(held)));
}

/// A view is its own bridge; results of its shape are views nobody owns, so it has no `make`.
template <class T>
struct bridge<view<T>> {
  using scalar = std::remove_const_t<T>;
  using plain = view<T>;
  static const view<T>& hold(const view<T>& x) { return x; }
  static view<T> look(const view<T>& x) { return x; }
};

/// y seen with the axes of `sizes`, where it has only axes of size 1 beyond them; else y itself.
template <class T>
view<T> without_unit_axes(const view<T>& y, const shape& sizes) {
  view<T> fewer{y.data, sizes, sizes};
  int axis = 0;
  for (int i = 0; i < y.sizes.rank; ++i) {
    if (axis < sizes.rank && y.sizes[i] == sizes[axis]) {
      fewer.strides[axis++] = y.strides[i];
    } else if (y.sizes[i] != 1) {
      return y;
    }
  }
  return axis == sizes.rank ? fewer : y;
}

/// `out`, a tensor or view, seen as the place for a dequantized tensor of `sizes`; refused where it has another shape.
template <class Out>
auto room_for(const shape& sizes, Out& out) {
  const auto y = without_unit_axes(bridge<std::remove_cvref_t<Out>>::look(out), sizes);
  if (y.sizes != sizes) {
    contract::invalid_argument("dequantizing a tensor of ", to_string(sizes), " into one of ", to_string(y.sizes));
  }
  return y;
}

}  // namespace equant::inline EQUANT_ABI
