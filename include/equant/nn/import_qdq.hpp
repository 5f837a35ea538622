// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/importer.hpp>

/// QuantizeLinear and DequantizeLinear: a pair becomes a grid of the value between, codes that are constant become numbers
/// that remember them.
namespace equant::inline EQUANT_ABI::nn::importing {

inline io::onnx::data_type code_type(context& c, std::size_t zero_point) {
  using io::onnx::data_type;
  if (!c.has(zero_point)) return static_cast<data_type>(c.current().integer("output_dtype", static_cast<std::int64_t>(data_type::uint8)));
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
    case data_type::uint16: return {0, 65535};
    case data_type::int16: return {-32768, 32767};
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

inline void read_quantize(context& c) {
  if (c.is_known(0)) c.fail("quantizes a constant");
  entry e;
  e.quantized = read_grid(c);
  e.value = c.value(0);
  const std::string& raw = c.current().inputs[0];
  const bool alone = c.uses(raw) == 1;
  const auto& before = c.graph.at(e.value).grid;
  if (!alone || (before && !(*before == *e.quantized))) {
    e.value = c.add_hidden(copy{}, {e.value}, c.output());
  }
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
  q->scales = c.reals(1);
  for (float s : q->scales) {
    if (!(s > 0) || !std::isfinite(s)) c.fail("a scale of ", s);
  }
  if (c.has(2)) {
    for (double z : c.numbers(2).values) q->zero_points.push_back(static_cast<std::int32_t>(z));
    if (q->zero_points.size() != q->scales.size()) c.fail(q->zero_points.size(), " zero points and ", q->scales.size(), " scales");
  }
  const index_t block = c.current().integer("block_size", 0);
  known k;
  k.sizes.assign(t.dims.begin(), t.dims.end());
  k.real = true;
  const std::size_t n = q->codes.size();
  index_t axis = 0, size = 1, inner = static_cast<index_t>(n);
  if (q->scales.size() > 1 || block > 0) {
    axis = axis_in(c.current().integer("axis", 1), k.sizes.size(), c.failing());
    if (k.sizes.size() == 1) axis = 0;
    size = k.sizes[static_cast<std::size_t>(axis)];
    inner = 1;
    for (std::size_t i = static_cast<std::size_t>(axis) + 1; i < k.sizes.size(); ++i) inner *= k.sizes[i];
  }
  q->axis = axis;
  const index_t per = block > 0 ? block : 1, blocks = size / per + (size % per != 0 ? 1 : 0);
  const index_t outer = size * inner == 0 ? 0 : static_cast<index_t>(n) / (size * inner);
  const bool many = q->scales.size() > 1 || block > 0;
  const index_t wanted = !many ? 1 : block > 0 ? outer * blocks * inner : size;
  if (static_cast<index_t>(q->scales.size()) != wanted) c.fail(q->scales.size(), " scales for codes of ", to_string(to_shape(k.sizes)));
  for (std::size_t i = 0; i < n; ++i) {
    const auto place = static_cast<index_t>(i);
    std::size_t s = 0;
    if (many && block == 0) s = static_cast<std::size_t>(place / inner % size);
    if (block > 0) s = static_cast<std::size_t>((place / (size * inner) * blocks + place / inner % size / per) * inner + place % inner);
    const std::int32_t zero = q->zero_points.empty() ? 0 : q->zero_points[s];
    const auto difference = static_cast<double>(static_cast<std::int64_t>(q->codes[i]) - zero);
    k.values.push_back(static_cast<double>(static_cast<float>(difference * static_cast<double>(q->scales[s]))));
  }
  entry e;
  e.numbers = std::make_shared<known>(std::move(k));
  if (block == 0) e.codes = std::move(q);
  c.set(c.output(), std::move(e));
}

inline void read_dequantize(context& c, bool to_output) {
  if (c.is_known(0)) return read_coded(c);
  entry e = c.input(0);
  if (!e.quantized) c.fail("'", c.current().inputs[0], "' are no codes of a QuantizeLinear");
  const grid g = read_grid(c);
  if (!(g == *e.quantized)) c.fail("its scale or zero point is not that of the QuantizeLinear before it");
  e.quantized.reset();
  if (to_output || c.graph.producer(e.value) != nullptr) c.graph.at(e.value).name = c.output();
  c.set(c.output(), e);
}

}  // namespace equant::inline EQUANT_ABI::nn::importing
