// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/view.hpp>
#include <equant/gemm/packed_weights.hpp>
#include <equant/kernels/symmetric_codes.hpp>
#include <equant/kernels/weight_tile.hpp>

#include <vector>

/// How a weight-only product reads its activations. A policy knows the tile that multiplies them and lays some rows of
/// them out for it.
namespace equant::inline EQUANT_ABI::gemm {

/// Some rows of one group of activations, interleaved step by step: row r's `depth` elements of step s begin at
/// element (s * rows + r) * depth. What is beyond `count` is 0.
template <class T>
void interleave(const T* run, index_t count, index_t row, index_t rows, index_t steps, index_t depth, T* to) {
  to += row * depth;
  for (index_t s = 0; s < steps; ++s, run += depth, to += rows * depth, count -= depth) {
    const index_t here = std::clamp<index_t>(count, 0, depth);
    if (here > 0) std::memcpy(to, run, static_cast<std::size_t>(here) * sizeof(T));
    for (index_t k = here; k < depth; ++k) to[k] = T(0);
  }
}

/// Activations are multiplied as they are: nothing is lost but the rounding of the sums.
struct float_activations {
  template <class W>
  static constexpr int rows = W::float_rows;
  template <class W>
  static constexpr int shared_rows = rows<W>;
  template <class W>
  static constexpr int vectors = W::float_vectors;

  template <class Isa, int Bits, bool Zeros, int Rows, int Vectors, class Finish>
  static void tile(const kernels::weight_operands& t, Finish&& finish) noexcept {
    kernels::weight_tile_float<Isa, Bits, Zeros, Rows, Vectors>(t, finish);
  }

  /// Bytes of one row of a group.
  static index_t row_bytes(const packed_weights& w) { return 4 * w.layout().steps * w.layout().depth(w.bits()); }

  template <class Isa>
  static void lay(const packed_weights& w, const float* x, index_t count, index_t row, index_t rows, std::uint8_t* to,
                  std::vector<std::int8_t>&) {
    interleave(x, count, row, rows, w.layout().steps, index_t{w.layout().depth(w.bits())},
               reinterpret_cast<float*>(to));
  }
};

/// Activations are quantized to int8 on the fly, each row in the weights' groups (see kernels::symmetric_codes): an
/// activation is off by at most 1/254 of the largest of its group, and the products run in integers.
struct int8_activations {
  template <class W>
  static constexpr int rows = W::rows;
  template <class W>
  static constexpr int shared_rows = [] {
    if constexpr (requires { W::shared_rows; }) return W::shared_rows;
    return W::rows;
  }();
  template <class W>
  static constexpr int vectors = W::vectors;

  template <class Isa, int Bits, bool Zeros, int Rows, int Vectors, class Finish>
  static void tile(const kernels::weight_operands& t, Finish&& finish) noexcept {
    kernels::weight_tile<Isa, Bits, Zeros, Rows, Vectors>(t, finish);
  }

  static index_t row_bytes(const packed_weights& w) { return w.layout().steps * w.layout().depth(w.bits()) + 8; }

  template <class Isa>
  static void lay(const packed_weights& w, const float* x, index_t count, index_t row, index_t rows, std::uint8_t* to,
                  std::vector<std::int8_t>& codes) {
    const index_t depth = w.layout().depth(w.bits());
    codes.resize(static_cast<std::size_t>(count));
    const auto run = kernels::symmetric_codes<Isa>(x, count, codes.data());
    interleave(codes.data(), count, row, rows, w.layout().steps, depth, reinterpret_cast<std::int8_t*>(to));
    std::uint8_t* ends = to + w.layout().steps * depth * rows;
    const std::int32_t start = -run.sum * (w.has_zero_points() ? 1 : 1 << (w.bits() - 1));
    std::memcpy(ends + 4 * row, &run.scale, 4);
    std::memcpy(ends + 4 * (rows + row), &start, 4);
  }
};

}  // namespace equant::inline EQUANT_ABI::gemm
