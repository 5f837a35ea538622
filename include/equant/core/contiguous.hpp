// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/eigen.hpp>

#include <span>
#include <vector>

/// The bridge to plain arrays: std::vector and std::span are tensors of rank 1.
namespace equant::inline EQUANT_ABI {

template <class X>
concept contiguous_array =
    std::same_as<X, std::vector<std::remove_const_t<typename X::value_type>>> ||
    std::same_as<X, std::span<typename X::element_type>>;

template <contiguous_array X>
struct bridge<X> {
  using scalar = std::remove_const_t<typename X::value_type>;
  static_assert(real_scalar<scalar>, "equant quantizes float, double, Eigen::half and Eigen::bfloat16");
  using plain = std::vector<scalar>;

  static const X& hold(const X& x) { return x; }

  template <class Held>
  static auto look(Held& x) {
    using element = std::remove_reference_t<decltype(*x.data())>;
    return view<element>{x.data(), shape{static_cast<index_t>(x.size())}, shape{1}};
  }

  static plain make(const shape& sizes) { return plain(static_cast<std::size_t>(sizes.count())); }
};

}  // namespace equant::inline EQUANT_ABI
