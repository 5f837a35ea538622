// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>

#if EQUANT_HAS_AVX512VNNI
#include <immintrin.h>
#endif

/// What the machine can do at most: loops that move the bytes an operation moves, on the same memory, with the same
/// kind of store, and compute next to nothing.
namespace bench {

using vector = std::uint64_t __attribute__((vector_size(64)));

inline vector load(const void* p) {
  vector v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

/// Past the caches where `Past` and where there is such a store; p is on a boundary of 64 bytes then.
template <bool Past>
void store(void* p, const vector& v) {
#if EQUANT_HAS_AVX512VNNI
  if constexpr (Past) return _mm512_stream_si512(static_cast<__m512i*>(p), reinterpret_cast<const __m512i&>(v));
#endif
  std::memcpy(p, &v, sizeof v);
}

/// Reads that many bytes.
inline void read(const void* from, std::size_t bytes) {
  const auto* p = static_cast<const std::uint8_t*>(from);
  vector sum[4] = {};
  for (std::size_t i = 0; i + 256 <= bytes; i += 256) {
    for (std::size_t k = 0; k < 4; ++k) sum[k] |= load(p + i + 64 * k);
  }
  vector all = sum[0] | sum[1] | sum[2] | sum[3];
  benchmark::DoNotOptimize(all);
}

template <std::size_t In, std::size_t Out, bool Past>
void move_by(const std::uint8_t* from, std::uint8_t* to, std::size_t n) {
  // Up to the boundary of a line in the output, as our kernels do.
  const std::size_t before = Past ? (-reinterpret_cast<std::uintptr_t>(to) & 63) / Out : 0;
  from += before * In;
  to += before * Out;
  for (std::size_t i = 0; i + 64 <= n - before; i += 64) {
    vector v[In];
    for (std::size_t k = 0; k < In; ++k) v[k] = load(from + i * In + 64 * k);
    if constexpr (Out < In) {
      for (std::size_t k = 1; k < In; ++k) v[0] |= v[k];
    }
    for (std::size_t k = 0; k < Out; ++k) store<Past>(to + i * Out + 64 * k, v[k % In]);
  }
  benchmark::ClobberMemory();
}

/// Reads `In` bytes and writes `Out` for each of n elements.
template <std::size_t In, std::size_t Out>
void move(const void* from, void* to, std::size_t n, bool past) {
  const auto* in = static_cast<const std::uint8_t*>(from);
  auto* out = static_cast<std::uint8_t*>(to);
  past ? move_by<In, Out, true>(in, out, n) : move_by<In, Out, false>(in, out, n);
}

}  // namespace bench
