// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

/// How results are stored. A result larger than the caches is better written past them: a line that will be overwritten
/// is then not read first, and what the caches hold stays there. It is the caller who knows, so it is an argument:
/// `kernels::quantize(rules, x, n, p, range, streamed{codes})`. An instruction set without such stores takes it for
/// `codes`; the values are the same.
namespace equant::inline EQUANT_ABI {

/// Out, a pointer or nibbles, to be written past the caches.
template <class Out>
struct streamed {
  Out to;
};

/// Results of that many bytes are streamed. It is what a last-level cache holds for one core or a few; below it, the
/// next reader finds the result in the cache.
inline constexpr std::size_t streaming_size = std::size_t{32} << 20;

namespace kernels {

template <class Argument>
struct unwrapped {
  template <bool>
  static constexpr const Argument& get(const Argument& x) {
    return x;
  }
};
template <class Out>
struct unwrapped<streamed<Out>> {
  template <bool Streams>
  static constexpr auto get(const streamed<Out>& x) {
    if constexpr (Streams) {
      return x;
    } else {
      return x.to;
    }
  }
};

/// The argument itself; a streamed one is taken off its wrapping unless the kernel `Streams`.
template <bool Streams, class Argument>
constexpr decltype(auto) stored(const Argument& x) {
  return unwrapped<Argument>::template get<Streams>(x);
}

}  // namespace kernels
}  // namespace equant::inline EQUANT_ABI
