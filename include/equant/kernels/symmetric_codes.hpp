// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/rounding.hpp>
#include <equant/core/shape.hpp>

#include <algorithm>
#include <bit>
#include <limits>

namespace equant::inline EQUANT_ABI::kernels {

/// What a run of reals became: its scale, and the sum of its codes.
struct symmetric_run {
  float scale;
  std::int32_t sum;
};

/// Quantizes a run to int8 on the fly:
///
///   scale = max |x| / 127,   code = nearest even of x / scale, within -127 .. 127
///
/// All codes are 0 where the scale is 0, or is not finite because an x is not: it is infinity or NaN then, so that all
/// that is made of it is NaN. At most 2^24 elements.
template <class Isa>
struct symmetric_codes_on : symmetric_codes_on<typename Isa::base> {};

template <>
struct symmetric_codes_on<isa::portable> {
  static symmetric_run run(const float* x, index_t n, std::int8_t* codes) noexcept {
    std::int32_t largest = 0;  // of the magnitudes' bits: NaN is above infinity, infinity above numbers
    for (index_t i = 0; i < n; ++i) largest = std::max(largest, std::bit_cast<std::int32_t>(x[i]) & 0x7fffffff);
    const float scale = std::bit_cast<float>(largest) / 127.0f;
    return {scale, usable(scale) ? encode(x, n, scale, codes) : clear(codes, n)};
  }

 protected:
  static bool usable(float scale) noexcept { return scale > 0 && scale <= std::numeric_limits<float>::max(); }
  static std::int32_t clear(std::int8_t* codes, index_t n) noexcept {
    std::fill_n(codes, n, std::int8_t{0});
    return 0;
  }
  static std::int32_t encode(const float* x, index_t n, float scale, std::int8_t* codes) noexcept {
    std::int32_t sum = 0;
    for (index_t i = 0; i < n; ++i) {
      const float inside = std::min(std::max(x[i] / scale, -127.0f), 127.0f);
      const auto code = static_cast<std::int8_t>(nearest_even::apply(inside));
      codes[i] = code;
      sum += code;
    }
    return sum;
  }
};

template <class Isa = isa::native>
symmetric_run symmetric_codes(const float* x, index_t n, std::int8_t* codes) noexcept {
  return symmetric_codes_on<Isa>::run(x, n, codes);
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/symmetric_codes.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/symmetric_codes.hpp>
#endif
