// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/lines.hpp>
#include <equant/gemm/weight_only.hpp>
#include <equant/storage/quantized.hpp>

/// Weight-only products on Eigen: few bits in memory, real activations.
namespace equant::inline EQUANT_ABI {

/// The weights of a quantized K x N matrix, laid out once for products with real activations: integer formats of 2, 4
/// or 8 bits, one set of parameters, one per column, or one per group along axis 0 (`per_group{0, size}`). Scales are
/// kept in half precision, so that a weight moves by at most 2^-11 of itself where its scale is a normal half. Throws
/// std::invalid_argument for other granularities, for scales beyond the halves, and for zero points that are no codes.
template <class Format, class Map>
gemm::packed_weights pack_weights(const quantized<Format, dynamic_size, Map>& q) {
  static_assert(integer_format<Format> && std::is_integral_v<typename Map::zero_point_type>,
                "equant: weights are packed from integer codes with an integer zero point");
  static_assert(Format::bits == 2 || Format::bits == 4 || Format::bits == 8,
                "equant: packed weights have 2, 4 or 8 bits");
  using code = std::conditional_t<(Format::range.lowest < 0), std::int8_t, std::uint8_t>;
  if (q.sizes().rank != 2) contract::invalid_argument("packing a tensor of ", to_string(q.sizes()), " as weights");
  const index_t rows = q.sizes()[0], columns = q.sizes()[1];
  const index_t length = q.blocks().lengths[0], wide = q.blocks().lengths[1];
  if (wide > 1) {
    contract::invalid_argument("packing weights quantized ", to_string(q.blocks()),
                               ": columns share their parameters all or not at all");
  }
  const index_t group = length == blocking::whole ? std::min(rows, gemm::packed_weights::largest_group) : length;
  const index_t groups = (rows + group - 1) / group;
  std::vector<code> codes, zeros;
  std::vector<std::uint16_t> scales;
  for (index_t k = 0; k < rows; ++k) {
    for (index_t n = 0; n < columns; ++n) codes.push_back(static_cast<code>(Format::value(q.code({k, n}))));
  }
  const shape counts = q.blocks().counts(q.sizes());
  for (index_t g = 0; g < groups; ++g) {
    for (index_t n = 0; n < columns; ++n) {
      const auto map = q.params()[(counts[0] > 1 ? g * counts[1] : 0) + (counts[1] > 1 ? n : 0)];
      if (map.zero_point < Format::range.lowest || map.zero_point > Format::range.highest) {
        contract::invalid_argument("packing weights: zero point ", map.zero_point, " is no code of ", Format::bits,
                                   " bits");
      }
      scales.push_back(kernels::half_words::narrow(map.scale));
      zeros.push_back(static_cast<code>(map.zero_point));
    }
  }
  const code* none = nullptr;
  bool any = !std::is_signed_v<code>;  // what no zero points mean is the middle code there
  for (code z : zeros) any = any || z != 0;
  return gemm::packed_weights(view<const code>{codes.data(), q.sizes(), {columns, 1}}, Format::bits, group,
                              view<const std::uint16_t>{scales.data(), {groups, columns}, {columns, 1}},
                              view<const code>{any ? zeros.data() : none, {groups, columns}, {columns, 1}});
}

/// x * w, activations of M x K (any dense float expression) by packed weights, into a matrix of M x N. Activations as
/// the policy says: `gemm::float_activations` multiplies floats, `gemm::int8_activations` quantizes every row per group
/// on the fly. The result depends neither on the instruction set nor on the threads.
template <class Activations = gemm::int8_activations, eigen_dense X, class Executor = serial>
Eigen::MatrixXf matmul(const X& x, const gemm::packed_weights& w, Activations how = {}, Executor&& executor = {}) {
  static_assert(std::same_as<scalar_of<X>, float>, "equant: activations are float here");
  Eigen::MatrixXf y(x.rows(), w.columns());
  with_view(x, [&](const auto& v) { gemm::multiply(how, v, w, bridge<Eigen::MatrixXf>::look(y), {}, executor); });
  return y;
}

}  // namespace equant::inline EQUANT_ABI
