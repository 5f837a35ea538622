// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "matrices.hpp"

#include <equant/vector.hpp>

TEST_CASE("a tensor in vector codes is compared and read like any other") {
  using namespace equant;
  const Eigen::MatrixXf x = matrices::uniform<Eigen::MatrixXf>(40, 50, -1, 1);
  const auto q = trellis_quantizer<2>(8).quantize(x);
  CHECK(q.bytes().size() == 500);
  const Eigen::MatrixXf y = dequantize(q);
  const quantization_report report = compare(x, q);
  CHECK(report.mse == Approx(static_cast<double>((x - y).squaredNorm()) / 2000).epsilon(1e-5));
  CHECK(report.mse == compare(x, y).mse);
  CHECK(report.bits_per_value == 2 + 16.0 * 8 / 2000);
  CHECK(report.clipped == 0);
  CHECK(report.mse_rounding == report.mse);
  CHECK(report.sqnr_db > 10.5);  // uniform quantization of uniform values at 2 bits: 12 dB, of a Gaussian 9.3
  const matrices::row_major rows = x;
  CHECK(compare(rows, q).mse == Approx(report.mse));
  CHECK_THROWS(compare(Eigen::MatrixXf(4, 4), q));
}
