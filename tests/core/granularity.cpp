// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/granularity.hpp>

#include "core/says.hpp"

using namespace equant;

namespace {

constexpr index_t whole = blocking::whole;
constexpr index_t longest = std::numeric_limits<index_t>::max();

struct no_granularity {};
static_assert(granularity<per_tensor_t> && granularity<per_axis> && granularity<per_group> &&
              granularity<blocking>);
static_assert(!granularity<int> && !granularity<shape> && !granularity<no_granularity>);
static_assert(normal_form(per_axis{-1}, {2, 3}).counts({2, 3}) == shape{1, 3});

}  // namespace

TEST_CASE("granularity: per tensor is one block") {
  CHECK(normal_form(per_tensor, {4, 6}) == blocking{{whole, whole}});
  CHECK(normal_form(per_tensor, {4, 6}).counts({4, 6}) == shape{1, 1});
  CHECK(normal_form(per_tensor, {}).counts({}) == shape{});
}

TEST_CASE("granularity: per axis is one block per position") {
  const shape sizes{4, 6, 5};
  CHECK(normal_form(per_axis{0}, sizes) == blocking{{1, whole, whole}});
  CHECK(normal_form(per_axis{2}, sizes) == blocking{{whole, whole, 1}});
  CHECK(normal_form(per_axis{-2}, sizes) == blocking{{whole, 1, whole}});
  CHECK(normal_form(per_axis{1}, sizes).counts(sizes) == shape{1, 6, 1});
  CHECK_THROWS_AS(normal_form(per_axis{3}, sizes), std::invalid_argument);
  CHECK_THROWS_AS(normal_form(per_axis{-4}, sizes), std::invalid_argument);
  CHECK_THROWS_AS(normal_form(per_axis{0}, {}), std::invalid_argument);
}

TEST_CASE("granularity: per group cuts one axis, and keeps the others apart") {
  const shape sizes{4, 64};
  CHECK(normal_form(per_group{1, 32}, sizes) == blocking{{1, 32}});
  CHECK(normal_form(per_group{-2, 3}, sizes) == blocking{{3, 1}});
  // The default: the last axis, as ggml and MX have it.
  CHECK(normal_form(per_group{}, sizes) == blocking{{1, 32}});
  CHECK_THROWS_WITH(normal_form(per_group{1, 0}, sizes), says("group size 0"));
  CHECK_THROWS_AS(normal_form(per_group{1, -32}, sizes), std::invalid_argument);
  CHECK_THROWS_AS(normal_form(per_group{2, 32}, sizes), std::invalid_argument);
}

TEST_CASE("granularity: the last block may be ragged") {
  const auto groups = [](index_t size, index_t length) {
    return normal_form(per_group{0, length}, {size}).counts({size})[0];
  };
  CHECK(groups(64, 32) == 2);
  CHECK(groups(65, 32) == 3);
  CHECK(groups(63, 32) == 2);
  CHECK(groups(1, 32) == 1);
  CHECK(groups(0, 32) == 0);
  CHECK(groups(7, 1) == 7);
  CHECK(groups(7, 7) == 1);
  CHECK(groups(7, 8) == 1);
  CHECK(groups(7, longest) == 1);  // "as large as it gets" does not overflow
  CHECK(groups(0, longest) == 0);
}

TEST_CASE("granularity: a normal form is a granularity itself") {
  const blocking tiles{{2, 3, whole}};
  CHECK(normal_form(tiles, {5, 6, 7}) == tiles);
  CHECK(tiles.counts({5, 6, 7}) == shape{3, 2, 1});
  CHECK_THROWS_WITH(normal_form(tiles, {5, 6}), says("rank 3") && says("5 x 6"));
  CHECK_THROWS_WITH(normal_form(blocking{{2, -3}}, {5, 6}), says("-3"));
}

TEST_CASE("granularity: text") {
  CHECK(to_string(per_tensor) == "per tensor");
  CHECK(to_string(per_axis{-1}) == "per axis -1");
  CHECK(to_string(per_group{1, 64}) == "per group of 64 on axis 1");
  CHECK(to_string(blocking{{2, whole, 32}}) == "per block of 2 x all x 32");
}
