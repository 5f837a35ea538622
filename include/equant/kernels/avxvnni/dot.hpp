// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/avx2/dot.hpp>
#include <equant/kernels/mac.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// vpdpbusd wants one operand unsigned and the other signed. Where both are of one kind, b becomes the other by
/// flipping its high bits, which moves it by 128 up or down:
///   int8 * int8     a (b + 128) - 128 a
///   uint8 * uint8   a (b - 128) - -128 a
template <class Mac>
struct vnni_products {
  using bytes = typename Mac::word;
  using sums = typename Mac::i32;

  template <class A, class B>
  static constexpr bool corrected = std::is_signed_v<A> == std::is_signed_v<B>;

  template <class A, class B>
  static sums product(sums s, bytes a, bytes b) noexcept {
    if constexpr (corrected<A, B>) b = Mac::flip(b);
    return std::is_signed_v<A> ? Mac::step(s, b, a) : Mac::step(s, a, b);
  }
  template <class A, class B>
  static sums correction(sums s, bytes a) noexcept {
    const bytes high = Mac::flip(bytes{});  // 128, or -128
    return std::is_signed_v<A> ? Mac::step(s, high, a) : Mac::step(s, a, high);
  }
};

namespace avxvnni {

struct dot_bytes : vnni_products<mac_on<isa::avxvnni>>, avx2::dot_sums {
  static constexpr index_t width = 32;
  static constexpr bool masked = false;
  using sums = __m256i;

  static bytes load(const void* p) noexcept { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  template <class T>
  static bytes distance(bytes a, bytes b) noexcept {
    if constexpr (std::is_signed_v<T>) {
      return _mm256_sub_epi8(_mm256_max_epi8(a, b), _mm256_min_epi8(a, b));
    } else {
      return _mm256_sub_epi8(_mm256_max_epu8(a, b), _mm256_min_epu8(a, b));
    }
  }
};

}  // namespace avxvnni

template <>
struct dot_on<isa::avxvnni> : dot_loops<avxvnni::dot_bytes, dot_on<isa::portable>> {};

}  // namespace equant::inline EQUANT_ABI::kernels
