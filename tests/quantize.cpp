// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/core/contiguous.hpp>
#include <equant/core/tensor.hpp>
#include <equant/dequantize.hpp>
#include <equant/calibration/moving_average.hpp>
#include <equant/quantize.hpp>

namespace {

using namespace equant;
using Eigen::MatrixXf;
using Eigen::RowVectorXf;

MatrixXf numbers() { return matrices::uniform<MatrixXf>(12, 40, -2, 3); }

std::vector<float> values(const auto& q) { return dequantize<std::vector<float>>(q); }

/// f(a...) for the options in every order.
template <class F>
void in_every_order(F f, const auto& a, const auto& b, const auto& c) {
  f(a, b, c);
  f(a, c, b);
  f(b, a, c);
  f(b, c, a);
  f(c, a, b);
  f(c, b, a);
}

}  // namespace

TEST_CASE("quantize: min-max, per tensor, asymmetric where nothing is said") {
  const RowVectorXf x{{-1, 0, 1.25f, 4.1f}};
  const auto q = quantize<uint8>(x);
  CHECK(q.params().single());
  CHECK(q.params()[0] == affine{5.1f / 255, 50});
  CHECK(q.codes().cast<int>() == Eigen::RowVector4i(0, 50, 112, 255));  // 50 + 62.5 to even, 50 + 205
  CHECK(quantize<uint8>(x, per_tensor) == q);
  CHECK(quantize<uint8>(x, min_max{}) == q);
  CHECK(quantize<uint8>(x, asymmetric) == q);
  CHECK(quantize<uint8>(x, convention::standard{}) == q);
  CHECK(quantize<uint8>(x, non_finite::reject) == q);
}

TEST_CASE("quantize: options in any order") {
  const MatrixXf x = numbers();
  const auto one = quantize<int4>(x, per_group{1, 16}, symmetric, min_max{});
  CHECK(one.blocks() == blocking{{1, 16}});
  CHECK(one.zero_points().size() == 1);
  in_every_order([&](const auto&... o) { CHECK(quantize<int4>(x, o...) == one); }, min_max{}, per_group{1, 16},
                 symmetric);
  const auto two = quantize<int8>(x, convention::tflite{}, per_axis{0}, symmetric);
  in_every_order([&](const auto&... o) { CHECK(quantize<int8>(x, o...) == two); }, convention::tflite{}, per_axis{0},
                 symmetric);
  const auto three = quantize<int8>(x, convention::torch{}, asymmetric, moving_average{});
  in_every_order([&](const auto&... o) { CHECK(quantize<int8>(x, non_finite::skip, o...) == three); },
                 convention::torch{}, asymmetric, moving_average{});
  CHECK(!(one == quantize<int4>(x, per_group{1, 16}, asymmetric)));
}

TEST_CASE("quantize: it is the observer, its parameters and the quantizer") {
  const MatrixXf x = numbers();
  min_max all;
  all.observe(x);
  CHECK(quantize<int8>(x) == uniform_quantizer<int8>(all.params<int8>(asymmetric)).quantize(x));
  granular rows(min_max{}, per_axis{-2});
  rows.observe(x);
  using torch = uniform_quantizer<uint4, convention::torch>;
  CHECK(quantize<uint4>(x, per_axis{0}, convention::torch{}) ==
        torch(rows.params<uint4>(asymmetric, convention::torch{})).quantize(x));
  const auto midrise = rows.params<int3>(mid_rise);
  CHECK(quantize<int3>(x, per_axis{0}, mid_rise) ==
        uniform_quantizer<int3, convention::standard, real_affine<float>>(midrise).quantize(x));
}

TEST_CASE("quantize: symmetric") {
  const RowVectorXf x{{-1.27f, 0, 0.5f, 1}};
  const auto q = quantize<int8>(x, symmetric);
  CHECK(q.params()[0] == affine{0.01f, 0});
  CHECK(q.codes().cast<int>() == Eigen::RowVector4i(-127, 0, 50, 100));
  const auto u = quantize<uint8>(x, symmetric);
  CHECK(u.params()[0] == affine{0.01f, 128});
  CHECK(u.codes().cast<int>() == Eigen::RowVector4i(1, 128, 178, 228));
  CHECK(dequantize<RowVectorXf>(u) == dequantize<RowVectorXf>(q));
}

TEST_CASE("quantize: one bit is the sign times amax") {
  const RowVectorXf x{{-3, -0.1f, 0, 0.2f, 2}};
  const auto q = quantize<int1>(x);  // symmetric by itself
  CHECK(q.params()[0] == affine{3, 0});
  CHECK(dequantize<RowVectorXf>(q) == RowVectorXf{{-3, -3, 3, 3, 3}});
  CHECK(quantize<int1>(x, symmetric) == q);
  CHECK(quantize<int1>(numbers(), per_axis{0}).scales()[3] == numbers().row(3).cwiseAbs().maxCoeff());
}

TEST_CASE("quantize: mid-rise has no level at zero") {
  const RowVectorXf x{{-1, -0.01f, 0, 0.01f, 0.6f, 2}};
  const auto q = quantize<int3>(x, mid_rise);  // levels (k + 1/2) / 2 from -1.75 to 1.75
  CHECK(q.params()[0] == real_affine<float>{0.5f, -0.5f});
  const RowVectorXf y = dequantize<RowVectorXf>(q);
  CHECK((y[0] == -0.75f || y[0] == -1.25f));  // half-way
  CHECK(y.tail(5) == RowVectorXf{{-0.25f, y[2], 0.25f, 0.75f, 1.75f}});
  CHECK(std::abs(y[2]) == 0.25f);
  CHECK((dequantize(quantize<int8>(numbers(), mid_rise)).array() != 0).all());
  const RowVectorXf two = dequantize<RowVectorXf>(quantize<integer<1>>(x, mid_rise));
  CHECK(two.cwiseAbs() == RowVectorXf::Ones(6));
}

TEST_CASE("quantize: a convention brings its range, zero point, rounding and default scheme") {
  const MatrixXf x = numbers();
  const double amax = static_cast<double>(x.row(3).cwiseAbs().maxCoeff());
  const auto q = quantize<int8>(x, convention::tflite{}, per_axis{0});  // per axis TFLite is symmetric
  CHECK(q.zero_points().size() == 1);
  CHECK(q.zero_points()[0] == 0);
  CHECK(q.scales()[3] == static_cast<float>(amax / 127));
  CHECK(quantize<int8>(x, convention::tflite{}).zero_points()[0] != 0);
  CHECK(quantize<int8>(x, convention::torch{}, per_axis{0}, symmetric).scales()[3] == float(amax) / 127.5f);
  const RowVectorXf tie{{-128, 2.5f, 127}};
  CHECK(quantize<int8>(tie).codes().cast<int>() == Eigen::RowVector3i(-128, 2, 127));
  CHECK(quantize<int8>(tie, convention::tflite{}).codes().cast<int>() == Eigen::RowVector3i(-128, 3, 127));
  const Eigen::VectorXd d = Eigen::VectorXd::LinSpaced(50, 1.5, 7);
  const auto n = quantize<uint8>(d, convention::numpy{});
  STATIC_REQUIRE(std::is_same_v<decltype(n)::map_type, real_affine<double>>);
  CHECK(n.scales()[0] == 5.5 / 255);
  CHECK(n.zero_points()[0] == 0 - 1.5 / (5.5 / 255));
}

TEST_CASE("quantize: a double is not narrowed before the rounding") {
  // Scale 1: the first is nearer to 3, as a float it would be a tie and become 2.
  const Eigen::Vector3d x(2.5 + 1e-12, -128, 127);
  CHECK(int(quantize<int8>(x).codes()(0, 0)) == 3);
  CHECK(int(quantize<int8>(x.cast<float>()).codes()(0, 0)) == 2);
}

TEST_CASE("quantize: sources of every kind give the same codes") {
  const MatrixXf x = numbers();
  const matrices::row_major rows = x;
  const auto q = quantize<int8>(x, per_group{1, 7}, symmetric);
  CHECK(quantize<int8>(rows, per_group{1, 7}, symmetric) == q);
  CHECK(quantize<int8>(x + MatrixXf::Zero(12, 40), per_group{1, 7}, symmetric) == q);
  CHECK(quantize<int8>(x.transpose().eval().transpose(), per_group{-1, 7}, symmetric) == q);
  CHECK(quantize<int8>(x.cast<double>(), per_group{1, 7}, symmetric).scales()[5] == q.scales()[5]);
  const Eigen::TensorMap<const Eigen::Tensor<float, 3>> t(x.data(), 3, 4, 40);
  const auto of_tensor = quantize<int8>(t, blocking{{1, 0, 0}});
  CHECK(of_tensor.sizes() == shape{3, 4, 40});
  CHECK(of_tensor.scales().size() == 3);
  const std::vector<float> v(x.data(), x.data() + x.size());
  CHECK(quantize<int8>(v, per_group{0, 12}).scales()[5] == quantize<int8>(x, per_axis{1}).scales()[5]);
}

TEST_CASE("quantize: what is not finite is refused, or left out") {
  MatrixXf x = numbers();
  const auto clean = quantize<int8>(x).params();
  x(4, 17) = HUGE_VALF;
  x(5, 3) = -HUGE_VALF;
  x(6, 9) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(quantize<int8>(x), std::invalid_argument);
  CHECK_THROWS_WITH(quantize<int8>(x), says("the value inf at row 4, column 17 is not finite"));
  CHECK_THROWS_WITH(quantize<int8>(x, per_axis{1}), says("row 4, column 17"));
  CHECK_THROWS_WITH(quantize<int8>(x.transpose()), says("nan at row 9, column 6") || says("inf at row 3, column 5"));
  const auto q = quantize<int8>(x, non_finite::skip);
  CHECK(q.params() == clean);
  CHECK(int(q.codes()(4, 17)) == 127);
  CHECK(int(q.codes()(5, 3)) == -128);
  CHECK(int(q.codes()(6, 9)) == q.zero_points()[0]);
}

TEST_CASE("quantize: an array at compile time") {
  constexpr auto table = quantize<int8>(std::array{-1.0f, 0.0f, 0.5f, 1.55f});
  STATIC_REQUIRE(std::is_same_v<decltype(table), const quantized<int8, 4>>);
  STATIC_REQUIRE(table.scale() == 2.55f / 255);
  STATIC_REQUIRE(table.zero_point() == -28);
  STATIC_REQUIRE(int8::value(table.code(0)) == -128);
  STATIC_REQUIRE(int8::value(table.code(1)) == -28);
  STATIC_REQUIRE(int8::value(table.code(3)) == 127);
  constexpr auto s = quantize<uint4>(std::array{-7.0, 2.5, 7.0}, symmetric);
  STATIC_REQUIRE(s.map() == affine{1, 8});
  STATIC_REQUIRE(s.code(1) == 10);
  STATIC_REQUIRE(quantize<uint4>(std::array{-7.0, 2.5, 7.0}, convention::tflite{}, symmetric).code(1) == 11);
  STATIC_REQUIRE(quantize<uint4>(std::array{-7.0, 2.5, 7.0}, symmetric, convention::tflite{}).code(1) == 11);
  STATIC_REQUIRE(quantize<int3>(std::array{-2.0f, 0.3f}, mid_rise).map() == real_affine<float>{0.5f, -0.5f});
  STATIC_REQUIRE(quantize<int1>(std::array{-2.0f, 0.3f}).map() == affine{2, 0});
  const Eigen::RowVector4f same(-1, 0, 0.5f, 1.55f);
  for (index_t i = 0; i < 4; ++i) CHECK(quantize<int8>(same).code({0, i}) == table.code(i));
  CHECK_THROWS_AS(quantize<int8>(std::array{1.0f, HUGE_VALF}), std::invalid_argument);
}
