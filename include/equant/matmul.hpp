// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/dequantize.hpp>
#include <equant/gemm/gemm.hpp>
#include <equant/storage/quantized.hpp>

namespace equant::inline EQUANT_ABI {

namespace products {

/// Formats whose products are sums of integers: at most 8 bits.
template <class Format, class Map>
constexpr bool check_operand() {
  static_assert(integer_format<Format> && std::is_integral_v<typename Map::zero_point_type>,
                "equant: matmul multiplies integer codes; this format or scheme has no integer zero point");
  if constexpr (integer_format<Format>) {
    static_assert(Format::bits <= 8, "equant: matmul multiplies codes of at most 8 bits");
  }
  return true;
}

/// The codes of a quantized matrix as bytes: in place where they are bytes, else unpacked.
template <class Format>
class byte_codes {
 public:
  using byte = std::conditional_t<(Format::range.lowest < 0), std::int8_t, std::uint8_t>;

  explicit byte_codes(const auto& q) : sizes_(q.sizes()), strides_(q.strides()) {
    if constexpr (Format::bits == 8) {
      codes_ = reinterpret_cast<const byte*>(q.bytes().data());
    } else {
      unpacked_ = byte_buffer(static_cast<std::size_t>(q.count()));
      unpack<Format::bits>(q.bytes().data(), 0, unpacked_.data(), q.count());
      for (index_t i = 0; i < q.count(); ++i) {
        unpacked_.data()[i] = static_cast<std::uint8_t>(Format::value(unpacked_.data()[i]));
      }
      codes_ = reinterpret_cast<const byte*>(unpacked_.data());
    }
  }
  view<const byte> get() const { return {codes_, sizes_, strides_}; }
  view<const byte> transposed() const { return {codes_, {sizes_[1], sizes_[0]}, {strides_[1], strides_[0]}}; }

 private:
  shape sizes_, strides_;
  const byte* codes_ = nullptr;
  byte_buffer unpacked_;
};

/// The parameters of an operand along its free axis: one for all, or one per row (axis 0) or column (axis 1).
template <class Format>
struct axis_parameters {
  std::vector<float> scales;
  std::vector<std::int32_t> zero_points;
  double reach = 0;  // the largest |code - zero point|

  axis_parameters(const auto& q, int axis) {
    const shape counts = q.blocks().counts(q.sizes());
    const index_t length = q.blocks().lengths[axis];
    const bool one = q.params().count() == 1;
    for (index_t i = 0; i < (one ? 1 : q.sizes()[axis]); ++i) {
      const auto map = q.params()[one || counts[axis] == 1 ? 0 : i / length];
      scales.push_back(map.scale);
      zero_points.push_back(map.zero_point);
      reach = std::max(
          {reach, double(Format::range.highest) - map.zero_point, map.zero_point - double(Format::range.lowest)});
    }
  }
  gemm::stepped<float> by() const { return {scales.data(), scales.size() == 1 ? 0 : 1}; }
};

/// Refuses what has no product, naming both sides.
template <class A, class B>
void check(const A& a, const B& b) {
  if (a.sizes().rank != 2 || b.sizes().rank != 2 || a.sizes()[1] != b.sizes()[0]) {
    contract::invalid_argument("matmul of ", to_string(a.sizes()), " and ", to_string(b.sizes()));
  }
  const index_t blocks_a = a.blocks().counts(a.sizes())[1], blocks_b = b.blocks().counts(b.sizes())[0];
  if (blocks_a > 1 || blocks_b > 1) {
    contract::invalid_argument("matmul of ", to_string(a.sizes()), " quantized ", to_string(a.blocks()), " and ",
                               to_string(b.sizes()), " quantized ", to_string(b.blocks()),
                               ": parameters must not change along the axis that is summed");
  }
}

/// left * right with the parameters of both, into a matrix whose rows are contiguous, or scattered where not.
template <class L, class R, class T, class FL, class FR, class Executor>
void multiply(const view<const L>& left, const axis_parameters<FL>& l, const view<const R>& right,
              const axis_parameters<FR>& r, const view<T>& out, Executor&& executor) {
  const gemm::packed_matrix<> packed(right, r.zero_points);
  const gemm::terms terms{l.zero_points, {}};
  const gemm::scale scale(l.by(), r.by());
  if (out.strides[1] == 1) {
    gemm::multiply(left, packed, terms, scale >> gemm::store<T>(out.data, out.strides[0]), executor);
  } else {
    gemm::multiply(left, packed, terms, scale >> gemm::scatter<T>(out.data, out.strides[0], out.strides[1]), executor);
  }
}

}  // namespace products

/// out = a * b, a matrix product of two quantized matrices:
///
///   out[m][n] = sa[m] * sb[n] * sum over k of (a[m][k] - za[m]) * (b[k][n] - zb[n])
///
/// The sum is exact in 32 bits, so that the result is that of the dequantized matrices rounded twice: the product of
/// the scales, and its product with the sum. a has one scale and zero point, or one per row; b one, or one per column;
/// both have integer formats of at most 8 bits. `out` is a float matrix, map, block or Ref of M x N in any layout.
/// Throws std::invalid_argument where sizes or granularities do not fit, and where K is so large that a sum could
/// overflow (33025 for full 8-bit ranges). The result depends neither on the instruction set nor on the threads.
template <class FA, class FB, class MA, class MB, class Out, class Executor = serial>
void matmul_into(const quantized<FA, dynamic_size, MA>& a, const quantized<FB, dynamic_size, MB>& b, Out&& out,
                 Executor&& executor = {}) {
  static_assert(products::check_operand<FA, MA>() && products::check_operand<FB, MB>());
  products::check(a, b);
  const view<float> y = bridge<std::remove_cvref_t<Out>>::look(out);
  if (y.sizes != shape{a.sizes()[0], b.sizes()[1]}) {
    contract::invalid_argument("matmul of ", to_string(a.sizes()), " and ", to_string(b.sizes()), " into ",
                               to_string(y.sizes));
  }
  const products::axis_parameters<FA> left(a, 0);
  const products::axis_parameters<FB> right(b, 1);
  const double largest = left.reach * right.reach * static_cast<double>(a.sizes()[1]);
  if (largest > std::numeric_limits<std::int32_t>::max()) {
    contract::invalid_argument("matmul of ", to_string(a.sizes()), " and ", to_string(b.sizes()),
                               ": a sum could reach ", largest, ", which 32 bits do not hold; split the summed axis");
  }
  const products::byte_codes<FA> codes_a(a);
  const products::byte_codes<FB> codes_b(b);
  if (y.strides[0] == 1 && y.strides[1] != 1) {  // columns are contiguous: b^T a^T writes them as rows
    products::multiply(codes_b.transposed(), right, codes_a.transposed(), left,
                       view<float>{y.data, {y.sizes[1], y.sizes[0]}, {y.strides[1], y.strides[0]}}, executor);
  } else {
    products::multiply(codes_a.get(), left, codes_b.get(), right, y, executor);
  }
}

/// The same as a new matrix: MatrixXf unless another type is named.
template <class Out = Eigen::MatrixXf, class FA, class FB, class MA, class MB, class Executor = serial>
Out matmul(const quantized<FA, dynamic_size, MA>& a, const quantized<FB, dynamic_size, MB>& b,
           Executor&& executor = {}) {
  products::check(a, b);
  Out y = make_plain<Out>({a.sizes()[0], b.sizes()[1]});
  matmul_into(a, b, y, executor);
  return y;
}

/// x * w of a real matrix and quantized weights of any format and granularity: x by the weights' real values, in float,
/// by Eigen. See pack_weights.hpp for the product that reads the codes themselves.
template <class Out = Eigen::MatrixXf, eigen_dense X, class Format, class Map>
Out matmul(const X& x, const quantized<Format, dynamic_size, Map>& w) {
  if (w.sizes().rank != 2 || x.cols() != w.sizes()[0]) {
    contract::invalid_argument("matmul of ", x.rows(), " x ", x.cols(), " and ", to_string(w.sizes()));
  }
  return x.template cast<float>() * dequantize(w);
}

/// a * b of two quantized matrices is their matmul.
template <class FA, class FB, class MA, class MB, class Out = Eigen::MatrixXf>
Out operator*(const quantized<FA, dynamic_size, MA>& a, const quantized<FB, dynamic_size, MB>& b) {
  return matmul<Out>(a, b);
}

}  // namespace equant::inline EQUANT_ABI
