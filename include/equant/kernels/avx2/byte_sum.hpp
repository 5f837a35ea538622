// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/byte_sum.hpp>

#include <immintrin.h>

#include <type_traits>

namespace equant::inline EQUANT_ABI::kernels {

/// By the sum of absolute differences to zero, 32 bytes at a time; signed bytes are shifted by 128 for it.
template <>
struct byte_sum_on<isa::avx2> : byte_sum_on<isa::portable> {
  template <class T>
  static std::int32_t run(const T* x, index_t n) noexcept {
    const __m256i shift = _mm256_set1_epi8(std::is_signed_v<T> ? -128 : 0);
    __m256i sums = _mm256_setzero_si256();
    index_t i = 0;
    for (; i + 32 <= n; i += 32) {
      const __m256i bytes = _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i)), shift);
      sums = _mm256_add_epi64(sums, _mm256_sad_epu8(bytes, _mm256_setzero_si256()));
    }
    alignas(32) std::uint64_t four[4];
    _mm256_store_si256(reinterpret_cast<__m256i*>(four), sums);
    const std::uint64_t shifted = std::is_signed_v<T> ? 128 * static_cast<std::uint64_t>(i) : 0;
    const auto rest = static_cast<std::uint32_t>(byte_sum_on<isa::portable>::run(x + i, n - i));
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(four[0] + four[1] + four[2] + four[3] - shifted) +
                                     rest);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
