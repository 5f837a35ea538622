// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

/// Inner products of bytes, each operand int8 or uint8, in int32:
///
///   dot                sum over i of a[i] * b[i]
///   squared_distance   sum over i of (a[i] - b[i])^2, both of one type
///   dot_many           out[v] = dot of the query and vector v, which lies `stride` elements behind vector v - 1
///
/// Everything is exact modulo 2^32, and no sum overflows for n up to
///
///   int8 * int8      131071   of (-128)^2 = 16384
///   uint8 * int8      65793   of 255 * -128 = -32640
///   uint8 * uint8     33025   of 255^2 = 65025
///   squared distance  33025   of 255^2, signed or not
namespace equant::inline EQUANT_ABI::kernels {

template <class Isa>
struct dot_on : dot_on<typename Isa::base> {};

template <>
struct dot_on<isa::portable> {
  template <class A, class B>
  static constexpr std::int32_t dot(const A* a, const B* b, index_t n) noexcept {
    std::uint32_t sum = 0;
    for (index_t i = 0; i < n; ++i) sum += static_cast<std::uint32_t>(a[i] * b[i]);
    return static_cast<std::int32_t>(sum);
  }
  template <class T>
  static constexpr std::int32_t squared_distance(const T* a, const T* b, index_t n) noexcept {
    std::uint32_t sum = 0;
    for (index_t i = 0; i < n; ++i) {
      const std::int32_t d = a[i] - b[i];
      sum += static_cast<std::uint32_t>(d * d);
    }
    return static_cast<std::int32_t>(sum);
  }
  template <class A, class B>
  static constexpr void dot_many(const A* query, const B* vectors, index_t stride, index_t count, index_t n,
                                 std::int32_t* out) noexcept {
    for (index_t v = 0; v < count; ++v) out[v] = dot(query, vectors + v * stride, n);
  }
};

/// What callers use.
template <class Isa = isa::native, class A, class B>
std::int32_t dot(const A* a, const B* b, index_t n) noexcept {
  return dot_on<Isa>::dot(a, b, n);
}
template <class Isa = isa::native, class T>
std::int32_t squared_distance(const T* a, const T* b, index_t n) noexcept {
  return dot_on<Isa>::squared_distance(a, b, n);
}
template <class Isa = isa::native, class A, class B>
void dot_many(const A* query, const B* vectors, index_t stride, index_t count, index_t n, std::int32_t* out) noexcept {
  dot_on<Isa>::dot_many(query, vectors, stride, count, n, out);
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/dot.hpp>
#endif
#if EQUANT_HAS_AVXVNNI
#include <equant/kernels/avxvnni/dot.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/dot.hpp>
#endif
#if EQUANT_HAS_NEON
#include <equant/kernels/neon/dot.hpp>
#endif
#if EQUANT_HAS_NEONDOT
#include <equant/kernels/neondot/dot.hpp>
#endif
