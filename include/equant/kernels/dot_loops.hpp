// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>
#include <equant/kernels/unrolled.hpp>

#include <type_traits>

namespace equant::inline EQUANT_ABI::kernels {

/// The loops of dot_on, over what an instruction set does to `width` bytes at a time (`Portable` does the rest):
///
///   bytes, load(p)               so many bytes; masked: load(p, n) has the first n of them and zeros
///   sums, add, sub, total(s)     32-bit lanes that wrap, and their sum
///   product<A, B>(s, a, b)       s gains a * b, as the instruction set's multiplication of A and B wants them: where
///   correction<A, B>(s, a)       that moves b by 128 (`corrected<A, B>`), s gains what a makes of it
///   distance<T>(a, b)            |a - b|, unsigned
///
/// Moving b, never a, lets the correction of a query serve all vectors it meets.
template <class V, class Portable>
struct dot_loops : Portable {

  template <class A, class B>
  static std::int32_t dot(const A* a, const B* b, index_t n) noexcept {
    const auto load = [&](index_t i, auto... some) __attribute__((always_inline)) {
      return pair{V::load(a + i, some...), V::load(b + i, some...)};
    };
    const index_t rest = V::masked ? 0 : n % V::width, done = n - rest;
    return joined(sum<A, B>(n, load), Portable::dot(a + done, b + done, rest));
  }

  template <class T>
  static std::int32_t squared_distance(const T* a, const T* b, index_t n) noexcept {
    const auto load = [&](index_t i, auto... some) __attribute__((always_inline)) {
      const auto d = V::template distance<T>(V::load(a + i, some...), V::load(b + i, some...));
      return pair{d, d};
    };
    const index_t rest = V::masked ? 0 : n % V::width, done = n - rest;
    return joined(sum<std::uint8_t, std::uint8_t>(n, load), Portable::squared_distance(a + done, b + done, rest));
  }

  /// Four vectors at a time share the query's loads.
  template <class A, class B>
  static void dot_many(const A* query, const B* vectors, index_t stride, index_t count, index_t n,
                       std::int32_t* out) noexcept {
    const index_t rest = V::masked ? 0 : n % V::width, done = n - rest;
    const std::uint32_t correction = moved<A, B>(query, n);
    index_t v = 0;
    for (; v + 4 <= count; v += 4) {
      const B* four = vectors + v * stride;
      std::uint32_t totals[4];
      products<A, B>(query, four, stride, n, totals);
      unrolled<4>([&](auto k) {
        const std::int32_t tail = Portable::dot(query + done, four + static_cast<index_t>(k) * stride + done, rest);
        out[v + static_cast<index_t>(k)] = joined(totals[k] - correction, tail);
      });
    }
    for (; v < count; ++v) out[v] = dot(query, vectors + v * stride, n);
  }

 private:
  using bytes = typename V::bytes;
  using sums = typename V::sums;

  struct pair {
    bytes a, b;
  };

  static std::int32_t joined(std::uint32_t a, std::int32_t b) noexcept {
    return static_cast<std::int32_t>(a + static_cast<std::uint32_t>(b));
  }

  /// Four sums in parallel, so that one need not wait for the product before.
  template <class A, class B, class Load>
  static std::uint32_t sum(index_t n, Load&& load) noexcept {
    sums product[4], correction[4];
    unrolled<4>([&](auto k) __attribute__((always_inline)) { product[k] = correction[k] = V::zero(); });
    const auto step = [&](auto k, pair p) __attribute__((always_inline)) {
      product[k] = V::template product<A, B>(product[k], p.a, p.b);
      if constexpr (V::template corrected<A, B>) correction[k] = V::template correction<A, B>(correction[k], p.a);
    };
    const std::integral_constant<std::size_t, 0> first;
    index_t i = 0;
    for (; i + 4 * V::width <= n; i += 4 * V::width) {
      unrolled<4>([&](auto k) __attribute__((always_inline)) {
        step(k, load(i + static_cast<index_t>(k) * V::width));
      });
    }
    for (; i + V::width <= n; i += V::width) step(first, load(i));
    if constexpr (V::masked) {
      if (i < n) step(first, load(i, n - i));
    }
    unrolled<4>([&](auto k) __attribute__((always_inline)) {
      if constexpr (V::template corrected<A, B>) product[k] = V::sub(product[k], correction[k]);
    });
    return V::total(V::add(V::add(product[0], product[1]), V::add(product[2], product[3])));
  }

  /// What all products with a query have too much.
  template <class A, class B>
  static std::uint32_t moved(const A* query, index_t n) noexcept {
    sums s = V::zero();
    if constexpr (V::template corrected<A, B>) {
      index_t i = 0;
      for (; i + V::width <= n; i += V::width) s = V::template correction<A, B>(s, V::load(query + i));
      if constexpr (V::masked) {
        if (i < n) s = V::template correction<A, B>(s, V::load(query + i, n - i));
      }
    }
    return V::total(s);
  }

  template <class A, class B>
  static void products(const A* query, const B* vectors, index_t stride, index_t n, std::uint32_t* totals) noexcept {
    sums s[2][4];
    unrolled<4>([&](auto k) __attribute__((always_inline)) { s[0][k] = s[1][k] = V::zero(); });
    const auto step = [&](auto half, index_t i, auto... some) __attribute__((always_inline)) {
      const bytes a = V::load(query + i, some...);
      unrolled<4>([&](auto k) __attribute__((always_inline)) {
        const bytes b = V::load(vectors + static_cast<index_t>(k) * stride + i, some...);
        s[half][k] = V::template product<A, B>(s[half][k], a, b);
      });
    };
    const std::integral_constant<std::size_t, 0> even;
    const std::integral_constant<std::size_t, 1> odd;
    index_t i = 0;
    for (; i + 2 * V::width <= n; i += 2 * V::width) {
      step(even, i);
      step(odd, i + V::width);
    }
    for (; i + V::width <= n; i += V::width) step(even, i);
    if constexpr (V::masked) {
      if (i < n) step(odd, i, n - i);
    }
    unrolled<4>([&](auto k) __attribute__((always_inline)) { totals[k] = V::total(V::add(s[0][k], s[1][k])); });
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
