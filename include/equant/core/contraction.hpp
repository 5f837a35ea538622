// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <type_traits>

namespace equant::inline EQUANT_ABI {

/// x, opaque to contraction: `uncontracted(a * b) + c` is rounded twice on every machine, whether or not it has a
/// fused multiply-add. Without it the last bit depends on -march. It also stops vectorisation, so hot loops avoid
/// the question instead: a product of two floats is exact in double, fused or not.
template <class T>
constexpr T uncontracted(T x) {
  if (!std::is_constant_evaluated()) {
#if defined(__x86_64__)
    asm("" : "+x"(x));
#elif defined(__aarch64__)
    asm("" : "+w"(x));
#else
    volatile T stored = x;
    x = stored;
#endif
  }
  return x;
}

}  // namespace equant::inline EQUANT_ABI
