// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/core/contiguous.hpp>
#include <equant/core/tensor.hpp>
#include <equant/dequantize.hpp>
#include <equant/quantize.hpp>

namespace {

using namespace equant;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using matrices::row_major;

MatrixXf numbers() { return matrices::uniform<MatrixXf>(11, 23, -2, 3); }

/// scale * (code - zero point) in double, where the product of a code and a float is exact.
template <class Format>
MatrixXd by_hand(const quantized<Format>& q) {
  MatrixXd y(q.sizes()[0], q.sizes()[1]);
  const shape counts = q.blocks().counts(q.sizes());
  auto block = [&](int axis, index_t i) { return q.blocks().lengths[axis] == 0 ? 0 : i / q.blocks().lengths[axis]; };
  for (index_t i = 0; i < y.rows(); ++i) {
    for (index_t j = 0; j < y.cols(); ++j) {
      const affine p = q.params()[q.params().single() ? 0 : block(0, i) * counts[1] + block(1, j)];
      y(i, j) = (Format::value(q.code({i, j})) - p.zero_point) * static_cast<double>(p.scale);
    }
  }
  return y;
}

template <class Format>
void every_type() {
  for (const blocking& where : {blocking{{0, 0}}, blocking{{1, 0}}, blocking{{0, 1}}, blocking{{3, 5}}}) {
    const auto q = quantize<Format>(numbers(), where);
    const auto r = quantize<Format>(row_major(numbers()), where);
    const MatrixXd exact = by_hand(q);
    const MatrixXf y = exact.cast<float>();
    CHECK(dequantize(q) == y);
    CHECK(dequantize(r) == y);
    CHECK(dequantize<row_major>(q) == y);
    CHECK(dequantize<row_major>(r) == y);
    CHECK(dequantize<MatrixXd>(q) == exact);  // not the float widened
    CHECK((dequantize<Eigen::ArrayXXf>(q) == y.array()).all());
    CHECK((dequantize<Eigen::Matrix<float, 11, 23>>(q) == y));
    CHECK((dequantize<Eigen::Matrix<float, 11, 23, Eigen::RowMajor>>(r) == y));
    CHECK(dequantize<Eigen::Matrix<fp16, -1, -1>>(q) == y.cast<fp16>());
    CHECK(dequantize<Eigen::Matrix<bf16, -1, -1>>(r) == y.cast<bf16>());
    const auto t = dequantize<Eigen::Tensor<float, 2>>(r);
    CHECK((Eigen::Map<const MatrixXf>(t.data(), 11, 23) == y));
  }
}

}  // namespace

TEST_CASE("dequantize: every type of result") {
  every_type<int8>();
  every_type<uint4>();
  every_type<int3>();
  every_type<uint16>();
}

TEST_CASE("dequantize: tensors keep their logical places in either order") {
  const Eigen::TensorMap<const Eigen::Tensor<float, 3>> columns(numbers().eval().data(), 1, 1, 1);
  Eigen::Tensor<float, 3> x(4, 5, 6);
  for (int i = 0; i < 120; ++i) x.data()[i] = static_cast<float>(i);
  const auto q = quantize<uint8>(x);  // 0 to 119: scale 119 / 255
  const auto y = dequantize<Eigen::Tensor<float, 3>>(q);
  const auto z = dequantize<Eigen::Tensor<double, 3, Eigen::RowMajor>>(q);
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 5; ++j) {
      for (int k = 0; k < 6; ++k) {
        CHECK(std::abs(y(i, j, k) - x(i, j, k)) <= 0.5f * 119 / 255 + 1e-4f);
        CHECK(static_cast<float>(z(i, j, k)) == y(i, j, k));
      }
    }
  }
  static_cast<void>(columns);
}

TEST_CASE("dequantize: an array fits a vector of either orientation, and a matrix of one column") {
  const std::vector<float> x = {-1, 0, 0.5f, 1.55f, 0.01f};
  const auto q = quantize<int8>(x);
  const std::vector<float> y = dequantize<std::vector<float>>(q);
  REQUIRE(y.size() == 5);
  const Eigen::Map<const Eigen::VectorXf> wanted(y.data(), 5);
  CHECK(dequantize<Eigen::VectorXf>(q) == wanted);
  CHECK(dequantize<Eigen::RowVectorXf>(q) == wanted.transpose());
  CHECK(dequantize<Eigen::Matrix<float, 5, 1>>(q) == wanted);
  CHECK(dequantize(q) == wanted);
  CHECK(uniform_quantizer<int8>(q.params()).dequantize<Eigen::VectorXf>(q) == wanted);
  MatrixXf large = MatrixXf::Zero(5, 7);
  dequantize_into(q, large.col(3));
  dequantize_into(q, large.row(2).segment(1, 5));
  CHECK(large.row(2).segment(1, 5) == wanted.transpose());
  CHECK(large(4, 3) == wanted[4]);
  const auto single = quantize<int8>(std::vector<float>{3});
  CHECK(dequantize(single)(0, 0) == dequantize<std::vector<float>>(single)[0]);
  CHECK(dequantize(quantize<int8>(Eigen::TensorMap<const Eigen::Tensor<float, 0>>(x.data()))).size() == 1);
}

TEST_CASE("dequantize: into memory of one's own, in any layout, and nothing beside it") {
  const auto q = quantize<int4>(numbers(), per_group{1, 6});
  const MatrixXf y = dequantize(q);
  MatrixXf large = MatrixXf::Constant(20, 30, 99);
  dequantize_into(q, large.block(4, 5, 11, 23));
  CHECK(large.block(4, 5, 11, 23) == y);
  CHECK((large.array() == 99).count() == 20 * 30 - 11 * 23);

  std::vector<float> memory(2 * 23 * 12, 99);
  using steps = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  Eigen::Map<MatrixXf, 0, steps> map(memory.data(), 11, 23, steps(24, 2));
  dequantize_into(q, map);
  CHECK(map == y);
  CHECK(std::count(memory.begin(), memory.end(), 99.0f) == 2 * 23 * 12 - 11 * 23);

  MatrixXd turned(23, 11);
  dequantize_into(q, turned.transpose());
  CHECK(turned.transpose().cast<float>() == y);
  Eigen::Ref<MatrixXf> part = large.topLeftCorner(11, 23);
  dequantize_into(q, part);
  CHECK(large.topLeftCorner(11, 23) == y);
  row_major rows(11, 23);
  dequantize_into(q, view<float>{rows.data(), {11, 23}, {23, 1}});
  CHECK(rows == y);
}

TEST_CASE("dequantize: a result of another shape is refused, both named") {
  const auto q = quantize<int8>(numbers());
  MatrixXf y(23, 11);
  CHECK_THROWS_AS(dequantize_into(q, y), std::invalid_argument);
  CHECK_THROWS_WITH(dequantize_into(q, y), says("11 x 23 into one of 23 x 11"));
  CHECK_THROWS_WITH(dequantize<std::vector<float>>(q), says("11 x 23 into one of 253"));
  CHECK_THROWS_WITH((dequantize<Eigen::Tensor<float, 3>>(q)), says("11 x 23 does not fit rank 3"));
  CHECK_THROWS_WITH((dequantize<Eigen::Matrix<float, 11, 22>>(q)), says("23 columns does not fit a type with 22"));
  CHECK_THROWS_WITH(dequantize<Eigen::VectorXf>(q), says("23 columns does not fit a type with 1"));
  const auto t = quantize<int8>(Eigen::Tensor<float, 3>(Eigen::Tensor<float, 3>(2, 3, 4).setConstant(1)));
  CHECK_THROWS_AS(dequantize(t), std::invalid_argument);
  CHECK_THROWS_WITH(dequantize(t), says("2 x 3 x 4 does not fit a matrix"));
  std::vector<float> v(10);
  CHECK_THROWS_WITH(dequantize_into(quantize<int8>(std::vector<float>(9)), v), says("9 into one of 10"));
  const auto column = quantize<int8>(Eigen::VectorXf(Eigen::VectorXf::Ones(4)));
  Eigen::RowVectorXf row(4);
  CHECK_THROWS_WITH(dequantize_into(column, row), says("4 x 1 into one of 1 x 4"));
}

TEST_CASE("dequantize: formats and maps of other kinds") {
  const MatrixXf x = numbers();
  const auto one = quantize<int1>(x, per_axis{1});
  const MatrixXf amax = x.cwiseAbs().colwise().maxCoeff().replicate(11, 1);
  CHECK(dequantize(one) == (x.array() < 0).select(-amax, amax));
  CHECK(dequantize<MatrixXd>(one).cast<float>() == dequantize(one));
  const auto r = quantize<int4>(x, mid_rise);
  const float s = r.scales()[0];
  CHECK(dequantize(r) == ((r.codes().cast<float>().array() + 0.5f) * s).matrix());
}

TEST_CASE("dequantize: at compile time") {
  constexpr auto q = quantize<uint4>(std::array{-7.0f, 2.5f, 7.0f, 0.0f}, symmetric);
  constexpr auto y = dequantize(q);
  STATIC_REQUIRE(std::is_same_v<decltype(y), const std::array<float, 4>>);
  STATIC_REQUIRE(y == std::array{-7.0f, 2.0f, 7.0f, 0.0f});
  STATIC_REQUIRE(dequantize<double>(q) == std::array{-7.0, 2.0, 7.0, 0.0});
  STATIC_REQUIRE(dequantize(quantize<int1>(std::array{-0.5f, 2.0f})) == std::array{-2.0f, 2.0f});
  STATIC_REQUIRE(dequantize(quantize<int2>(std::array{-2.0f, 0.3f}, mid_rise)) == std::array{-1.5f, 0.5f});
}
