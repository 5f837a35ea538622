// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// Tensors nobody planned for, through the whole library. What is malformed in a file is tested in io/npy.cpp.
#include "catch.hpp"
#include "core/says.hpp"

#include <equant/equant.hpp>

namespace {

using namespace equant;

template <class T>
using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

/// One value, constants, zeros, denormals, the ends of float, and all at once.
template <class T>
std::vector<matrix<T>> awkward() {
  using limits = std::numeric_limits<float>;
  std::vector<matrix<T>> tensors;
  for (const float value : {0.f, 1.f, -3.5f, limits::denorm_min(), 1e-40f, -limits::min(), limits::max(),
                            -limits::max()}) {
    const T v = static_cast<T>(value);
    tensors.push_back(matrix<T>::Constant(1, 1, v));
    tensors.push_back(matrix<T>::Constant(3, 5, v));
    matrix<T> alone = matrix<T>::Constant(3, 5, T(0));
    alone(1, 2) = v;
    tensors.push_back(alone);
    alone(2, 4) = -v;
    tensors.push_back(alone);
    alone(0, 0) = static_cast<T>(1);
    tensors.push_back(alone);
  }
  return tensors;
}

/// Finite values, none further from its original than a step; a zero that stays one, where zero has a code.
template <class Format, class T, class Scheme, class Granularity>
void comes_back(const matrix<T>& x, Scheme scheme, Granularity where) {
  INFO(Format::bits << " bits, " << Scheme::name << ", " << to_string(where) << ", " << x.rows() << " x " << x.cols());
  const auto q = quantize<Format>(x, scheme, where);
  const matrix<T> y = dequantize<matrix<T>>(q);
  const index_t groups = q.params().single() ? 1 : static_cast<index_t>(q.scales().size());
  double widest = 0;
  for (const auto scale : q.scales()) {
    CHECK(scale > 0);
    CHECK(std::isfinite(scale));
    widest = std::max(widest, static_cast<double>(scale));
  }
  for (index_t i = 0; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.cols(); ++j) {
      const double from = static_cast<double>(x(i, j)), to = static_cast<double>(y(i, j));
      INFO(from << " became " << to << ", " << groups << " groups, step " << widest);
      CHECK(std::isfinite(to));
      CHECK(std::abs(to - from) <= widest * (Format::bits == 1 ? 2 : 1) + 1e-6 * std::abs(from));
      if (from == 0 && Format::has_zero_point && !std::same_as<Scheme, std::remove_const_t<decltype(mid_rise)>>) {
        CHECK(to == 0);
      }
    }
  }
  const auto report = compare(x, q);
  CHECK(report.count == x.size());
  CHECK(std::isfinite(report.mse));
  CHECK(!std::isnan(report.sqnr_db));
  using map = typename decltype(q)::map_type;
  const uniform_quantizer<Format, convention::standard, map> u(q.params());
  CHECK((u.fake_quantize(x).array() == y.array()).all());
}

template <class T>
void all_come_back() {
  const auto every_way = [](const matrix<T>& x, auto where) {
    comes_back<int8>(x, asymmetric, where);
    comes_back<uint4>(x, symmetric, where);
    comes_back<int3>(x, mid_rise, where);
    comes_back<uint16>(x, asymmetric, where);
    comes_back<int1>(x, symmetric, where);
  };
  for (const matrix<T>& x : awkward<T>()) {
    every_way(x, per_tensor);
    every_way(x, normal_form(per_axis{1}, shape{x.rows(), x.cols()}));
    every_way(x, normal_form(per_group{1, 2}, shape{x.rows(), x.cols()}));
  }
}

}  // namespace

TEST_CASE("bad input: one value, constants, zeros, denormals and the largest floats come back") {
  all_come_back<float>();
}

TEST_CASE("bad input: the same as doubles") { all_come_back<double>(); }

TEST_CASE("bad input: an empty tensor has no range, and nothing to do where one is given") {
  const Eigen::MatrixXf none(0, 3);
  CHECK_THROWS_AS(quantize<int8>(none), std::invalid_argument);
  CHECK_THROWS_WITH(quantize<int8>(none), says("a tensor of 0 x 3 has no values"));
  CHECK_THROWS_WITH(quantize<int4>(none, per_axis{1}), says("a tensor of 0 x 3 has no values"));
  min_max observer;
  observer.observe(none);
  CHECK_THROWS_AS(observer.params<int8>(asymmetric), std::invalid_argument);

  const uniform_quantizer<int8> u{affine{0.5f, 3}};
  const auto q = u.quantize(none);
  CHECK(q.sizes() == shape{0, 3});
  CHECK(q.bytes().empty());
  CHECK(dequantize(q).cols() == 3);
  CHECK(u.fake_quantize(none).rows() == 0);
  CHECK(u.gradient_mask(none).size() == 0);
  CHECK(compare(none, q).count == 0);
  CHECK(compare(none, none).count == 0);
  CHECK(!to_string(compare(none, q)).empty());
}

TEST_CASE("bad input: NaN and infinity are refused by calibration, and have codes in quantization") {
  using limits = std::numeric_limits<float>;
  for (const float bad : {limits::quiet_NaN(), limits::infinity(), -limits::infinity()}) {
    Eigen::MatrixXf x = Eigen::MatrixXf::Ones(3, 40);
    x(2, 33) = bad;
    CHECK_THROWS_WITH(quantize<int8>(x), says("row 2, column 33"));
    CHECK_THROWS_WITH(quantize<int8>(x, per_group{1, 8}), says("row 2, column 33"));
    CHECK_THROWS_WITH(quantize<int8>(Eigen::MatrixXf::Constant(1, 1, bad)), says("row 0, column 0"));
    const int code = bad > 0 ? 127 : bad < 0 ? -128 : 3;
    CHECK(int(uniform_quantizer<int8>{affine{0.5f, 3}}.quantize(x).codes()(2, 33)) == code);
    // Nothing is left where nothing is finite.
    CHECK_THROWS_AS(quantize<int8>(Eigen::MatrixXf::Constant(2, 2, bad), non_finite::skip), std::invalid_argument);
  }
}

TEST_CASE("bad input: axes and groups that do not fit are named") {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Random(3, 5);
  CHECK_THROWS_WITH(quantize<int8>(x, per_axis{2}), says("axis 2 of a tensor of rank 2"));
  CHECK_THROWS_WITH(quantize<int8>(x, per_axis{-3}), says("axis -3 of a tensor of rank 2"));
  CHECK_THROWS_WITH(quantize<int8>(x, per_group{7, 2}), says("axis 7 of a tensor of rank 2"));
  CHECK_THROWS_WITH(quantize<int8>(x, per_group{1, 0}), says("group size 0 is not positive"));
  CHECK_THROWS_WITH(quantize<int8>(x, per_group{1, -4}), says("group size -4 is not positive"));
  CHECK_THROWS_WITH(quantize<int8>(x, blocking{{1, 1, 1}}), says("rank 3 does not fit a tensor of 3 x 5"));
  CHECK_THROWS_WITH(quantize<int8>(x, blocking{{1, -1}}), says("block length -1 on axis 1"));
  // A group longer than the axis is one group.
  for (const index_t size : {index_t{5}, index_t{6}, index_t{1000}, std::numeric_limits<index_t>::max()}) {
    const auto q = quantize<int4>(x, per_group{1, size}), rows = quantize<int4>(x, per_axis{0});
    CHECK(q.codes() == rows.codes());
    CHECK(std::equal(q.scales().begin(), q.scales().end(), rows.scales().begin(), rows.scales().end()));
  }
}

TEST_CASE("bad input: shapes that differ are refused, both named") {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Random(3, 5), y = Eigen::MatrixXf::Random(5, 3);
  CHECK_THROWS_WITH(compare(x, y), says("3 x 5") && says("5 x 3"));
  CHECK_THROWS_WITH(compare(y, quantize<int8>(x)), says("3 x 5") && says("5 x 3"));
  const auto q = quantize<int8>(x, per_axis{0});
  CHECK_THROWS_AS(uniform_quantizer<int8>(q.params()).quantize(y), std::invalid_argument);
  Eigen::MatrixXf out = y;
  CHECK_THROWS_AS(uniform_quantizer<int8>(q.params()).fake_quantize_into(x, out.topRows(2)), std::invalid_argument);
}
