// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/dequantize.hpp>

/// fake_quantize: to a code and back in one pass, y[i] = dequantize(quantize(x[i])) to the bit.
/// gradient_mask: the straight-through estimator's factor, 1 where x[i] is rounded and 0 where it is clipped or NaN
/// (Bengio et al., 2013).
namespace equant::inline EQUANT_ABI::kernels {

template <class Isa>
struct fake_quantize_on : fake_quantize_on<typename Isa::base> {};

template <>
struct fake_quantize_on<isa::portable> {
  static constexpr bool streams = false;

  template <class Rules, class T, class Map>
  static constexpr void run(Rules, const T* x, index_t n, run_parameters<Map> p, code_range range,
                            T* y) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      const Map map{*p.scale, *p.zero_point};
      y[i] = real_value<T>(Rules::code(x[i], map, range), map);
    }
  }

  template <element_format Format, class T, class Map>
  static constexpr void run(const Format& format, const T* x, index_t n, run_parameters<Map> p,
                            T* y) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      const auto code = format.encode(static_cast<float>(x[i] / *p.scale));
      y[i] = static_cast<T>(format.decode(code)) * static_cast<T>(*p.scale);
    }
  }
};

template <class Isa>
struct gradient_mask_on : gradient_mask_on<typename Isa::base> {};

template <>
struct gradient_mask_on<isa::portable> {
  template <class Rules, class T, class Map>
  static constexpr void run(Rules, const T* x, index_t n, run_parameters<Map> p, code_range range,
                            T* mask) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      mask[i] = Rules::unclipped(x[i], Map{*p.scale, *p.zero_point}, range) ? T(1) : T(0);
    }
  }

  template <element_format Format, class T, class Map>
  static constexpr void run(const Format& format, const T* x, index_t n, run_parameters<Map> p,
                            T* mask) noexcept {
    for (index_t i = 0; i < n; ++i, p = p.from(1)) {
      mask[i] = format.contains(static_cast<float>(x[i] / *p.scale)) ? T(1) : T(0);
    }
  }
};

template <class Isa = isa::native, class... Arguments>
constexpr void fake_quantize(const Arguments&... arguments) noexcept {
  if (std::is_constant_evaluated()) {
    fake_quantize_on<isa::portable>::run(stored<false>(arguments)...);
  } else {
    fake_quantize_on<Isa>::run(stored<fake_quantize_on<Isa>::streams>(arguments)...);
  }
}

template <class Isa = isa::native, class... Arguments>
constexpr void gradient_mask(const Arguments&... arguments) noexcept {
  if (std::is_constant_evaluated()) {
    gradient_mask_on<isa::portable>::run(arguments...);
  } else {
    gradient_mask_on<Isa>::run(arguments...);
  }
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/fake_quantize.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/fake_quantize.hpp>
#endif
#if EQUANT_HAS_NEON
#include <equant/kernels/neon/fake_quantize.hpp>
#endif

namespace equant::inline EQUANT_ABI::kernels {

/// All lines of a grid, each as fake_quantize does it; see quantize_lines.
template <class Isa = isa::native, class Rules, class T, class Map>
[[gnu::noinline, gnu::flatten]]
void fake_quantize_lines(Rules rules, const line_grid& grid, const T* x, run_parameters<Map> p, code_range range,
                         T* y) noexcept {
  for_each_line(grid, p, [&](index_t in, index_t out, run_parameters<Map> q) __attribute__((always_inline)) {
    fake_quantize_on<Isa>::run(rules, x + in, grid.n, q, range, y + out);
  });
}

}  // namespace equant::inline EQUANT_ABI::kernels
