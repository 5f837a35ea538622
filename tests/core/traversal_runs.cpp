// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/traversal.hpp>

#include "catch.hpp"

#include <algorithm>
#include <vector>

// How long the runs of a traversal are, by hand: kernels are fast on long ones. traversal.cpp tests
// what they visit.
using namespace equant;

namespace {

const axis_order by_row = axis_order::row_major();
const axis_order by_column = axis_order::column_major(2);

std::vector<run> runs(const shape& sizes, const axis_order& order, const shape& a, const shape& b,
                      const blocking& where) {
  std::vector<run> seen;
  traversal(sizes, order, a, b, where).for_each_run([&](const run& r) { seen.push_back(r); });
  return seen;
}

/// Both operands dense in `order`.
template <granularity G>
std::vector<run> dense_runs(const shape& sizes, const axis_order& order, G where) {
  const shape steps = dense_strides(sizes, order);
  return runs(sizes, order, steps, steps, normal_form(where, sizes));
}

std::vector<index_t> counts(const std::vector<run>& all) {
  std::vector<index_t> n;
  for (const run& r : all) n.push_back(r.count);
  return n;
}
std::vector<index_t> parameters_of(const std::vector<run>& all) {
  std::vector<index_t> n;
  for (const run& r : all) n.push_back(r.parameter);
  return n;
}
std::vector<index_t> parameter_steps(const std::vector<run>& all) {
  std::vector<index_t> n;
  for (const run& r : all) n.push_back(r.parameter_step);
  return n;
}

using numbers = std::vector<index_t>;

}  // namespace

TEST_CASE("traversal runs: an empty tensor has none, a scalar has one") {
  for (const shape& sizes : {shape{0}, shape{3, 0}, shape{0, 3}, shape{2, 0, 5}}) {
    CHECK(dense_runs(sizes, by_row, per_tensor).empty());
    CHECK(dense_runs(sizes, by_row, per_axis{0}).empty());
    CHECK(dense_runs(sizes, by_row, per_group{-1, 2}).empty());
  }
  CHECK(counts(dense_runs({}, by_row, per_tensor)) == numbers{1});
  CHECK(counts(dense_runs({1, 1, 1}, by_row, per_axis{1})) == numbers{1});
}

TEST_CASE("traversal runs: contiguous tensors are one run, whatever their rank and order") {
  for (const shape& sizes : {shape{35}, shape{5, 7}, shape{2, 3, 5, 7}, shape{1, 5, 1, 7, 1}}) {
    for (const axis_order& order : {by_row, axis_order::column_major(sizes.rank)}) {
      const auto all = dense_runs(sizes, order, per_tensor);
      REQUIRE(all.size() == 1);
      CHECK(all[0].count == sizes.count());
      CHECK(all[0].a == 0);
      CHECK(all[0].b == 0);
      CHECK(all[0].a_step == 1);
      CHECK(all[0].b_step == 1);
      CHECK(all[0].parameter == 0);
      CHECK(all[0].parameter_step == 0);
    }
  }
}

TEST_CASE("traversal runs: a reversed operand is still one run, gaps are not") {
  const blocking one = normal_form(per_tensor, {5, 7});
  const auto reversed = runs({5, 7}, by_row, {-7, -1}, {7, 1}, one);
  REQUIRE(counts(reversed) == numbers{35});
  CHECK(reversed[0].a_step == -1);
  CHECK(reversed[0].b_step == 1);
  const auto lengths = [&](const shape& a, const shape& b) {
    return counts(runs({5, 7}, by_row, a, b, one));
  };
  CHECK(lengths({14, 2}, {7, 1}) == numbers{35});   // every other element
  CHECK(lengths({8, 1}, {7, 1}) == numbers(5, 7));  // padded rows
  CHECK(lengths({7, 1}, {8, 1}) == numbers(5, 7));
  CHECK(lengths({-7, 1}, {7, 1}) == numbers(5, 7));
  CHECK(lengths({0, 1}, {7, 1}) == numbers(5, 7));  // a repeated row
}

TEST_CASE("traversal runs: per axis is a run per position, or a stepped run across them") {
  const auto rows = dense_runs({3, 7}, by_row, per_axis{0});
  CHECK(counts(rows) == numbers{7, 7, 7});
  CHECK(parameters_of(rows) == numbers{0, 1, 2});
  CHECK(parameter_steps(rows) == numbers{0, 0, 0});

  const auto columns = dense_runs({3, 7}, by_row, per_axis{1});
  CHECK(counts(columns) == numbers{7, 7, 7});
  CHECK(parameters_of(columns) == numbers{0, 0, 0});
  CHECK(parameter_steps(columns) == numbers{1, 1, 1});

  CHECK(counts(dense_runs({3, 7}, by_column, per_axis{1})) == numbers{3, 3, 3, 3, 3, 3, 3});
  CHECK(counts(dense_runs({3, 7}, by_column, per_axis{0})) == numbers{3, 3, 3, 3, 3, 3, 3});

  // Output channels first: everything within a channel is one run.
  CHECK(counts(dense_runs({4, 3, 5, 5}, by_row, per_axis{0})) == numbers{75, 75, 75, 75});
  // A channel in the middle: what lies behind it is one run.
  CHECK(counts(dense_runs({2, 3, 5, 5}, by_row, per_axis{1})) == numbers{25, 25, 25, 25, 25, 25});
  CHECK(parameters_of(dense_runs({2, 3, 5, 5}, by_row, per_axis{1})) == numbers{0, 1, 2, 0, 1, 2});
}

TEST_CASE("traversal runs: groups are cut, a ragged one too, larger than the axis they are one") {
  const auto ragged = dense_runs({2, 7}, by_row, per_group{1, 3});
  CHECK(counts(ragged) == numbers{3, 3, 1, 3, 3, 1});
  CHECK(parameters_of(ragged) == numbers{0, 1, 2, 3, 4, 5});
  CHECK(parameter_steps(ragged) == numbers(6, 0));

  CHECK(counts(dense_runs({2, 7}, by_row, per_group{1, 7})) == numbers{7, 7});
  CHECK(counts(dense_runs({2, 7}, by_row, per_group{1, 1000})) == numbers{7, 7});

  // Groups along the columns: parameters, 3 x 7 of them, change with every element.
  const auto across = dense_runs({6, 7}, by_row, per_group{0, 2});
  CHECK(counts(across) == numbers(6, 7));
  CHECK(parameters_of(across) == numbers{0, 0, 7, 7, 14, 14});
  CHECK(parameter_steps(across) == numbers(6, 1));

  // A parameter per element is one stepped run.
  const auto each = dense_runs({5, 7}, by_row, per_group{1, 1});
  CHECK(counts(each) == numbers{35});
  CHECK(parameter_steps(each) == numbers{1});

  // The parameters are row-major even where the tensor is not: stepped by their own stride.
  const auto down = dense_runs({2, 3}, by_column, per_group{0, 1});
  CHECK(counts(down) == numbers{2, 2, 2});
  CHECK(parameters_of(down) == numbers{0, 1, 2});
  CHECK(parameter_steps(down) == numbers{3, 3, 3});
}

TEST_CASE("traversal runs: a destination dense in the walk's order is written from front to back") {
  // What packing relies on: positions 0, 1, 2, ... however the source lies.
  const shape sizes{5, 3, 4};
  for (const shape& a :
       {shape{12, 4, 1}, shape{1, 5, 15}, shape{-4, 20, -1}, shape{0, 8, 2}, shape{3, 1, 0}}) {
    const axis_order order = order_of(sizes, a);
    for (const blocking& where : {normal_form(per_tensor, sizes), normal_form(per_axis{1}, sizes),
                                  normal_form(per_group{2, 3}, sizes)}) {
      index_t position = 0;
      for (const run& r : runs(sizes, order, a, dense_strides(sizes, order), where)) {
        CHECK(r.b == position);
        CHECK(r.b_step == 1);
        position += r.count;
      }
      CHECK(position == 60);
    }
  }
}

TEST_CASE("traversal runs: crosswise operands are walked in tiles") {
  // The first 4096 elements lie in a corner of 64 x 64: few lines of either operand, which the
  // cache keeps.
  const auto all =
      runs({130, 130}, by_row, {130, 1}, {1, 130}, normal_form(per_tensor, {130, 130}));
  index_t visited = 0;
  for (const run& r : all) {
    CHECK(r.a_step == 1);
    CHECK(r.b_step == 130);
    if (visited < 4096) {
      CHECK(r.a / 130 < 64);
      CHECK(r.a % 130 + r.count <= 64);
    }
    visited += r.count;
  }
  CHECK(visited == 130 * 130);
}

TEST_CASE("traversal runs: tiles do not cut groups at other places") {
  const auto all =
      runs({2, 100}, by_row, {100, 1}, {1, 2}, normal_form(per_group{1, 48}, {2, 100}));
  CHECK(counts(all) == numbers{48, 16, 48, 16, 32, 4, 32, 4});
  CHECK(parameters_of(all) == numbers{0, 1, 3, 4, 1, 2, 4, 5});
}

TEST_CASE("traversal runs: a granularity of another rank is refused") {
  CHECK_THROWS_AS(traversal({2, 3}, by_row, {3, 1}, {3, 1}, blocking{{1}}), std::invalid_argument);
}
