// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/eigen.hpp>

#include <unsupported/Eigen/CXX11/Tensor>

/// The bridge to Eigen's Tensor and TensorMap, of any rank up to equant::max_rank and in both storage orders.
namespace equant::inline EQUANT_ABI {

namespace tensors {

template <class X>
struct traits {
  static constexpr bool known = false;
};
template <class T, int Rank, int Options, class Index>
struct traits<Eigen::Tensor<T, Rank, Options, Index>> {
  static constexpr bool known = true;
  static constexpr int rank = Rank;
  static constexpr bool row_major = (Options & Eigen::RowMajor) != 0;
  using plain = Eigen::Tensor<std::remove_const_t<T>, Rank, Options, Index>;
};
template <class Plain, int Options, template <class> class MakePointer>
struct traits<Eigen::TensorMap<Plain, Options, MakePointer>> : traits<std::remove_const_t<Plain>> {};

}  // namespace tensors

template <class X>
concept eigen_tensor = tensors::traits<X>::known;

template <eigen_tensor X>
struct bridge<X> {
  using traits = tensors::traits<X>;
  using plain = typename traits::plain;
  using scalar = typename plain::Scalar;
  static_assert(real_scalar<scalar>, "equant quantizes float, double, Eigen::half and Eigen::bfloat16");
  static_assert(traits::rank <= max_rank, "equant::max_rank is the largest rank of a tensor");

  static const X& hold(const X& x) { return x; }

  template <class Held>
  static auto look(Held& x) {
    using element = std::conditional_t<std::is_const_v<Held>, const scalar, scalar>;
    shape sizes = shape::filled(traits::rank, 0);
    for (int axis = 0; axis < traits::rank; ++axis) {
      sizes[axis] = x.dimensions()[static_cast<std::size_t>(axis)];
    }
    const axis_order order =
        traits::row_major ? axis_order::row_major() : axis_order::column_major(traits::rank);
    return view<element>{x.data(), sizes, dense_strides(sizes, order)};
  }

  static plain make(const shape& sizes) {
    if (sizes.rank != traits::rank) {
      contract::invalid_argument("a tensor of ", to_string(sizes), " does not fit rank ", traits::rank);
    }
    typename plain::Dimensions dimensions;
    for (int axis = 0; axis < traits::rank; ++axis) {
      dimensions[static_cast<std::size_t>(axis)] = static_cast<typename plain::Index>(sizes[axis]);
    }
    return plain(dimensions);
  }
};

}  // namespace equant::inline EQUANT_ABI
