// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/rounding.hpp>
#include <equant/nn/importer.hpp>

/// QuantizeLinear and DequantizeLinear: a pair becomes a grid of the value between, codes that are constant become
/// numbers that remember them.
namespace equant::inline EQUANT_ABI::nn::importing {

inline io::onnx::data_type code_type(context& c, std::size_t zero_point) {
  using io::onnx::data_type;
  if (!c.has(zero_point))
    return static_cast<data_type>(c.current().integer("output_dtype", static_cast<std::int64_t>(data_type::uint8)));
  const entry& e = c.input(zero_point);
  if (e.stored == nullptr) c.fail("its zero point is no stored constant");
  return e.stored->type;
}

inline code_range range_of(const context& c, io::onnx::data_type t) {
  using io::onnx::data_type;
  switch (t) {
    case data_type::uint4: return {0, 15};
    case data_type::int4: return {-8, 7};
    case data_type::uint8: return {0, 255};
    case data_type::int8: return {-128, 127};
    default: c.fail("codes of ", io::onnx::name_of(t));
  }
}

/// The grid that a node's scale and zero point, one each, describe.
inline grid read_grid(context& c) {
  if (c.numbers(1).count() != 1) c.fail("a value with ", c.numbers(1).count(), " scales; one is read");
  grid g;
  g.scale = c.real(1);
  g.range = range_of(c, code_type(c, 2));
  g.zero_point = c.has(2) ? static_cast<std::int32_t>(c.real(2)) : 0;
  if (!(g.scale > 0) || !std::isfinite(g.scale)) c.fail("a scale of ", g.scale);
  if (g.zero_point < g.range.lowest || g.zero_point > g.range.highest) c.fail("a zero point of ", g.zero_point);
  return g;
}

/// Which scale a constant's element has, along an axis or in blocks of it.
struct scale_places {
  index_t axis = 0, size = 1, inner = 1, block = 0, blocks = 1;
  bool many = false;

  std::size_t operator()(index_t i) const {
    if (!many) return 0;
    const index_t along = i / inner % size;
    if (block == 0) return static_cast<std::size_t>(along);
    return static_cast<std::size_t>((i / (size * inner) * blocks + along / block) * inner + i % inner);
  }
};

/// Those of the current node, whose input has these sizes; scales and zero points are as many as that wants.
inline scale_places read_places(context& c, const std::vector<index_t>& sizes, std::size_t scales, std::size_t zeros) {
  scale_places p;
  p.block = c.current().integer("block_size", 0);
  p.many = scales != 1 || p.block != 0;
  index_t count = 1, wanted = 1;
  for (index_t s : sizes) count *= s;
  if (p.many) {
    p.axis = sizes.size() == 1 ? 0 : axis_in(c.current().integer("axis", 1), sizes.size(), c.failing());
    p.size = sizes[static_cast<std::size_t>(p.axis)];
    for (std::size_t i = static_cast<std::size_t>(p.axis) + 1; i < sizes.size(); ++i) p.inner *= sizes[i];
    if (p.block < 0 || p.block > 1 << 30 || count == 0) {
      c.fail("blocks of ", p.block, " in ", to_string(to_shape(sizes)));
    }
    p.blocks = p.block == 0 ? p.size : (p.size - 1) / p.block + 1;
    wanted = p.block == 0 ? p.size : count / p.size * p.blocks;
  }
  if (p.block != 0) {
    std::vector<index_t> asked = sizes;
    asked[static_cast<std::size_t>(p.axis)] = p.blocks;
    for (std::size_t i = 1; i < 3 && c.has(i); ++i) {
      if (c.numbers(i).sizes == asked) continue;
      c.fail(i == 1 ? "scales of " : "zero points of ", to_string(to_shape(c.numbers(i).sizes)), " for ",
             to_string(to_shape(sizes)), " in blocks of ", p.block, " along axis ", p.axis, ", where ",
             to_string(to_shape(asked)), " are wanted");
    }
  }
  if (static_cast<index_t>(scales) != wanted)
    c.fail(scales, " scales for ", to_string(to_shape(sizes)), " where ", wanted, " are wanted");
  if (c.has(2) && zeros != scales) c.fail(zeros, " zero points and ", scales, " scales");
  return p;
}

inline std::vector<float> read_scales(context& c) {
  std::vector<float> scales = c.reals(1);
  for (float s : scales) {
    if (!(s > 0) || !std::isfinite(s)) c.fail("a scale of ", s);
  }
  return scales;
}
inline std::vector<std::int32_t> read_zeros(context& c) {
  std::vector<std::int32_t> zeros;
  if (!c.has(2)) return zeros;
  for (double z : c.numbers(2).values) {
    if (!(std::abs(z) <= 0x1p22)) c.fail("a zero point of ", z);
    zeros.push_back(static_cast<std::int32_t>(z));
  }
  return zeros;
}

/// Rounds a constant to codes, as ONNX says.
inline void quantize_constant(context& c) {
  const known& k = c.numbers(0);
  const std::vector<float> scales = read_scales(c), values = c.reals(0);
  const std::vector<std::int32_t> zeros = read_zeros(c);
  const scale_places place = read_places(c, k.sizes, scales.size(), zeros.size());
  io::onnx::tensor t{c.output(), code_type(c, 2), {k.sizes.begin(), k.sizes.end()}, {}};
  const code_range range = range_of(c, t.type);
  const bool half = io::onnx::bits_of(t.type) == 4;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t s = place(static_cast<index_t>(i));
    const auto zero = static_cast<float>(zeros.empty() ? 0 : zeros[s]);
    const float code = nearest_even::apply(values[i] / scales[s]) + zero;
    const auto kept = static_cast<std::int32_t>(
        std::clamp(code, static_cast<float>(range.lowest), static_cast<float>(range.highest)));
    if (half && i % 2 == 1) {
      t.data.back() = static_cast<char>(static_cast<unsigned char>(t.data.back()) | ((kept & 15) << 4));
    } else {
      t.data += static_cast<char>(half ? kept & 15 : kept);
    }
  }
  c.set_stored(std::move(t));
}

/// A value's codes: a copy of it on the grid, which import_passes.hpp makes one with the value where it can.
inline void read_quantize(context& c) {
  if (c.is_known(0)) return quantize_constant(c);
  entry e;
  e.quantized = read_grid(c);
  e.value = c.add_hidden(copy{}, {c.value(0)}, c.output());
  c.graph.at(e.value).grid = e.quantized;
  c.set(c.output(), e);
}

/// Codes that are constants.
inline void read_coded(context& c) {
  const entry& from = c.input(0);
  if (from.stored == nullptr) c.fail("'", c.current().inputs[0], "' is no stored constant");
  const io::onnx::tensor& t = *from.stored;
  auto q = std::make_shared<coded>();
  q->bits = io::onnx::bits_of(t.type);
  q->is_unsigned = t.type == io::onnx::data_type::uint8 || t.type == io::onnx::data_type::uint4;
  if (q->bits > 8 && t.type != io::onnx::data_type::int32) c.fail("codes of ", io::onnx::name_of(t.type));
  for (std::int64_t code : io::onnx::integers(t)) q->codes.push_back(static_cast<std::int32_t>(code));
  q->scales = c.current().integer("block_size", 0) == 0 ? read_scales(c) : c.reals(1);
  for (float s : q->scales) {
    if (!std::isfinite(s)) c.fail("a scale of ", s);  // in blocks it may be 0 or negative: some tools' are
  }
  q->zero_points = read_zeros(c);
  if (q->bits <= 8) {
    const code_range codes = range_of(c, t.type);
    for (std::int32_t z : q->zero_points) {
      if (z < codes.lowest || z > codes.highest) c.fail("a zero point of ", z);
    }
  }
  known k;
  k.sizes.assign(t.dims.begin(), t.dims.end());
  k.real = true;
  const scale_places place = read_places(c, k.sizes, q->scales.size(), q->zero_points.size());
  q->axis = place.axis;
  q->block = place.block;
  for (std::size_t i = 0; i < q->codes.size(); ++i) {
    const std::size_t s = place(static_cast<index_t>(i));
    const std::int64_t zero = q->zero_points.empty() ? 0 : q->zero_points[s];
    const auto steps = static_cast<double>(q->codes[i] - zero);
    k.values.push_back(static_cast<double>(static_cast<float>(steps * static_cast<double>(q->scales[s]))));
  }
  entry e;
  e.numbers = c.within_reason(std::move(k));
  e.codes = std::move(q);
  c.set(c.output(), std::move(e));
}

inline void read_dequantize(context& c) {
  if (c.is_known(0)) return read_coded(c);
  entry e = c.input(0);
  if (!e.quantized) c.fail("'", c.current().inputs[0], "' are no codes of a QuantizeLinear");
  const grid g = read_grid(c);
  if (!(g == *e.quantized)) c.fail("its scale or zero point is not that of the QuantizeLinear before it");
  e.quantized.reset();
  c.graph.at(e.value).name = c.output();
  c.set(c.output(), e);
}

}  // namespace equant::inline EQUANT_ABI::nn::importing
