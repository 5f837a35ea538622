// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "arch.hpp"

#include <equant/equant.hpp>

#include <algorithm>

// EQUANT_UNIT is the namespace this translation unit fills: baseline or v3.
const char* EQUANT_UNIT::isa() { return equant::isa::native::name; }

void EQUANT_UNIT::quantize(std::span<const float> x, float scale, std::int32_t zero_point,
                           std::span<std::uint8_t> codes) {
  const equant::uniform_quantizer<equant::uint8> quantizer(equant::affine{scale, zero_point});
  const auto q = quantizer.quantize(x);
  std::copy(q.bytes().begin(), q.bytes().end(), codes.begin());
}

void EQUANT_UNIT::dequantize(const std::uint8_t* codes, std::size_t count, float scale, std::int32_t zero_point,
                             float* x) {
  const auto n = static_cast<equant::index_t>(count);
  equant::quantized<equant::uint8> q({n}, equant::axis_order::row_major(), equant::affine{scale, zero_point});
  std::copy_n(codes, count, q.bytes().begin());
  equant::dequantize_into(q, Eigen::Map<Eigen::VectorXf>(x, n));
}
