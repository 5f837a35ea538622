// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/tensor.hpp>

#include "core/says.hpp"

#include <tuple>

using namespace equant;

namespace {

using scalars = std::tuple<float, double, Eigen::half, Eigen::bfloat16>;

constexpr int by_row = Eigen::RowMajor, by_column = Eigen::ColMajor;

template <class T, int Rank, int Order>
using tensor = Eigen::Tensor<T, Rank, Order>;
template <int Rank, class Index = Eigen::Index>
using places = Eigen::array<Index, static_cast<std::size_t>(Rank)>;

/// Sizes 2, 3, 4, ... of `Rank` axes.
template <int Rank>
places<Rank> sizes_of_rank() {
  places<Rank> n{};
  for (int axis = 0; axis < Rank; ++axis) n[static_cast<std::size_t>(axis)] = 2 + axis;
  return n;
}

/// Whether the view of x has its sizes, and every element lies where Eigen says x(i, ...) does.
template <int Rank, class X>
bool viewed_in_place(const X& x) {
  return with_view(x, [&](const auto& v) {
    if (v.sizes.rank != Rank || v.strides.rank != Rank) return false;
    for (int axis = 0; axis < Rank; ++axis) {
      if (v.sizes[axis] != x.dimensions()[static_cast<std::size_t>(axis)]) return false;
    }
    places<Rank, typename X::Index> at{};
    for (index_t left = v.sizes.count(); left > 0; --left) {
      index_t offset = 0;
      for (int axis = 0; axis < Rank; ++axis) {
        offset += at[static_cast<std::size_t>(axis)] * v.strides[axis];
      }
      if constexpr (Rank == 0) {
        if (v.data != &x()) return false;
      } else {
        if (v.data + offset != &x(at)) return false;
      }
      for (int axis = Rank; axis-- > 0;) {
        if (++at[static_cast<std::size_t>(axis)] < v.sizes[axis]) break;
        at[static_cast<std::size_t>(axis)] = 0;
      }
    }
    return true;
  });
}

template <class T, int Rank, int Order>
void check_rank() {
  CAPTURE(Rank, Order);
  using type = tensor<T, Rank, Order>;
  type t(sizes_of_rank<Rank>());
  CHECK(viewed_in_place<Rank>(t));
  const Eigen::TensorMap<type> map(t.data(), t.dimensions());
  CHECK(viewed_in_place<Rank>(map));
  const Eigen::TensorMap<const type> constant(t.data(), t.dimensions());
  CHECK(viewed_in_place<Rank>(constant));
  const Eigen::TensorMap<tensor<const T, Rank, Order>> of_constants(t.data(), t.dimensions());
  CHECK(viewed_in_place<Rank>(of_constants));
  for (const T* start : {with_view(t, [](const auto& v) { return v.data; }),
                         with_view(map, [](const auto& v) { return v.data; })}) {
    CHECK(start == t.data());
  }
}

static_assert(std::same_as<plain_of<Eigen::TensorMap<const Eigen::Tensor<float, 3>>>,
                           Eigen::Tensor<float, 3>>);
static_assert(
    std::same_as<plain_of<Eigen::TensorMap<Eigen::Tensor<const float, 3, Eigen::RowMajor, int>>>,
                 Eigen::Tensor<float, 3, Eigen::RowMajor, int>>);
static_assert(!tensor_source<Eigen::Tensor<float, 3>*>);

}  // namespace

TEMPLATE_LIST_TEST_CASE("tensor: every scalar, owned and mapped, is viewed in place", "", scalars) {
  check_rank<TestType, 3, by_row>();
  check_rank<TestType, 3, by_column>();
}

TEST_CASE("tensor: every rank in both orders, owned and mapped, is viewed in place") {
  check_rank<float, 0, by_row>();
  check_rank<float, 1, by_row>();
  check_rank<float, 2, by_row>();
  check_rank<float, 4, by_row>();
  check_rank<float, 5, by_row>();
  check_rank<float, 0, by_column>();
  check_rank<float, 1, by_column>();
  check_rank<float, 2, by_column>();
  check_rank<float, 4, by_column>();
  check_rank<float, 5, by_column>();
  check_rank<float, 7, by_column>();
}

TEST_CASE("tensor: other index types, empty axes") {
  CHECK(viewed_in_place<3>(Eigen::Tensor<float, 3, Eigen::RowMajor, int>(2, 3, 4)));
  CHECK(viewed_in_place<3>(Eigen::Tensor<float, 3, Eigen::ColMajor, int>(2, 3, 4)));
  CHECK(viewed_in_place<2>(Eigen::Tensor<float, 2>(0, 3)));
}

TEST_CASE("tensor: strides by hand") {
  const auto strides = [](const auto& t) {
    return with_view(t, [](const auto& v) { return v.strides; });
  };
  CHECK(strides(tensor<float, 3, by_row>(2, 3, 4)) == shape{12, 4, 1});
  CHECK(strides(tensor<float, 3, by_column>(2, 3, 4)) == shape{1, 2, 6});
  CHECK(strides(Eigen::Tensor<float, 0>()) == shape{});
}

TEST_CASE("tensor: a view of a mutable tensor writes into it") {
  tensor<float, 2, by_row> t(2, 3);
  t.setZero();
  const view<float> v = bridge<tensor<float, 2, by_row>>::look(t);
  v.data[1 * v.strides[0] + 2 * v.strides[1]] = 7;
  CHECK(t(1, 2) == 7);
}

TEST_CASE("tensor: a result takes the sizes asked for, of its own rank") {
  const auto made = make_plain<tensor<float, 3, by_row>>({2, 0, 4});
  CHECK(made.dimension(0) == 2);
  CHECK(made.dimension(1) == 0);
  CHECK(made.dimension(2) == 4);
  CHECK(make_plain<Eigen::Tensor<double, 0>>({}).size() == 1);
  CHECK(make_plain<Eigen::Tensor<double, 2, 0, int>>({5, 6}).size() == 30);
  CHECK_THROWS_WITH((make_plain<tensor<float, 3, by_row>>({2, 3})),
                    says("2 x 3") && says("rank 3"));
  CHECK_THROWS_AS((make_plain<Eigen::Tensor<float, 0>>({1})), std::invalid_argument);
}
