// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/oracle.hpp"
#include "matrices.hpp"

#include <equant/core/tensor.hpp>
#include <equant/dequantize.hpp>
#include <equant/formats/formats.hpp>

/// A quantizer against one element at a time: which block it stands in, and what the oracle makes of it.
namespace elementwise {

using namespace equant;

/// The number of the block that a logical position lies in.
inline index_t block_of(const blocking& where, const shape& sizes, const shape& at) {
  index_t block = 0;
  for (int axis = 0; axis < sizes.rank; ++axis) {
    const index_t length = where.lengths[axis] == blocking::whole ? sizes[axis] : where.lengths[axis];
    block = block * ((sizes[axis] + length - 1) / length) + at[axis] / length;
  }
  return block;
}

/// Parameters for a granularity, all different, or one map where it has one block.
template <class Map>
parameters<Map> some_parameters(const blocking& where, const shape& sizes, code_range range, double scale) {
  builders::random_numbers random(17);
  std::vector<typename Map::scale_type> scales;
  std::vector<typename Map::zero_point_type> zero_points;
  for (index_t i = where.counts(sizes).count(); i > 0; --i) {
    using Z = typename Map::zero_point_type;
    scales.push_back(static_cast<typename Map::scale_type>(scale * random.uniform(0.5, 2)));
    const int zero = range.lowest + random.below(range.highest - range.lowest + 1);
    zero_points.push_back(static_cast<Z>(std::is_integral_v<Z> ? zero : zero + 0.5));
  }
  if (scales.size() == 1) return Map{scales[0], zero_points[0]};
  return {where, scales, zero_points};
}

/// Position `n` in row-major order.
inline shape position(const shape& sizes, index_t n) {
  shape at = sizes;
  for (int axis = sizes.rank; axis-- > 0; n /= sizes[axis]) at[axis] = n % sizes[axis];
  return at;
}

/// What came of a tensor, in row-major order; all of it fits a double.
struct outcome {
  shape sizes;
  std::vector<double> source, value, fake, mask;
};

/// The first position where codes, values, fake-quantized values or the mask are not the oracle's; empty where all is
/// well. T is the source's scalar.
template <class T, class Rules, class Format, class Map>
std::string difference(const outcome& got, const quantized<Format, dynamic_size, Map>& q, const parameters<Map>& p,
                       const blocking& where) {
  using W = std::conditional_t<std::is_same_v<T, double>, double, float>;
  if (q.sizes() != got.sizes) return "sizes " + to_string(q.sizes());
  for (index_t n = 0; n < q.count(); ++n) {
    const auto i = static_cast<std::size_t>(n);
    const shape at = position(q.sizes(), n);
    const Map map = p[p.single() ? 0 : block_of(where, q.sizes(), at)];
    const W x = static_cast<W>(got.source[i]);
    const std::int32_t code = oracle::code<Rules>(x, map, Format::range);
    const double real = static_cast<double>(static_cast<T>(oracle::real<W>(code, map)));
    const char* wrong = nullptr;
    if (got.mask[i] != (oracle::unclipped<Rules>(x, map, Format::range) ? 1 : 0)) wrong = "mask";
    if (got.fake[i] != real) wrong = "fake-quantized value";
    if (got.value[i] != real) wrong = "value";
    if (Format::value(q.code(at)) != code) wrong = "code";
    if (wrong != nullptr) {
      return std::string(wrong) + " of " + std::to_string(x) + " at " + to_string(at) + " of " +
             to_string(q.sizes()) + ", " + to_string(where);
    }
  }
  return "";
}

/// A matrix in row-major order.
template <class M>
std::vector<double> listed(const M& m) {
  std::vector<double> v;
  for (Eigen::Index i = 0; i < m.rows(); ++i) {
    for (Eigen::Index j = 0; j < m.cols(); ++j) v.push_back(static_cast<double>(m(i, j)));
  }
  return v;
}

/// The same for an Eigen expression or vector.
template <class Format, class Map, class X>
std::string difference(const X& x, const blocking& where, double scale) {
  using plain = typename X::PlainObject;
  using quantizer = uniform_quantizer<Format, convention::standard, Map>;
  const shape sizes = {x.rows(), x.cols()};
  const auto p = some_parameters<Map>(where, sizes, Format::range, scale);
  const quantizer u(p);
  const auto q = u.quantize(x);
  static_assert(std::is_same_v<decltype(u.fake_quantize(x)), plain>);
  static_assert(std::is_same_v<decltype(u.gradient_mask(x)), plain>);
  const plain source = x, fake = u.fake_quantize(x), mask = u.gradient_mask(x), back = dequantize<plain>(q);
  return difference<typename X::Scalar, typename quantizer::rules>(
      {sizes, listed(source), listed(back), listed(fake), listed(mask)}, q, p, where);
}

/// A tensor in row-major order.
template <class Tensor>
std::vector<double> listed_tensor(const Tensor& t, const shape& sizes) {
  std::vector<double> v;
  for (index_t n = 0; n < sizes.count(); ++n) {
    const shape at = position(sizes, n);
    Eigen::array<Eigen::Index, Tensor::NumDimensions> place{};
    for (int axis = 0; axis < at.rank; ++axis) place[static_cast<std::size_t>(axis)] = at[axis];
    v.push_back(static_cast<double>(t(place)));
  }
  return v;
}

/// And for a Tensor of any rank.
template <class Format, class Tensor>
std::string tensor_difference(const Tensor& x, const blocking& where, double scale) {
  using plain = plain_of<Tensor>;
  shape sizes = shape::filled(plain::NumDimensions, 0);
  for (int axis = 0; axis < sizes.rank; ++axis) sizes[axis] = x.dimensions()[static_cast<std::size_t>(axis)];
  const auto p = some_parameters<affine>(where, sizes, Format::range, scale);
  const uniform_quantizer<Format> u(p);
  const auto q = u.quantize(x);
  static_assert(std::is_same_v<decltype(u.fake_quantize(x)), plain>);
  const plain fake = u.fake_quantize(x), mask = u.gradient_mask(x), back = dequantize<plain>(q);
  const auto list = [&](const auto& t) { return listed_tensor(t, sizes); };
  return difference<typename plain::Scalar, arithmetic<>>({sizes, list(x), list(back), list(fake), list(mask)}, q,
                                                          p, where);
}

/// Every kind of granularity, ragged groups among them.
inline std::vector<blocking> granularities(const shape& sizes) {
  std::vector<blocking> all = {normal_form(per_tensor, sizes), {shape::filled(sizes.rank, 1)},
                               {shape::filled(sizes.rank, 3)}};
  for (int axis = 0; axis < sizes.rank; ++axis) {
    all.push_back(normal_form(per_axis{axis}, sizes));
    all.push_back(normal_form(per_group{axis, 4}, sizes));
  }
  return all;
}

}  // namespace elementwise
