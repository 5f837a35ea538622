// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// A calibrator from outside the library serves everything that takes one.
#include "calibration/mean_magnitude.hpp"
#include "calibration/saved_state.hpp"
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/core/contiguous.hpp>
#include <equant/core/tensor.hpp>
#include <equant/equant.hpp>

namespace {

using namespace equant;

/// The mean magnitude of some values, by Eigen in double.
template <class X>
double wanted_mean(const X& x) {
  return x.template cast<double>().cwiseAbs().mean();
}

template <class M>
void sees_each_value_once() {
  const M x = matrices::uniform<M>(60, 50, -3, 3);
  auto check = [](const auto& source) {
    mean_magnitude observer;
    observer.observe(source);
    CHECK(observer.count() == source.size());
    CHECK(observer.mean() == Approx(wanted_mean(source)).epsilon(1e-12));
  };
  check(x);
  check(x.transpose());
  check(x.block(3, 5, 40, 30));
  check(x.row(7));
  check(x.col(9));
  check(x.cwiseAbs() + x);
}

/// The parameters of a range -r..r.
affine of_reach(double r) { return fit<int8>(interval{-r, r}, symmetric); }

}  // namespace

TEST_CASE("observer: a calibrator from outside is one") {
  STATIC_REQUIRE(calibrator<mean_magnitude>);
  STATIC_REQUIRE(!calibrator<int>);
  STATIC_REQUIRE(!calibrator<per_axis>);
}

TEST_CASE("observer: a calibrator that wants values gets each of them once") {
  sees_each_value_once<Eigen::MatrixXf>();
  sees_each_value_once<Eigen::MatrixXd>();
  sees_each_value_once<matrices::row_major>();
  sees_each_value_once<Eigen::Matrix<fp16, Eigen::Dynamic, Eigen::Dynamic>>();
  sees_each_value_once<Eigen::Matrix<bf16, Eigen::Dynamic, Eigen::Dynamic>>();
  const std::vector<double> line(3000, -1.5);
  mean_magnitude observer;
  observer.observe(line);
  CHECK((observer.count() == 3000 && observer.mean() == 1.5));
  Eigen::Tensor<float, 3> tensor(4, 5, 6);
  tensor.setConstant(2.5f);
  observer = mean_magnitude{};
  observer.observe(tensor);
  CHECK((observer.count() == 120 && observer.mean() == 2.5));
}

TEST_CASE("observer: values that are not finite are kept from the calibrator") {
  Eigen::MatrixXf x = Eigen::MatrixXf::Constant(40, 30, -2);
  x(3, 4) = std::numeric_limits<float>::quiet_NaN();
  x(39, 0) = std::numeric_limits<float>::infinity();
  mean_magnitude observer;
  CHECK_THROWS_WITH(observer.observe(x), says("row 3, column 4"));
  CHECK(!observer.seen());
  observer.observe(x, non_finite::skip);
  CHECK((observer.count() == 40 * 30 - 2 && observer.mean() == 2));
}

TEST_CASE("observer: parameters, merging and state come with the base") {
  mean_magnitude a, b;
  CHECK_THROWS_WITH(a.params<int8>(symmetric), says("mean_magnitude has not observed any value"));
  a.observe(Eigen::Vector3f(1, 2, 9));
  b.observe(Eigen::Vector2f(-4, 4));
  mean_magnitude loaded(7);
  loaded.load(b.save());
  a.merge(loaded);
  CHECK(a.mean() == 4);
  CHECK(a.params<int8>(symmetric)[0] == of_reach(8));
  CHECK(a.params<int8>(symmetric, convention::torch{})[0] == affine{8 / 127.5f, 0});
  CHECK(saved_state::refused(a, min_max{}.save()));
}

TEST_CASE("observer: the calibrator from outside serves granular and quantize") {
  const auto x = matrices::uniform<Eigen::MatrixXf>(9, 14, -3, 5);
  const auto q = quantize<int8>(x, symmetric, mean_magnitude{});
  CHECK(q.params()[0] == of_reach(2 * wanted_mean(x)));
  CHECK(quantize<int8>(x, symmetric, mean_magnitude{0.5}).params()[0] == of_reach(wanted_mean(x) / 2));

  const auto per_row = quantize<int8>(x, mean_magnitude{1}, per_axis{0}, symmetric);
  const auto per_column = quantize<int8>(x, per_axis{1}, symmetric, mean_magnitude{1});
  const auto per_part = quantize<int8>(x, per_group{1, 5}, mean_magnitude{1}, symmetric);
  const auto by_hand = quantize<int8>(x, blocking{{4, 3}}, mean_magnitude{1}, symmetric);
  for (Eigen::Index i = 0; i < 9; ++i) {
    CHECK(per_row.params()[i] == of_reach(wanted_mean(x.row(i))));
    CHECK(per_part.params()[3 * i + 1] == of_reach(wanted_mean(x.block(i, 5, 1, 5))));
    CHECK(per_part.params()[3 * i + 2] == of_reach(wanted_mean(x.block(i, 10, 1, 4))));
  }
  for (Eigen::Index j = 0; j < 14; ++j) CHECK(per_column.params()[j] == of_reach(wanted_mean(x.col(j))));
  CHECK(by_hand.params()[5 + 1] == of_reach(wanted_mean(x.block(4, 3, 4, 3))));
  CHECK(by_hand.params()[10 + 4] == of_reach(wanted_mean(x.block(8, 12, 1, 2))));

  const matrices::row_major rows = x;
  CHECK(quantize<int8>(rows, mean_magnitude{1}, per_axis{0}, symmetric) == per_row);
  CHECK(quantize<int8>(rows, blocking{{4, 3}}, mean_magnitude{1}, symmetric) == by_hand);
}

TEST_CASE("observer: the calibrator from outside streams per block, and merges") {
  const auto x = matrices::uniform<Eigen::MatrixXf>(30, 4, -3, 5);
  granular first(mean_magnitude{1}, per_axis{1}), second(mean_magnitude{1}, per_axis{1});
  first.observe(x.topRows(11));
  second.observe(x.bottomRows(2));
  second.observe(x.middleRows(11, 17));
  first.merge(second);
  granular loaded(mean_magnitude{}, per_axis{1});
  loaded.load(first.save());
  for (Eigen::Index j = 0; j < 4; ++j) {
    CHECK(loaded.each()[std::size_t(j)].count() == 30);
    CHECK(loaded.each()[std::size_t(j)].mean() == Approx(wanted_mean(x.col(j))).epsilon(1e-12));
  }
}
