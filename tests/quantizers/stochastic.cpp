// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/core/thread_pool.hpp>
#include <equant/dequantize.hpp>
#include <equant/quantize.hpp>

namespace {

using namespace equant;
using Eigen::MatrixXf;

const parameters<affine> unit(affine{1, 0});

/// Over many seeds the mean of what x becomes is x, and it is always one of its two neighbours.
template <class Format>
void check_mean(double x, double below, double above) {
  INFO(x);
  constexpr int draws = 40000;
  const MatrixXf same = MatrixXf::Constant(200, 200, static_cast<float>(x));
  const MatrixXf y = dequantize(stochastic_quantizer<Format>(unit, counter_bits{7}).quantize(same));
  CHECK(((y.array() == static_cast<float>(below)) || (y.array() == static_cast<float>(above))).all());
  const double deviation = std::sqrt((x - below) * (above - x) / draws);
  CHECK(std::abs(y.cast<double>().mean() - x) <= 5 * deviation);
}

}  // namespace

TEST_CASE("stochastic: the mean is kept", "[quantizers]") {
  check_mean<int8>(3.25, 3, 4);
  check_mean<int8>(-3.25, -4, -3);
  check_mean<int8>(-128, -128, -128);
  check_mean<uint4>(14.9, 14, 15);
  check_mean<fp4_e2m1>(2.2, 2, 3);
  check_mean<fp4_e2m1>(-0.1, -0.5, 0);
  check_mean<fp8_e4m3>(0x1.1p-9, 0x1p-9, 0x1p-8);
}

TEST_CASE("stochastic: saturates, and takes NaN for zero", "[quantizers]") {
  using quantizer = stochastic_quantizer<int4>;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(int4::value(quantizer::code(infinity, 0, 0xffffffffu)) == 7);
  CHECK(int4::value(quantizer::code(7.5, 0, 0xffffffffu)) == 7);
  CHECK(int4::value(quantizer::code(-infinity, 2, 0)) == -8);
  CHECK(int4::value(quantizer::code(std::numeric_limits<double>::quiet_NaN(), 2, 0)) == 2);
}

TEST_CASE("stochastic: the same codes from the same bits, on any threads", "[quantizers]") {
  const MatrixXf x = MatrixXf::Random(300, 500);
  const auto q = quantize<fp8_e4m3>(x, stochastic{counter_bits{1}});
  CHECK(quantize<fp8_e4m3>(x, stochastic{counter_bits{1}}) == q);
  CHECK_FALSE(quantize<fp8_e4m3>(x, stochastic{counter_bits{2}}) == q);
  Eigen::ThreadPool pool(3);
  pool_executor threads(pool);
  CHECK(stochastic_quantizer<fp8_e4m3>(q.params(), counter_bits{1}).quantize(x, threads) == q);
  // bits of the caller's own: none at all round down
  const auto none = stochastic{[](std::uint64_t) { return 0u; }};
  CHECK((dequantize(quantize<int8>(x, none, per_axis{0}, symmetric)).array() <= x.array() + 1e-6f).all());
}
