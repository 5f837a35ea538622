// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/mac.hpp>
#include <equant/kernels/unrolled.hpp>

#include <benchmark/benchmark.h>

namespace bench {

/// The compiler has to take x, which stays in its register, for another value.
template <class T>
[[gnu::always_inline]] inline void renew(T& x) {
#if defined(__x86_64__)
  if constexpr (sizeof(T) > 8) {
    asm volatile("" : "+v"(x));
    return;
  }
#elif defined(__aarch64__)
  if constexpr (sizeof(T) > 8) {
    asm volatile("" : "+w"(x));
    return;
  }
#endif
  if constexpr (sizeof(T) <= 8) asm volatile("" : "+r"(x));
}

/// Multiplies and adds as often as `operations` (a product and a sum are two) asks for, from registers: the peak of an
/// instruction set's step, with which products of any shape are compared.
template <class Isa = equant::isa::native>
void multiply(double operations) {
  using mac = equant::kernels::mac_on<Isa>;
  constexpr std::size_t sums = mac::registers >= 32 ? 12 : 8;  // fewer would wait for each other, more would not fit
  constexpr double each = 2.0 * mac::lanes::count * mac::group * static_cast<double>(sums);
  std::int32_t words[64] = {};
  benchmark::DoNotOptimize(words);
  auto a = mac::load(words);
  const auto b = mac::load(words + 16);
  typename mac::i32 acc[sums];
  const auto each_sum = [&](auto&& f) __attribute__((always_inline)) {
    equant::kernels::unrolled<sums>([&](auto i) __attribute__((always_inline)) { f(acc[i]); });
  };
  each_sum([](auto& x) __attribute__((always_inline)) { x = mac::lanes::splat(std::int32_t{0}); });
  for (double done = 0; done < operations; done += each * 4) {
    equant::kernels::unrolled<4>([&](auto) __attribute__((always_inline)) {
      each_sum([&](auto& x) __attribute__((always_inline)) {
        renew(a);  // else products of the same operands would be made once
        x = mac::step(x, a, b);
      });
    });
  }
  each_sum([](auto& x) __attribute__((always_inline)) { renew(x); });
}

}  // namespace bench
