// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/import_layers.hpp>

/// MatMulNBits, an operator of ONNX Runtime's own: y = x w^T + b, weights O x I of 2, 4 or 8 bits with a scale, and
/// perhaps a zero point, for every block of inputs. It is what ONNX Runtime makes of the blocks that export.hpp writes,
/// and what the tools around it write.
namespace equant::inline EQUANT_ABI::nn::importing {

namespace nbits {

/// Codes that lie in bytes, the first in the low bits, each row in bytes of its own.
struct packed_codes {
  std::string_view bytes;
  index_t row_bytes = 0, bits = 0;

  std::int32_t at(index_t row, index_t i) const {
    const index_t per_byte = 8 / bits;
    const auto byte = static_cast<unsigned char>(bytes[static_cast<std::size_t>(row * row_bytes + i / per_byte)]);
    return byte >> i % per_byte * bits & ((1 << bits) - 1);
  }
};

inline packed_codes read_codes(context& c, std::size_t input, const char* what, index_t rows, index_t row,
                               index_t bits) {
  const io::onnx::tensor* t = c.input(input).stored;
  if (t == nullptr || t->type != io::onnx::data_type::uint8) c.fail(what, " that are no stored uint8");
  const index_t row_bytes = (row * bits + 7) / 8, given = static_cast<index_t>(t->data.size());
  if (given != rows * row_bytes) c.fail(given, " bytes of ", what, " where ", rows * row_bytes, " are wanted");
  return {t->data, row_bytes, bits};
}

}  // namespace nbits

inline void read_matmul_nbits(context& c) {
  const io::onnx::node& n = c.current();
  const index_t inputs = n.integer("K", 0), outputs = n.integer("N", 0), block = n.integer("block_size", 0);
  const index_t bits = n.integer("bits", 4), most = index_t{1} << 24;
  const bool sized = inputs > 0 && inputs < most && outputs > 0 && outputs < most && block > 0 && block < most;
  if (!sized || block % 8 != 0 || (bits != 2 && bits != 4 && bits != 8)) {
    c.fail("weights of ", outputs, " x ", inputs, ", ", bits, " bits in blocks of ", block);
  }
  if (c.has(4)) c.fail("inputs in an order of their own (g_idx) are not supported");
  dense d;
  weights& w = d.weights;
  w.bits = static_cast<int>(bits);
  w.group = block;
  const index_t groups = (inputs + block - 1) / block, all = outputs * groups;
  const auto codes = nbits::read_codes(c, 1, "codes", outputs, groups * block, bits);
  w.scales = c.reals(2);
  if (static_cast<index_t>(w.scales.size()) != all) c.fail(w.scales.size(), " scales where ", all, " are wanted");
  for (float s : w.scales) {
    if (!std::isfinite(s)) c.fail("a scale of ", s);
  }
  const std::int32_t lower = 1 << (bits - 1);  // and the zero point where none is given
  if (c.has(3)) {
    const auto zeros = nbits::read_codes(c, 3, "zero points", outputs, groups, bits);
    for (index_t i = 0; i < all; ++i) w.zero_points.push_back(zeros.at(i / groups, i % groups) - lower);
    if (std::count(w.zero_points.begin(), w.zero_points.end(), 0) == all) w.zero_points.clear();
  }
  w.values = tensor({outputs, inputs});
  for (index_t o = 0; o < outputs; ++o) {
    for (index_t i = 0; i < inputs; ++i) {
      const std::int32_t code = codes.at(o, i) - lower;
      w.codes.push_back(static_cast<std::int8_t>(code));
      const float steps = static_cast<float>(code - w.zero_point(o, i));
      w.values.values[static_cast<std::size_t>(o * inputs + i)] = steps * w.scale(o, i);
    }
  }
  d.bias = read_bias(c, 5, outputs);
  add_product(c, c.value(0), std::move(d));
}

}  // namespace equant::inline EQUANT_ABI::nn::importing
