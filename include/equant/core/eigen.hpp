// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/view.hpp>

#include <Eigen/Core>

#if !EIGEN_VERSION_AT_LEAST(3, 4, 0)
#error "equant needs Eigen 3.4 or newer"
#endif

/// The bridge to Eigen's dense expressions: Matrix, Array, Map, Ref, blocks, transposes and whatever is computed from
/// them. What has storage is viewed in place, anything else is evaluated once.
namespace equant::inline EQUANT_ABI {

using fp16 = Eigen::half;
using bf16 = Eigen::bfloat16;

/// The element types equant quantizes.
template <class T>
concept real_scalar = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, fp16> ||
                      std::same_as<T, bf16>;

namespace dense {

template <class D>
void base(const Eigen::DenseBase<D>&);

}  // namespace dense

/// Dense expressions, and what is derived from one: a segment of a vector is derived from its Block.
template <class X>
concept eigen_dense = requires(const X& x) { dense::base(x); };

template <eigen_dense X>
struct bridge<X> {
  using scalar = typename X::Scalar;
  static_assert(real_scalar<scalar>, "equant quantizes float, double, Eigen::half and Eigen::bfloat16");
  using plain = typename X::PlainObject;

  // Eigen's indexed views, m(seq(0, last, 2), all), have the bit but no data().
  static constexpr bool has_storage =
      (static_cast<unsigned>(X::Flags) & Eigen::DirectAccessBit) != 0 && requires(const X& x) { x.data(); };

  static decltype(auto) hold(const X& x) {
    if constexpr (has_storage) {
      return (x);
    } else {
      return plain(x);
    }
  }

  template <class Held>
  static auto look(Held& m) {
    using element = std::remove_reference_t<decltype(*m.data())>;
    return view<element>{m.data(), shape{m.rows(), m.cols()}, shape{m.rowStride(), m.colStride()}};
  }

  /// A vector type takes vectors of either orientation; a matrix takes rank 0 to 2.
  static plain make(const shape& sizes) {
    if (sizes.rank > 2) {
      contract::invalid_argument("a tensor of ", to_string(sizes),
                                 " does not fit a matrix; name the result, as in "
                                 "dequantize<Eigen::Tensor<float, ",
                                 sizes.rank, ">>(q)");
    }
    index_t rows = sizes.rank > 0 ? sizes[0] : 1;
    index_t cols = sizes.rank > 1 ? sizes[1] : 1;
    if (sizes.rank == 1 && plain::RowsAtCompileTime == 1 && plain::ColsAtCompileTime != 1) {
      std::swap(rows, cols);
    }
    check_fixed(plain::RowsAtCompileTime, rows, "rows");
    check_fixed(plain::ColsAtCompileTime, cols, "columns");
    plain m;
    m.resize(rows, cols);
    return m;
  }

 private:
  static void check_fixed(int fixed, index_t wanted, const char* what) {
    if (fixed != Eigen::Dynamic && fixed != wanted) {
      contract::invalid_argument("a result with ", wanted, " ", what, " does not fit a type with ", fixed);
    }
  }
};

/// An empty owning object of type Plain with the given sizes.
template <class Plain>
Plain make_plain(const shape& sizes) {
  return bridge<Plain>::make(sizes);
}

}  // namespace equant::inline EQUANT_ABI
