// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

namespace equant::inline EQUANT_ABI::kernels {

template <class Isa>
struct byte_sum_on : byte_sum_on<typename Isa::base> {};

template <>
struct byte_sum_on<isa::portable> {
  template <class T>
  static constexpr std::int32_t run(const T* x, index_t n) noexcept {
    std::uint32_t sum = 0;
    for (index_t i = 0; i < n; ++i) sum += static_cast<std::uint32_t>(x[i]);
    return static_cast<std::int32_t>(sum);
  }
};

/// The sum of n codes, int8 or uint8, modulo 2^32: exact for n up to 2^23.
template <class Isa = isa::native, class T>
std::int32_t byte_sum(const T* x, index_t n) noexcept {
  return byte_sum_on<Isa>::run(x, n);
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/byte_sum.hpp>
#endif
#if EQUANT_HAS_NEON
#include <equant/kernels/neon/byte_sum.hpp>
#endif
