// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

/// How results are stored. One that is larger than the caches is better written past them: a line that will be
/// overwritten is then not read first, and what the caches hold stays there. It is the caller who knows, so it is part
/// of the argument: `kernels::quantize(rules, x, n, p, range, streamed{codes})`. An instruction set without such stores
/// takes it for `codes`; the values are the same.
namespace equant::inline EQUANT_ABI {

/// 4-bit codes, two to a byte, the first in the low half. An odd tail clears the high half of its byte.
template <class Byte>
struct nibbles {
  Byte* bytes;
};

/// Out, a pointer or nibbles, to be written past the caches.
template <class Out>
struct streamed {
  Out to;
};

enum class stores { cached, streamed };

/// Streamed is a result whose operation moves `total` bytes, more than a last-level cache holds for a core or a few,
/// in lines of `line` bytes, long enough for the rare partly written line to count for nothing.
constexpr stores stores_for(index_t total, index_t line) {
  return total >= index_t{32} << 20 && line >= 4096 ? stores::streamed : stores::cached;
}

/// Calls f(out), or f(streamed{out}).
template <class Out, class F>
constexpr void stored_by(stores how, Out out, F&& f) {
  if (how == stores::streamed) return f(streamed<Out>{out});
  f(out);
}

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
