// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/view.hpp>

#include "catch.hpp"

#include <array>

namespace mine {

/// A foreign type with a bridge of its own, which counts how often it is evaluated.
struct ramp {
  int* evaluated;
};

}  // namespace mine

template <>
struct equant::bridge<mine::ramp> {
  using scalar = float;
  using plain = std::array<float, 3>;
  static plain hold(const mine::ramp& x) {
    ++*x.evaluated;
    return {0.0f, 1.0f, 2.0f};
  }
  static equant::view<float> look(plain& x) { return {x.data(), {3}, {1}}; }
};

using namespace equant;

namespace {

struct no_tensor {};

static_assert(tensor_source<view<float>> && tensor_source<view<const double>> &&
              tensor_source<mine::ramp>);
static_assert(!tensor_source<no_tensor> && !tensor_source<int>);
static_assert(std::same_as<scalar_of<view<const double>>, double>);
static_assert(std::same_as<plain_of<mine::ramp>, std::array<float, 3>>);
static_assert(std::convertible_to<view<float>, view<const float>>);
static_assert(!std::convertible_to<view<const float>, view<float>>,
              "a view does not give up const");

}  // namespace

TEST_CASE("view: count and order are those of its sizes and strides") {
  float data[24] = {};
  const view<float> columns{data, {4, 6}, {1, 4}};
  CHECK(columns.count() == 24);
  CHECK(columns.order() == axis_order::column_major(2));
  const view<float> rows{data, {4, 3}, {-6, 2}};
  CHECK(rows.count() == 12);
  CHECK(rows.order() == axis_order::row_major());
  CHECK(view<float>{}.count() == 1);  // rank 0
}

TEST_CASE("view: it becomes a view of constants of the same memory") {
  float data[6] = {};
  const view<float> v{data, {2, 3}, {3, 1}};
  const view<const float> c = v;
  CHECK(c.data == data);
  CHECK(c.sizes == v.sizes);
  CHECK(c.strides == v.strides);
}

TEST_CASE("view: with_view hands a view on as it is") {
  double data[6] = {};
  const view<double> v{data, {2, 3}, {1, 2}};
  const int result = with_view(v, [&](const auto& seen) {
    CHECK(std::same_as<decltype(seen), const view<const double>&>);
    CHECK(seen.data == data);
    CHECK(seen.sizes == shape{2, 3});
    CHECK(seen.strides == shape{1, 2});
    return 42;
  });
  CHECK(result == 42);
  with_view(view<const double>(v), [&](const auto& seen) { CHECK(seen.data == data); });
}

TEST_CASE("view: with_view evaluates a source once and keeps its value while it is looked at") {
  int evaluated = 0;
  with_view(mine::ramp{&evaluated}, [&](const auto& v) {
    CHECK(evaluated == 1);
    for (int pass = 0; pass < 2; ++pass) {
      for (index_t i = 0; i < 3; ++i) CHECK(v.data[i] == static_cast<float>(i));
    }
  });
  CHECK(evaluated == 1);
}
