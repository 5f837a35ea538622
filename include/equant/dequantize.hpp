// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/quantizers/block_quantizer.hpp>
#include <equant/quantizers/uniform_quantizer.hpp>

namespace equant::inline EQUANT_ABI {

/// The real values of a quantized tensor, scale * (code - zero_point), as an Out: MatrixXf unless another matrix,
/// array, vector or tensor type is named. The arithmetic is done in Out's scalar (float for 16-bit ones).
template <class Out = Eigen::MatrixXf, class Format, class Map, executor Executor = serial>
Out dequantize(const quantized<Format, dynamic_size, Map>& q, Executor&& run_on = {}) {
  Out y = make_plain<Out>(q.sizes());
  dequantize_into(q, y, run_on);
  return y;
}

/// The same of a tensor in a block scheme.
template <class Out = Eigen::MatrixXf, block_scheme Scheme, executor Executor = serial>
Out dequantize(const quantized_blocks<Scheme>& q, Executor&& run_on = {}) {
  Out y = make_plain<Out>(q.sizes());
  dequantize_into(q, y, run_on);
  return y;
}

/// The same of a compile-time table.
template <class T = float, class Format, std::size_t N, class Map>
  requires(N != dynamic_size)
constexpr std::array<T, N> dequantize(const quantized<Format, N, Map>& q) {
  std::array<T, N> y{};
  for (std::size_t i = 0; i < N; ++i) {
    const auto code = q.code(static_cast<index_t>(i));
    if constexpr (integer_format<Format>) {
      y[i] = real_value<T>(Format::value(code), q.map());
    } else {
      y[i] = static_cast<T>(q.format().decode(code)) * static_cast<T>(q.map().scale);
    }
  }
  return y;
}

}  // namespace equant::inline EQUANT_ABI
