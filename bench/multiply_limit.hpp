// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/mac.hpp>

#include <benchmark/benchmark.h>

namespace bench {

/// Multiplies and adds as often as `operations` (a product and a sum are two) asks for, from registers: the peak of an
/// instruction set's step, with which products of any shape are compared.
template <class Isa = equant::isa::native>
void multiply(double operations) {
  using mac = equant::kernels::mac_on<Isa>;
  constexpr int sums = 12;
  constexpr double each = 2.0 * mac::lanes::count * mac::group * sums;
  std::int32_t words[64] = {};
  benchmark::DoNotOptimize(words);
  const auto a = mac::load(words), b = mac::load(words + 16);
  typename mac::i32 acc[sums];
#pragma GCC unroll 12
  for (auto& x : acc) x = mac::lanes::splat(std::int32_t{0});
  for (double done = 0; done < operations; done += each * 4) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
#pragma GCC unroll 12
      for (auto& x : acc) x = mac::step(x, a, b);
    }
  }
#pragma GCC unroll 12
  for (auto& x : acc) benchmark::DoNotOptimize(x);
}

}  // namespace bench
