// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <Eigen/Core>

namespace equant::inline EQUANT_ABI::nn {

/// What Eigen writes into memory that is not its own it computes entry by entry up to the first boundary of vectors,
/// by vectors from there on; exp, square roots, sums of columns and small products differ between the two in the last
/// bit. Computed in memory of its own, which begins at a boundary, values do not depend on where their memory lies.
template <class X>
typename X::PlainObject in_own_memory(const X& x) {
  return x.eval();
}

/// to += a b, likewise; only what Eigen does not take for a small product it adds in place.
template <class To, class A, class B>
void add_product(To to, const A& a, const B& b) {
  if (a.rows() + a.cols() + b.cols() < EIGEN_GEMM_TO_COEFFBASED_THRESHOLD) {
    to += in_own_memory(a * b);
  } else {
    to.noalias() += a * b;
  }
}

/// to = a b, likewise.
template <class To, class A, class B>
void set_product(To to, const A& a, const B& b) {
  if (a.rows() + a.cols() + b.cols() < EIGEN_GEMM_TO_COEFFBASED_THRESHOLD) {
    to = in_own_memory(a * b);
  } else {
    to.noalias() = a * b;
  }
}

}  // namespace equant::inline EQUANT_ABI::nn
