// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/matmul.hpp>
#include <equant/pack_weights.hpp>
#include <equant/quantize.hpp>

namespace {

using namespace equant;
using Eigen::MatrixXd;
using Eigen::MatrixXf;

template <class Format, class... Options>
void check(const MatrixXf& w, const Options&... options) {
  const auto q = quantize<Format>(w, options...);
  const gemm::packed_weights packed = pack_weights(q);
  const MatrixXf real = dequantize(q);
  MatrixXd held(w.rows(), w.cols());
  for (index_t k = 0; k < w.rows(); ++k) {
    for (index_t n = 0; n < w.cols(); ++n) held(k, n) = static_cast<double>(packed(k, n));
  }
  // Scales are halves: 11 bits.
  CHECK((held - real.cast<double>()).cwiseAbs().maxCoeff() <= real.cwiseAbs().maxCoeff() * 0x1p-11);
  const MatrixXf x = matrices::uniform<MatrixXf>(3, w.rows(), -1, 1, 7);
  const MatrixXd wanted = x.cast<double>() * held;
  const double tolerance = wanted.norm();
  CHECK((matmul(x, packed, gemm::float_activations{}).template cast<double>() - wanted).norm() < 1e-5 * tolerance);
  CHECK((matmul(x, packed).template cast<double>() - wanted).norm() < 2e-2 * tolerance);
  CHECK((matmul(x * 1.0f, packed).template cast<double>() - wanted).norm() < 2e-2 * tolerance);
  // Real activations by weights as they are.
  const MatrixXd exact = x.cast<double>() * real.cast<double>();
  CHECK((matmul(x, q).template cast<double>() - exact).norm() < 1e-5 * exact.norm());
}

}  // namespace

TEST_CASE("pack_weights: holds the weights of every width, granularity and scheme") {
  const MatrixXf w = matrices::uniform<MatrixXf>(70, 45, -1, 2, 3);
  check<int8>(w);
  check<int8>(w, per_axis{1}, symmetric);
  check<uint8>(w, per_axis{1});
  check<int4>(w, per_group{0, 32}, symmetric);
  check<uint4>(w, per_group{0, 16});
  check<int4>(w, per_group{0, 24});
  check<int2>(w, per_group{0, 8}, symmetric);
  check<uint2>(w, per_axis{1});
}

TEST_CASE("pack_weights: what cannot be packed is refused") {
  const MatrixXf w = matrices::uniform<MatrixXf>(16, 8, -1, 1, 3);
  CHECK_THROWS_WITH(pack_weights(quantize<int4>(w, per_group{1, 4})), says("per block of 1 x 4"));
  CHECK_THROWS_WITH(pack_weights(quantize<int8>(MatrixXf(w * 1e9f))), says("is not finite"));
  CHECK_THROWS_WITH(pack_weights(quantized<int8>({4, 4}, axis_order::row_major(), affine{1, 200})),
                    says("zero point 200"));
  CHECK_THROWS_WITH(matmul(w, quantize<int8>(w)), says("matmul of 16 x 8 and 16 x 8"));
}
