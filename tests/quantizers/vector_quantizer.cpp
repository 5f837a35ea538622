// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/core/thread_pool.hpp>
#include <equant/quantizers/vector_quantizer.hpp>

namespace {

using namespace equant;
using Eigen::MatrixXd;
using Eigen::MatrixXf;

/// Pairs of values in one byte: which of them are positive. It stands for 1 and -1, with a half added to the first of
/// a pair; an odd end has a byte for itself.
struct signs {
  static constexpr index_t chunk() { return 2; }
  static constexpr std::size_t bytes(index_t n) { return static_cast<std::size_t>((n + 1) / 2); }
  static constexpr std::size_t size_bytes() { return 3; }
  void encode(const float* x, index_t n, std::uint8_t* to) const {
    for (index_t i = 0; i < n; i += 2) {
      to[i / 2] = static_cast<std::uint8_t>((x[i] > 0) + 2 * (i + 1 < n && x[i + 1] > 0));
    }
  }
  void decode(const std::uint8_t* from, index_t n, float* y) const {
    for (index_t i = 0; i < n; ++i) {
      y[i] = (from[i / 2] >> i % 2 & 1 ? 1.0f : -1.0f) + (i % 2 == 0 ? 0.5f : 0.0f);
    }
  }
  bool operator==(const signs&) const = default;
};

double mse(const MatrixXd& x, const MatrixXd& y) { return (x - y).squaredNorm() / static_cast<double>(x.size()); }

}  // namespace

TEST_CASE("quantizers: vector codes lie in storage order and are fitted by least squares", "[quantizers]") {
  MatrixXd x(2, 3);
  x << 1, -2, 5, -1, 4, -3;  // in storage order 1 -1 -2 4 5 -3; mean 2 / 3
  const vector_quantizer<signs> quantizer;
  const auto q = quantizer.quantize(x);
  REQUIRE(q.bytes().size() == 3);
  CHECK(q.bytes()[0] == 1);
  CHECK(q.bytes()[1] == 2);
  CHECK(q.bytes()[2] == 1);
  CHECK(q.size_bytes() == 3 + 16 + 3);
  CHECK(q.bits_per_value() == 8 * 22.0 / 6);
  // They stand for 1.5 -1 -0.5 1 1.5 -1: y = 1.5 / 6, y^2 = 1 + 1 + 2.25 + 2.25 + 1 + 0.25, xy = 1.5 + 1 + 1 + 4 + 7.5
  // + 3.
  const double slope = (18 - 4 * 1.5 / 6) / (7.75 - 1.5 * 1.5 / 6);
  const double center = (4 - slope * 1.5) / 6;
  CHECK(q.scale == Approx(slope).epsilon(1e-6));
  CHECK(q.center == Approx(center).epsilon(1e-6));
  const MatrixXd y = quantizer.dequantize<MatrixXd>(q);
  CHECK(y(0, 0) == Approx(center + slope * 1.5).epsilon(1e-6));
  CHECK(y(1, 2) == Approx(center - slope).epsilon(1e-6));
  MatrixXd best(2, 3);  // no other line is better
  for (const double d : {-1e-3, 1e-3}) {
    CHECK(mse(x, y) < mse(x, (y.array() + d).matrix()));
    CHECK(mse(x, y) < mse(x, (y.array() * (1 + d)).matrix()));
  }
  const matrices::row_major rows = x.cast<float>();
  CHECK_FALSE(std::ranges::equal(quantizer.quantize(rows).bytes(), q.bytes()));
  CHECK(quantizer.quantize(rows) == quantizer.quantize(rows));
}

TEST_CASE("quantizers: vector codes do not depend on layout or threads", "[quantizers]") {
  const MatrixXf x = matrices::uniform<MatrixXf>(391, 517, -3, 3);
  const vector_quantizer<signs> quantizer;
  const auto q = quantizer.quantize(x);
  const MatrixXf y = quantizer.dequantize(q);
  MatrixXf larger = MatrixXf::Zero(400, 600);
  larger.block(3, 5, 391, 517) = x;
  CHECK(quantizer.quantize(larger.block(3, 5, 391, 517)) == q);
  CHECK(quantizer.dequantize<matrices::row_major>(q) == y);
  for (const int threads : {2, 3}) {
    Eigen::ThreadPool pool(threads);
    const pool_executor run(pool);
    CHECK(quantizer.quantize(x, run) == q);
    CHECK(quantizer.dequantize(q, run) == y);
  }
}

TEST_CASE("quantizers: constant tensors, single values and the ends of double are exact or finite", "[quantizers]") {
  const vector_quantizer<signs> quantizer;
  const auto back = [&](const MatrixXd& x) { return quantizer.dequantize<MatrixXd>(quantizer.quantize(x)); };
  for (const double v : {0.0, 1.0, -3.7, 5e-324, 1e308, -1.7e308}) {
    CHECK(back(MatrixXd::Constant(1, 1, v)) == MatrixXd::Constant(1, 1, v));
    CHECK(back(MatrixXd::Constant(3, 5, v)) == MatrixXd::Constant(3, 5, v));
    MatrixXd pair(1, 2);
    pair << v, -v;
    CHECK(back(pair).array().isFinite().all());
    MatrixXd alone = MatrixXd::Zero(3, 5);
    alone(1, 1) = v;
    CHECK(back(alone).array().isFinite().all());
  }
  // The codes of a lone largest value reach beyond it.
  Eigen::Array<fp16, 4, 1> half(fp16(0.f), fp16(65504.f), fp16(0.f), fp16(0.f));
  CHECK((quantizer.dequantize<Eigen::Array<fp16, 4, 1>>(quantizer.quantize(half)).cast<float>() <= 65504.f).all());
}

TEST_CASE("quantizers: what vector codes refuse", "[quantizers]") {
  const vector_quantizer<signs> quantizer;
  MatrixXf x = MatrixXf::Zero(3, 4);
  x(1, 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(quantizer.quantize(x), says("row 1, column 2"));
  x(1, 2) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(quantizer.quantize(x), says("row 1, column 2"));
  CHECK_THROWS_WITH(quantizer.quantize(MatrixXf(0, 4)), says("0 x 4 has no values"));
  const auto q = quantizer.quantize(MatrixXf::Identity(2, 2));
  MatrixXf wrong(2, 3);
  CHECK_THROWS_WITH(dequantize_into(q, wrong), says("2 x 2 into one of 2 x 3"));
}
