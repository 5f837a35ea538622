// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/affine.hpp>
#include <equant/kernels/lanes.hpp>

/// Arithmetic on codes, from grid to grid: written once, over lanes, and the same bits on every instruction set. Real
/// values are scale * (code - zero point); what the scales make of them comes in as factors, input's scale / output's.
namespace equant::inline EQUANT_ABI::kernels {

/// Where results go: code = round(clamp(x, lowest - zero, highest - zero)) + zero, nearest even; the range holds a
/// following clip too.
struct code_target {
  std::int32_t zero;
  code_range range;
};

/// Codes that are read: (code - zero) * factor.
template <class T>
struct code_operand {
  const T* codes;
  std::int32_t zero;
  float factor;
};

/// The pixels a pooling window covers: `rows` x `columns` of them, their channels side by side.
template <class T>
struct pixel_block {
  const T* first;
  index_t rows, columns;
  index_t row_step, column_step;  ///< in elements
};

namespace code_steps {

template <class L>
struct target {
  typename L::i32 zero;
  typename L::f32 low, high;
  explicit target(const code_target& t)
      : zero(L::splat(t.zero)),
        low(L::splat(static_cast<float>(t.range.lowest - t.zero))),
        high(L::splat(static_cast<float>(t.range.highest - t.zero))) {}
  typename L::i32 operator()(typename L::f32 x) const { return L::add(L::round(L::min(L::max(x, low), high)), zero); }
};

/// f(i, n) for n lanes from element i on, the last perhaps fewer.
template <class L, class F>
[[gnu::always_inline]] inline void blocks(index_t count, F&& f) {
  index_t i = 0;
  for (; i + L::count <= count; i += L::count) f(i, L::count);
  if (i < count) f(i, static_cast<int>(count - i));
}

}  // namespace code_steps

/// y = to((x - zero) * factor): the same values on another grid.
template <class Isa = isa::native, class T, class U>
[[gnu::noinline]] void requantize(const code_operand<T>& x, index_t count, const code_target& to, U* y) noexcept {
  using L = lanes<Isa>;
  const code_steps::target<L> put(to);
  const auto zero = L::splat(x.zero);
  const auto factor = L::splat(x.factor);
  const T* from = x.codes;
  code_steps::blocks<L>(count, [&](index_t i, int n) __attribute__((always_inline)) {
    L::store(y + i, put(L::mul(L::to_float(L::sub(L::load(from + i, n), zero)), factor)), n);
  });
}

/// y = (x - zero) * factor: back to real values.
template <class Isa = isa::native, class T>
[[gnu::noinline]] void real_values(const code_operand<T>& x, index_t count, float* y) noexcept {
  using L = lanes<Isa>;
  const auto zero = L::splat(x.zero);
  const auto factor = L::splat(x.factor);
  const T* from = x.codes;
  code_steps::blocks<L>(count, [&](index_t i, int n) __attribute__((always_inline)) {
    L::store(y + i, L::mul(L::to_float(L::sub(L::load(from + i, n), zero)), factor), n);
  });
}

/// y = to((b - zero) * factor + (a - zero) * factor), the product with a rounded, the rest fused.
template <class Isa = isa::native, class A, class B, class U>
[[gnu::noinline]] void add_codes(const code_operand<A>& a, const code_operand<B>& b, index_t count,
                                 const code_target& to, U* y) noexcept {
  using L = lanes<Isa>;
  const code_steps::target<L> put(to);
  const auto zero_a = L::splat(a.zero), zero_b = L::splat(b.zero);
  const auto factor_a = L::splat(a.factor), factor_b = L::splat(b.factor);
  const A* from_a = a.codes;
  const B* from_b = b.codes;
  code_steps::blocks<L>(count, [&](index_t i, int n) __attribute__((always_inline)) {
    const auto first = L::mul(L::to_float(L::sub(L::load(from_a + i, n), zero_a)), factor_a);
    const auto second = L::to_float(L::sub(L::load(from_b + i, n), zero_b));
    L::store(y + i, put(L::fma(second, factor_b, first)), n);
  });
}

/// Per channel y = to(factor * sum over the pixels of (x - zero)): the average, where the factor is divided by how many
/// there are. The sum is exact.
template <class Isa = isa::native, class T, class U>
[[gnu::noinline]] void average_codes(const pixel_block<T>& x, std::int32_t zero, float factor, index_t channels,
                                     const code_target& to, U* y) noexcept {
  using L = lanes<Isa>;
  const code_steps::target<L> put(to);
  const auto start = L::splat(static_cast<std::int32_t>(-zero * x.rows * x.columns));
  const auto by = L::splat(factor);
  code_steps::blocks<L>(channels, [&](index_t c, int n) __attribute__((always_inline)) {
    auto sum = start;
    for (index_t i = 0; i < x.rows; ++i) {
      const T* at = x.first + i * x.row_step + c;
      for (index_t j = 0; j < x.columns; ++j, at += x.column_step) sum = L::add(sum, L::load(at, n));
    }
    L::store(y + c, put(L::mul(L::to_float(sum), by)), n);
  });
}

/// Per channel the largest code of the pixels, of which there is at least one.
template <class Isa = isa::native, class T>
[[gnu::noinline]] void largest_codes(const pixel_block<T>& x, index_t channels, T* y) noexcept {
  using L = lanes<Isa>;
  code_steps::blocks<L>(channels, [&](index_t c, int n) __attribute__((always_inline)) {
    auto most = L::load(x.first + c, n);
    for (index_t i = 0; i < x.rows; ++i) {
      const T* at = x.first + i * x.row_step + c;
      for (index_t j = 0; j < x.columns; ++j, at += x.column_step) most = L::max(most, L::load(at, n));
    }
    L::store(y + c, most, n);
  });
}

}  // namespace equant::inline EQUANT_ABI::kernels
