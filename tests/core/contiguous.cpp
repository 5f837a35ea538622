// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/contiguous.hpp>

#include "catch.hpp"

#include <array>
#include <list>
#include <string>
#include <tuple>

using namespace equant;

namespace {

using scalars = std::tuple<float, double, Eigen::half, Eigen::bfloat16>;

static_assert(tensor_source<std::vector<double>> && tensor_source<std::span<const float>>);
static_assert(!tensor_source<std::list<float>>, "a list is not contiguous");
static_assert(!tensor_source<std::string> && !tensor_source<float*>);
static_assert(std::same_as<scalar_of<std::span<const float>>, float>);
static_assert(std::same_as<plain_of<std::span<const fp16>>, std::vector<fp16>>,
              "results own their memory");
static_assert(std::same_as<plain_of<std::vector<double>>, std::vector<double>>);

/// Whether x is viewed as a line of `count` elements from `start`.
template <class X, class T>
bool viewed_as(const X& x, const T* start, index_t count) {
  return with_view(x, [&](const view<const T>& v) {
    return v.data == start && v.sizes == shape{count} && v.strides == shape{1};
  });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("contiguous: vectors and spans are tensors of rank 1, in place", "",
                        scalars) {
  std::vector<TestType> x(7);
  const TestType* const start = x.data();
  CHECK(viewed_as(x, start, 7));
  CHECK(viewed_as(std::span<TestType>(x), start, 7));
  CHECK(viewed_as(std::span<const TestType>(x), start, 7));
  CHECK(viewed_as(std::span<const TestType>(x).subspan(2, 3), start + 2, 3));
  CHECK(viewed_as(std::vector<TestType>{}, static_cast<const TestType*>(nullptr), 0));
}

TEST_CASE("contiguous: a view of a mutable vector or span writes into it") {
  std::vector<float> x(3);
  const view<float> v = bridge<std::vector<float>>::look(x);
  v.data[1] = 5;
  const std::span<float> s(x);
  const view<float> w = bridge<std::span<float>>::look(s);
  w.data[2] = 6;
  CHECK(x == std::vector<float>{0, 5, 6});
}

TEST_CASE("contiguous: a result has as many elements as the tensor") {
  CHECK(make_plain<std::vector<float>>({5}).size() == 5);
  CHECK(make_plain<std::vector<double>>({0}).empty());
}
