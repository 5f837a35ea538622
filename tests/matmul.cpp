// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/matmul.hpp>
#include <equant/quantize.hpp>

namespace {

using namespace equant;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using matrices::row_major;

/// (code - zero point) of every element, and its scale, read one by one.
template <class Format>
MatrixXd centred(const quantized<Format>& q) {
  MatrixXd m(q.sizes()[0], q.sizes()[1]);
  const shape counts = q.blocks().counts(q.sizes());
  for (index_t i = 0; i < m.rows(); ++i) {
    for (index_t j = 0; j < m.cols(); ++j) {
      const index_t block = counts[0] > 1 ? i : counts[1] > 1 ? j : 0;
      m(i, j) = Format::value(q.code({i, j})) - q.params()[block].zero_point;
    }
  }
  return m;
}

template <class A, class B>
MatrixXf expected(const quantized<A>& a, const quantized<B>& b) {
  const MatrixXd sums = centred(a) * centred(b);  // integers below 2^53: exact
  MatrixXf y(sums.rows(), sums.cols());
  for (index_t i = 0; i < y.rows(); ++i) {
    for (index_t j = 0; j < y.cols(); ++j) {
      volatile float factor =
          a.params()[a.params().count() > 1 ? i : 0].scale * b.params()[b.params().count() > 1 ? j : 0].scale;
      volatile float product = static_cast<float>(sums(i, j)) * factor;
      y(i, j) = product;
    }
  }
  return y;
}

template <class FA, class FB, class X, class Y>
void check(const X& x, const Y& y) {
  auto each = [&](const auto& a, const auto& b) {
    const MatrixXf wanted = expected(a, b);
    CHECK(matmul(a, b) == wanted);
    CHECK(a * b == wanted);
    CHECK(matmul<row_major>(a, b) == wanted);
    MatrixXf large = MatrixXf::Zero(2 * wanted.rows() + 1, wanted.cols() + 2);
    matmul_into(a, b, large.block(1, 1, wanted.rows(), wanted.cols()));
    CHECK(large.block(1, 1, wanted.rows(), wanted.cols()) == wanted);
    Eigen::Map<MatrixXf, 0, Eigen::Stride<Eigen::Dynamic, 2>> spaced(
        large.data(), wanted.rows(), wanted.cols(), Eigen::Stride<Eigen::Dynamic, 2>(2 * wanted.rows() + 1, 2));
    matmul_into(a, b, spaced);
    CHECK(MatrixXf(spaced) == wanted);
  };
  each(quantize<FA>(x), quantize<FB>(y));
  each(quantize<FA>(x, per_axis{0}), quantize<FB>(y, per_axis{1}));
  each(quantize<FA>(x, symmetric), quantize<FB>(y, per_axis{1}, symmetric));
  each(quantize<FA>(x, per_axis{0}), quantize<FB>(y));
}

}  // namespace

TEST_CASE("matmul: the product of the codes, scaled") {
  const MatrixXf x = matrices::uniform<MatrixXf>(13, 37, -1, 2, 1), y = matrices::uniform<MatrixXf>(37, 21, -3, 1, 2);
  const row_major xr = x, yr = y;
  check<int8, int8>(x, y);
  check<int8, uint8>(x, yr);
  check<uint8, int8>(xr, y);
  check<uint8, uint8>(xr, yr);
  check<int4, int8>(x, yr);
  check<uint8, int3>(x, y);
  check<uint2, narrow_int8>(xr, y);
  check<uint8, int8>(MatrixXf(x.row(0)), MatrixXf(y.col(0)));
}

TEST_CASE("matmul: close to the product of the real matrices") {
  const MatrixXf x = matrices::uniform<MatrixXf>(40, 300, -1, 1, 3), y = matrices::uniform<MatrixXf>(300, 50, -1, 1, 4);
  const MatrixXf real = x * y,
                 quantized_product = matmul(quantize<int8>(x, per_axis{0}), quantize<int8>(y, per_axis{1}));
  CHECK((real - quantized_product).norm() < 0.01f * real.norm());
}

TEST_CASE("matmul: what has no product is refused, and both sides are named") {
  const MatrixXf x = matrices::uniform<MatrixXf>(6, 8, -1, 1), y = matrices::uniform<MatrixXf>(8, 4, -1, 1);
  const auto a = quantize<int8>(x), b = quantize<int8>(y);
  CHECK_THROWS_WITH(matmul(a, a), says("6 x 8 and 6 x 8"));
  CHECK_THROWS_WITH(matmul(quantize<int8>(x, per_axis{1}), b),
                    says("6 x 8 quantized per block of all x 1 and 8 x 4 quantized per block of all x all"));
  CHECK_THROWS_WITH(matmul(a, quantize<int8>(y, per_group{0, 4})),
                    says("6 x 8 quantized per block of all x all and 8 x 4 quantized per block of 4 x 1"));
  MatrixXf wrong(4, 6);
  CHECK_THROWS_WITH(matmul_into(a, b, wrong), says("into 4 x 6"));
  const MatrixXf wide = matrices::uniform<MatrixXf>(1, 40000, 0, 1);
  CHECK_THROWS_WITH(matmul(quantize<uint8>(wide), quantize<uint8>(MatrixXf(wide.transpose()))), says("could reach"));
}
