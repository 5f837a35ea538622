// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <cstddef>
#include <utility>

namespace equant::inline EQUANT_ABI::kernels {

/// f(0), f(1), ..., f(N - 1), the numbers as types: a loop that is gone when the code is made, also for what must be a
/// constant in it.
template <std::size_t N, class F>
[[gnu::always_inline]] inline constexpr void unrolled(F&& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
    (f(std::integral_constant<std::size_t, I>{}), ...);
  }(std::make_index_sequence<N>{});
}

}  // namespace equant::inline EQUANT_ABI::kernels
