// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/eigen.hpp>

#include "core/says.hpp"

#include <array>
#include <memory>
#include <numeric>
#include <tuple>
#include <vector>

using namespace equant;

namespace {

using scalars = std::tuple<float, double, Eigen::half, Eigen::bfloat16>;
using any_stride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;

/// Whether the view of x has its sizes, and every element lies where Eigen says x(i, j) does.
template <class X>
bool viewed_in_place(const X& x) {
  return with_view(x, [&](const auto& v) {
    bool same = v.sizes == shape{x.rows(), x.cols()};
    for (index_t i = 0; same && i < x.rows(); ++i) {
      for (index_t j = 0; j < x.cols(); ++j) {
        same = same &&
               v.data + i * v.strides[0] + j * v.strides[1] == std::addressof(x.coeffRef(i, j));
      }
    }
    return same;
  });
}

/// Whether the view of x shows these values, wherever they lie.
template <class X, class Values>
bool shows(const X& x, const Values& values) {
  return with_view(x, [&](const auto& v) {
    bool same = v.sizes == shape{values.rows(), values.cols()};
    for (index_t i = 0; same && i < values.rows(); ++i) {
      for (index_t j = 0; j < values.cols(); ++j) {
        same = same && v.data[i * v.strides[0] + j * v.strides[1]] == values(i, j);
      }
    }
    return same;
  });
}

/// 0, 1, 2, ... in storage order: exact in every type.
template <class M>
M counted(index_t rows, index_t cols) {
  M m(rows, cols);
  for (index_t i = 0; i < m.size(); ++i) m.data()[i] = typename M::Scalar(static_cast<float>(i));
  return m;
}

template <class T>
using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using row_matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

using two_orders = std::tuple<Eigen::MatrixXf, row_matrix<float>>;

/// As Eigen's documentation proposes it.
class derived : public Eigen::VectorXf {
 public:
  using Eigen::VectorXf::VectorXf;
};

static_assert(tensor_source<Eigen::MatrixXf> && !tensor_source<Eigen::MatrixXf*>);
static_assert(std::same_as<plain_of<Eigen::Block<Eigen::ArrayXXf>>, Eigen::ArrayXXf>);
static_assert(std::same_as<plain_of<Eigen::Map<const Eigen::Matrix3d>>, Eigen::Matrix3d>);
static_assert(std::same_as<scalar_of<Eigen::Ref<const Eigen::VectorXd>>, double>);

}  // namespace

TEMPLATE_LIST_TEST_CASE("eigen: every matrix and array is viewed in place", "", scalars) {
  using T = TestType;
  CHECK(viewed_in_place(counted<matrix<T>>(5, 7)));
  CHECK(viewed_in_place(counted<row_matrix<T>>(5, 7)));
  CHECK(viewed_in_place(counted<Eigen::Array<T, -1, -1>>(5, 7)));
  CHECK(viewed_in_place(counted<Eigen::Array<T, -1, -1, Eigen::RowMajor>>(5, 7)));
  CHECK(viewed_in_place(counted<Eigen::Matrix<T, 3, 4>>(3, 4)));
  CHECK(viewed_in_place(counted<Eigen::Matrix<T, 3, 4, Eigen::RowMajor>>(3, 4)));
  CHECK(viewed_in_place(counted<Eigen::Matrix<T, -1, 4, Eigen::RowMajor, 9, 4>>(6, 4)));
  CHECK(viewed_in_place(counted<Eigen::Matrix<T, -1, 1>>(6, 1)));
  CHECK(viewed_in_place(counted<Eigen::Matrix<T, 1, -1>>(1, 6)));
  CHECK(viewed_in_place(counted<Eigen::Matrix<T, 1, 1>>(1, 1)));
  CHECK(viewed_in_place(matrix<T>(0, 3)));
}

TEST_CASE("eigen: parts of a matrix are viewed in place") {
  const auto check = [](auto m) {
    const auto& c = m;
    CHECK(viewed_in_place(m.block(1, 2, 3, 4)));
    CHECK(viewed_in_place(c.block(1, 2, 3, 4)));
    CHECK(viewed_in_place(m.template block<2, 3>(4, 1)));
    CHECK(viewed_in_place(m.transpose()));
    CHECK(viewed_in_place(c.transpose()));
    CHECK(viewed_in_place(m.block(1, 2, 3, 4).transpose()));
    CHECK(viewed_in_place(m.transpose().block(1, 2, 3, 4)));
    CHECK(viewed_in_place(m.row(3)));
    CHECK(viewed_in_place(m.col(3)));
    CHECK(viewed_in_place(m.row(3).segment(1, 4)));
    CHECK(viewed_in_place(m.col(2).tail(3).transpose()));
    CHECK(viewed_in_place(m.bottomRows(2)));
    CHECK(viewed_in_place(m.diagonal()));
    CHECK(viewed_in_place(m.diagonal(-2)));
    CHECK(viewed_in_place(m.array()));
    CHECK(viewed_in_place(m.array().matrix()));
    CHECK(viewed_in_place(m(Eigen::seq(1, 3), Eigen::all)));
  };
  check(counted<matrix<float>>(6, 7));
  check(counted<row_matrix<float>>(6, 7));

  const auto v = counted<Eigen::VectorXf>(9, 1);
  CHECK(viewed_in_place(v.head(4)));
  CHECK(viewed_in_place(v.tail(4).transpose()));
  CHECK(viewed_in_place(v.segment<3>(2)));
}

TEST_CASE("eigen: a class derived from a matrix is one") {
  const derived x(7);
  CHECK(viewed_in_place(x));
  CHECK(std::same_as<plain_of<derived>, Eigen::VectorXf>);
}

TEST_CASE("eigen: a Map is viewed in place whatever its strides") {
  std::vector<float> memory(200);
  std::iota(memory.begin(), memory.end(), 0.0f);
  float* const p = memory.data();
  const auto check = [&](float* start, index_t outer, index_t inner) {
    CAPTURE(outer, inner);
    const any_stride steps(outer, inner);
    const Eigen::Map<Eigen::MatrixXf, 0, any_stride> map(start, 5, 4, steps);
    CHECK(viewed_in_place(map));
    CHECK(viewed_in_place(map.block(1, 1, 2, 3)));
    CHECK(viewed_in_place(Eigen::Map<const Eigen::MatrixXf, 0, any_stride>(start, 5, 4, steps)));
    CHECK(viewed_in_place(Eigen::Map<row_matrix<float>, 0, any_stride>(start, 5, 4, steps)));
  };
  check(p, 5, 1);
  check(p, 9, 1);
  check(p, 23, 3);         // odd ones
  check(p, 2, 9);          // the "inner" one is the longer
  check(p, 0, 1);          // a repeated line
  check(p + 199, -9, -1);  // backwards
  check(p + 100, -11, 2);
  CHECK(viewed_in_place(Eigen::Map<Eigen::MatrixXf>(p, 5, 4)));
  CHECK(viewed_in_place(Eigen::Map<Eigen::VectorXf, 0, Eigen::InnerStride<3>>(p, 20)));
  using stepped = Eigen::InnerStride<>;
  CHECK(viewed_in_place(Eigen::Map<Eigen::RowVectorXf, 0, stepped>(p + 199, 20, stepped(-7))));
  CHECK(viewed_in_place(Eigen::Map<Eigen::Matrix3f, 0, Eigen::OuterStride<7>>(p)));
}

TEST_CASE("eigen: a Ref is viewed in place") {
  Eigen::MatrixXf m = counted<Eigen::MatrixXf>(6, 7);
  const float* const start = m.data();
  const Eigen::Ref<Eigen::MatrixXf> whole(m);
  const Eigen::Ref<const Eigen::MatrixXf> part(m.block(1, 2, 3, 4));
  const Eigen::Ref<const Eigen::VectorXf, 0, Eigen::InnerStride<>> row(m.row(2));
  CHECK(viewed_in_place(whole));
  CHECK(viewed_in_place(part));
  CHECK(viewed_in_place(row));
  with_view(whole, [&](const auto& v) { CHECK(v.data == start); });
  with_view(part, [&](const auto& v) { CHECK(v.data == start + 13); });
  with_view(row, [&](const auto& v) { CHECK(v.data == start + 2); });
}

TEST_CASE("eigen: the order of storage is seen through transposes and blocks") {
  Eigen::MatrixXf m(6, 7);
  row_matrix<float> r(6, 7);
  const auto order = [](const auto& x) {
    return with_view(x, [](const auto& v) { return v.order(); });
  };
  CHECK(order(m) == axis_order::column_major(2));
  CHECK(order(m.block(1, 1, 3, 3)) == axis_order::column_major(2));
  CHECK(order(m.transpose()) == axis_order::row_major());
  CHECK(order(r) == axis_order::row_major());
  CHECK(order(r.transpose()) == axis_order::column_major(2));
  // A vector has one order however it was declared: the axis that is there comes last.
  CHECK(order(m.col(2)) == axis_order::column_major(2));
  CHECK(order(Eigen::VectorXf(5)) == order(Eigen::Matrix<float, -1, -1, Eigen::RowMajor>(5, 1)));
  CHECK(order(Eigen::RowVectorXf(5)) == order(Eigen::MatrixXf(1, 5)));
}

TEST_CASE("eigen: an expression is evaluated once, and what it shows is its value") {
  const auto a = counted<Eigen::MatrixXf>(5, 4);
  const Eigen::MatrixXf b = Eigen::MatrixXf::Constant(5, 4, 0.5f);
  int calls = 0;
  const auto twice = a.unaryExpr([&](float x) {
    ++calls;
    return 2 * x;
  });
  with_view(twice, [&](const auto& v) {
    for (int pass = 0; pass < 3; ++pass) {
      for (index_t i = 0; i < 20; ++i) CHECK(v.data[i] == 2.0f * static_cast<float>(i));
    }
  });
  CHECK(calls == 20);

  CHECK(shows(a + b, Eigen::MatrixXf(a + b)));
  CHECK(shows(a * b.transpose(), Eigen::MatrixXf(a * b.transpose())));
  CHECK(shows(a.array() * 3 - 1, Eigen::ArrayXXf(a.array() * 3 - 1)));
  CHECK(shows(a.reverse(), Eigen::MatrixXf(a.reverse())));
  CHECK(shows(a.replicate(2, 3), Eigen::MatrixXf(a.replicate(2, 3))));
  CHECK(shows(a.cast<Eigen::half>(), Eigen::Matrix<Eigen::half, -1, -1>(a.cast<Eigen::half>())));
  CHECK(shows(Eigen::MatrixXf::Identity(3, 3), Eigen::MatrixXf(Eigen::MatrixXf::Identity(3, 3))));
  CHECK(shows((a + b).col(1), Eigen::VectorXf((a + b).col(1))));
  CHECK(shows((a + b).transpose(), Eigen::MatrixXf((a + b).transpose())));
  CHECK(shows((a + b).col(1).head(3), Eigen::VectorXf((a + b).col(1).head(3))));
  CHECK(shows(a.colwise().sum(), Eigen::RowVectorXf(a.colwise().sum())));
}

TEMPLATE_LIST_TEST_CASE("eigen: selections and reshapings show the elements they name", "",
                        two_orders) {
  const TestType a = counted<TestType>(6, 4);
  using Eigen::all, Eigen::fix, Eigen::last, Eigen::seq, Eigen::seqN;
  const std::array<int, 3> rows{4, 0, 4};
  CHECK(shows(a(rows, all), Eigen::MatrixXf(a(rows, all))));
  CHECK(shows(a(seq(0, last, 2), all), Eigen::MatrixXf(a(seq(0, last, 2), all))));
  CHECK(shows(a(seq(0, last, fix<2>), all), Eigen::MatrixXf(a(seq(0, last, fix<2>), all))));
  const auto fixed = a(seqN(fix<0>, fix<3>, fix<2>), seqN(fix<1>, fix<2>, fix<2>));
  CHECK(shows(fixed, Eigen::MatrixXf(fixed)));
  CHECK(shows(a(seq(last, 0, fix<-1>), all), Eigen::MatrixXf(a(seq(last, 0, fix<-1>), all))));
  CHECK(shows(a.reshaped(8, 3), Eigen::MatrixXf(a.reshaped(8, 3))));
  CHECK(shows(a.reshaped(), Eigen::VectorXf(a.reshaped())));
  const auto by_row = a.template reshaped<Eigen::RowMajor>(3, 8);
  CHECK(shows(by_row, Eigen::MatrixXf(by_row)));
}

TEST_CASE("eigen: a result takes the sizes asked for, or says why it cannot") {
  const auto sizes = [](const auto& m) { return shape{m.rows(), m.cols()}; };
  CHECK(sizes(make_plain<Eigen::MatrixXf>({3, 4})) == shape{3, 4});
  CHECK(sizes(make_plain<Eigen::MatrixXf>({5})) == shape{5, 1});
  CHECK(sizes(make_plain<Eigen::MatrixXf>({})) == shape{1, 1});
  CHECK(sizes(make_plain<Eigen::ArrayXXd>({0, 4})) == shape{0, 4});
  CHECK(sizes(make_plain<Eigen::VectorXf>({5})) == shape{5, 1});
  CHECK(sizes(make_plain<Eigen::VectorXf>({5, 1})) == shape{5, 1});
  CHECK(sizes(make_plain<Eigen::RowVectorXf>({5})) == shape{1, 5});
  CHECK(sizes(make_plain<Eigen::RowVectorXf>({1, 5})) == shape{1, 5});
  CHECK(sizes(make_plain<Eigen::Matrix3f>({3, 3})) == shape{3, 3});
  CHECK(sizes(make_plain<Eigen::RowVector4f>({4})) == shape{1, 4});
  CHECK(sizes(make_plain<Eigen::Matrix<float, 1, 1>>({1})) == shape{1, 1});
  CHECK_THROWS_WITH(make_plain<Eigen::MatrixXf>({2, 3, 4}), says("Tensor<float, 3>"));
  CHECK_THROWS_WITH(make_plain<Eigen::Matrix3f>({3, 4}), says("4 columns") && says("type with 3"));
  CHECK_THROWS_WITH(make_plain<Eigen::VectorXf>({5, 2}), says("2 columns"));
  CHECK_THROWS_WITH(make_plain<Eigen::RowVector4f>({5}), says("5 columns"));
  CHECK_THROWS_AS(make_plain<Eigen::Matrix3f>({}), std::invalid_argument);
}
