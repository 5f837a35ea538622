// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "io/npy_files.hpp"

#include <equant/core/tensor.hpp>
#include <equant/quantize.hpp>

using namespace npy_files;

TEST_CASE("npy: visit gives what quantize takes") {
  auto scalar_size = [](const char* descr, std::size_t size) {
    const io::npy_array a = parse(file(dict(descr, "False", "(1,)"), std::string(size, '\0')));
    return a.visit([](const auto& x) {
      using scalar = std::remove_cvref_t<decltype(x.data[0])>;
      static_assert(real_scalar<scalar>);
      return sizeof(scalar);
    });
  };
  for (const char* descr : {"|b1", "|i1", "|u1"}) CHECK(scalar_size(descr, 1) == sizeof(float));
  for (const char* descr : {"<i2", "<u2"}) CHECK(scalar_size(descr, 2) == sizeof(float));
  for (const char* descr : {"<i4", "<u4"}) CHECK(scalar_size(descr, 4) == sizeof(double));
  for (const char* descr : {"<i8", "<u8", "<f8"}) CHECK(scalar_size(descr, 8) == sizeof(double));
  CHECK(scalar_size("<f2", 2) == sizeof(fp16));
  CHECK(scalar_size("<f4", 4) == sizeof(float));

  const io::npy_array a = parse(file(dict("|u1", "True", "(2, 2)"), bytes({0, 51, 102, 255})));
  const auto q = a.visit([](const auto& x) { return quantize<uint8>(x); });
  Eigen::MatrixXf m(2, 2);
  m << 0, 102, 51, 255;
  CHECK(a.to<Eigen::MatrixXf>() == m);
  CHECK(q == quantize<uint8>(m));
}

TEST_CASE("npy: the stored type is kept where it is asked for") {
  const io::npy_array a = parse(file(dict("<i2", "False", "(2,)"), bytes({1, 0, 0xfe, 0xff})));
  CHECK(a.as<std::int16_t>().data[1] == -2);
  CHECK(a.visit_stored([](const auto& x) { return sizeof(x.data[0]); }) == 2);
  CHECK_THROWS_AS(a.as<float>(), std::invalid_argument);
  CHECK_THROWS_WITH(a.as<std::uint16_t>(), says("an array of int16 is not one of uint16"));
  CHECK(parse(file(dict("|b1", "False", "(1,)"), bytes({7}))).as<std::uint8_t>().data[0] == 1);

  io::npy_array wrong = a;
  wrong.sizes = {3};
  CHECK_THROWS_WITH(wrong.as<std::int16_t>(), says("an array of 3 int16 with 4 bytes of data"));
  CHECK_THROWS_AS(io::npy_array{}.visit([](const auto&) {}), std::invalid_argument);
}

TEST_CASE("npy: to a type of the caller's") {
  const io::npy_array a = parse(saved);
  using row_major = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  CHECK(a.to<row_major>() == counted<row_major>(2, 3));
  CHECK(a.to<Eigen::Matrix<float, 2, 3>>() == counted<Eigen::Matrix<float, 2, 3>>(2, 3));
  CHECK(a.to<Eigen::ArrayXXf>().matrix() == counted<Eigen::MatrixXf>(2, 3));
  CHECK(static_cast<float>(a.to<Eigen::Matrix<fp16, 2, 3>>()(1, 2)) == 6);
  CHECK(static_cast<float>(a.to<Eigen::Matrix<bf16, 2, 3>>()(1, 0)) == 4);
  CHECK_THROWS_AS((a.to<Eigen::Matrix<float, 3, 3>>()), std::invalid_argument);
  CHECK_THROWS_AS(a.to<Eigen::VectorXf>(), std::invalid_argument);

  const io::npy_array line = parse(file(dict("<f4", "False", "(6,)"), one_to_six));
  CHECK(line.to<Eigen::VectorXf>() == counted<Eigen::MatrixXf>(6, 1));
  CHECK(line.to<Eigen::RowVectorXf>() == counted<Eigen::MatrixXf>(1, 6));
  CHECK(line.to<Eigen::MatrixXf>() == counted<Eigen::MatrixXf>(6, 1));
  const io::npy_array cube = parse(file(dict("<f4", "False", "(1, 2, 3)"), one_to_six));
  CHECK_THROWS_AS(cube.to<Eigen::MatrixXf>(), std::invalid_argument);
  CHECK((cube.to<Eigen::Tensor<double, 3>>()(0, 1, 0)) == 4);
}
