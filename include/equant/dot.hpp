// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/byte_sum.hpp>
#include <equant/kernels/dot.hpp>
#include <equant/storage/quantized.hpp>

#include <span>

/// Inner products of codes and of quantized vectors.
///
///   dot(a, b)                int8 or uint8 codes: sum of a[i] * b[i], exact at any length
///   squared_distance(a, b)   codes of one type: sum of (a[i] - b[i])^2, exact at any length
///   dot(qa, qb)              tensors of 8 bits, quantized per tensor: the sum of the products of their real values,
///                            sa * sb * (sum of (a[i] - za) * (b[i] - zb)), the sum in brackets exact
///
/// Codes are any contiguous range: an Eigen vector or segment of a column, std::vector, std::span.
namespace equant::inline EQUANT_ABI {

/// Codes of a byte that lie side by side.
template <class X>
concept code_vector = requires(const X& x) {
  x.data();
  x.size();
  requires sizeof(*x.data()) == 1 && std::integral<std::remove_cvref_t<decltype(*x.data())>>;
};

namespace dots {

/// The longest that no product of bytes overflows in 32 bits.
inline constexpr index_t longest = 33025;

template <class X>
auto codes(const X& x) {
  using code = std::remove_cvref_t<decltype(*x.data())>;
  static_assert(std::same_as<code, std::int8_t> || std::same_as<code, std::uint8_t>, "codes are int8 or uint8");
  if constexpr (requires { x.innerStride(); }) {
    if (x.rows() != 1 && x.cols() != 1) {
      contract::invalid_argument("a dot product of a matrix of ", x.rows(), " x ", x.cols());
    }
    if (x.innerStride() != 1 && x.size() > 1) {
      contract::invalid_argument("a dot product of codes with a step of ", x.innerStride(), "; copy them");
    }
  }
  return std::span<const code>(x.data(), static_cast<std::size_t>(x.size()));
}

/// The sum of f(start, count) over pieces that cannot overflow.
template <class F>
std::int64_t in_pieces(index_t n, F&& f) {
  std::int64_t sum = 0;
  for (index_t i = 0; i < n; i += longest) sum += f(i, n - i < longest ? n - i : longest);
  return sum;
}

inline void check_lengths(std::size_t a, std::size_t b) {
  if (a != b) contract::invalid_argument("a dot product of ", a, " and ", b, " elements");
}

}  // namespace dots

template <code_vector A, code_vector B>
std::int64_t dot(const A& a, const B& b) {
  const auto x = dots::codes(a);
  const auto y = dots::codes(b);
  dots::check_lengths(x.size(), y.size());
  return dots::in_pieces(static_cast<index_t>(x.size()),
                         [&](index_t i, index_t n) { return kernels::dot(x.data() + i, y.data() + i, n); });
}

template <code_vector A, code_vector B>
std::int64_t squared_distance(const A& a, const B& b) {
  const auto x = dots::codes(a);
  const auto y = dots::codes(b);
  static_assert(std::same_as<decltype(x), decltype(y)>, "a squared distance is between codes of one type");
  dots::check_lengths(x.size(), y.size());
  return dots::in_pieces(static_cast<index_t>(x.size()), [&](index_t i, index_t n) {
    return kernels::squared_distance(x.data() + i, y.data() + i, n);
  });
}

/// Exact but for the product with the scales, which is done in double.
template <integer_format A, integer_format B, std::size_t N, std::size_t M, class MapA, class MapB>
  requires(A::bits == 8 && B::bits == 8 && N == dynamic_size && M == dynamic_size &&
           std::is_integral_v<typename MapA::zero_point_type> && std::is_integral_v<typename MapB::zero_point_type>)
double dot(const quantized<A, N, MapA>& a, const quantized<B, M, MapB>& b) {
  using code_a = typename A::code_type;
  using code_b = typename B::code_type;
  if (a.sizes() != b.sizes() || (a.order() != b.order() && a.count() > 1)) {
    contract::invalid_argument("a dot product of tensors of ", to_string(a.sizes()), " and ", to_string(b.sizes()),
                               ", which must have one shape and one storage order");
  }
  if (a.params().count() != 1 || b.params().count() != 1) {
    contract::invalid_argument("a dot product of tensors with ", a.params().count(), " and ", b.params().count(),
                               " scales; quantize them per tensor");
  }
  const index_t n = a.count();
  const auto* x = reinterpret_cast<const code_a*>(a.bytes().data());
  const auto* y = reinterpret_cast<const code_b*>(b.bytes().data());
  const std::int64_t za = a.zero_points()[0], zb = b.zero_points()[0];
  const std::int64_t products =
      dots::in_pieces(n, [&](index_t i, index_t m) { return kernels::dot(x + i, y + i, m); });
  const auto sum = [n](const auto* codes) {
    return dots::in_pieces(n, [&](index_t i, index_t m) { return kernels::byte_sum(codes + i, m); });
  };
  const std::int64_t sum_a = zb == 0 ? 0 : sum(x), sum_b = za == 0 ? 0 : sum(y);
  const std::int64_t exact = products - zb * sum_a - za * sum_b + n * za * zb;
  return static_cast<double>(exact) * static_cast<double>(a.scales()[0]) * static_cast<double>(b.scales()[0]);
}

}  // namespace equant::inline EQUANT_ABI
