// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/mac.hpp>

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
#pragma GCC unroll 12
  for (auto& x : acc) x = mac::lanes::splat(std::int32_t{0});
  for (double done = 0; done < operations; done += each * 4) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
#pragma GCC unroll 12
      for (auto& x : acc) {
        renew(a);  // else products of the same operands would be made once
        x = mac::step(x, a, b);
      }
    }
  }
#pragma GCC unroll 12
  for (auto& x : acc) benchmark::DoNotOptimize(x);
}

}  // namespace bench
