// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/traversal.hpp>

#include "builders.hpp"
#include "catch.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

using namespace equant;

namespace {

constexpr index_t whole = blocking::whole;

/// What a traversal is made of.
struct walk {
  shape sizes;
  axis_order order;
  shape a, b;
  blocking where;
};

/// One element as a walk visits it: its places in a and b, and its parameter's.
struct element {
  index_t a, b, parameter;
  auto operator<=>(const element&) const = default;
};

/// The oracle: an odometer over the logical coordinates in the order of the walk, and the
/// definitions of an offset and of a block. Shares nothing with the library.
std::vector<element> expected(const walk& w) {
  std::vector<element> elements;
  std::vector<index_t> at(static_cast<std::size_t>(w.sizes.rank), 0);
  const auto coordinate = [&](int axis) -> index_t& { return at[static_cast<std::size_t>(axis)]; };
  for (index_t left = w.sizes.count(); left > 0; --left) {
    element e{0, 0, 0};
    for (int axis = 0; axis < w.sizes.rank; ++axis) {
      const index_t i = coordinate(axis), n = w.sizes[axis], length = w.where.lengths[axis];
      e.a += i * w.a[axis];
      e.b += i * w.b[axis];
      const index_t blocks = length == whole ? 1 : n / length + (n % length > 0 ? 1 : 0);
      e.parameter = e.parameter * blocks + (length == whole ? 0 : i / length);
    }
    elements.push_back(e);
    for (int place = w.sizes.rank; place-- > 0;) {
      const int axis = w.order[place];
      if (++coordinate(axis) < w.sizes[axis]) break;
      coordinate(axis) = 0;
    }
  }
  return elements;
}

std::vector<run> runs(const walk& w) {
  std::vector<run> seen;
  traversal(w.sizes, w.order, w.a, w.b, w.where).for_each_run([&](const run& r) {
    seen.push_back(r);
  });
  return seen;
}

std::vector<element> visited(const walk& w) {
  std::vector<element> elements;
  for (const run& r : runs(w)) {
    for (index_t i = 0; i < r.count; ++i) {
      elements.push_back(
          {r.a + i * r.a_step, r.b + i * r.b_step, r.parameter + i * r.parameter_step});
    }
  }
  return elements;
}

/// b is walked in tiles where its neighbours lie along an axis other than the walk's fastest.
bool may_be_tiled(const walk& w) {
  int places = w.sizes.rank;
  while (places > 0 && w.sizes[w.order[places - 1]] == 1) --places;
  if (places == 0) return false;
  const auto distance = [&](int place) { return std::abs(w.b[w.order[place]]); };
  bool other = false;
  for (int place = 0; place + 1 < places; ++place) {
    other = other || (w.sizes[w.order[place]] != 1 && distance(place) == 1);
  }
  return other && distance(places - 1) > 1;
}

/// What is wrong with a walk; empty if it visits every element once, with its own parameter, and in
/// order where not tiled.
std::string fault(const walk& w) {
  std::vector<element> want = expected(w), got = visited(w);
  if (may_be_tiled(w)) {
    std::sort(want.begin(), want.end());
    std::sort(got.begin(), got.end());
  }
  if (want == got) return "";
  std::string text = to_string(w.sizes) + ", " + to_string(w.where) + ", order";
  for (int place = 0; place < w.sizes.rank; ++place) text += " " + std::to_string(w.order[place]);
  text += ", a " + to_string(w.a) + ", b " + to_string(w.b) + ": ";
  if (want.size() != got.size()) return text + std::to_string(got.size()) + " elements";
  const auto at = std::mismatch(want.begin(), want.end(), got.begin());
  const auto show = [](const element& e) {
    return std::to_string(e.a) + " " + std::to_string(e.b) + " " + std::to_string(e.parameter);
  };
  return text + "element " + std::to_string(at.first - want.begin()) + " is " + show(*at.second) +
         ", not " + show(*at.first);
}

axis_order make_order(const std::vector<int>& slowest_first) {
  axis_order order = axis_order::row_major();
  for (std::size_t i = 0; i < slowest_first.size(); ++i) {
    order.axes[i] = static_cast<std::int8_t>(slowest_first[i]);
  }
  return order;
}

std::vector<axis_order> all_orders(int rank) {
  std::vector<axis_order> orders;
  std::vector<int> axes(static_cast<std::size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  do orders.push_back(make_order(axes));
  while (std::next_permutation(axes.begin(), axes.end()));
  return orders;
}

std::vector<blocking> granularities(const shape& sizes) {
  std::vector<blocking> all{normal_form(per_tensor, sizes)};
  for (int axis = 0; axis < sizes.rank; ++axis) {
    all.push_back(normal_form(per_axis{axis}, sizes));
    for (index_t size : {1, 3, 32, 1000}) all.push_back(normal_form(per_group{axis, size}, sizes));
    // In two dimensions: 2 x 3 and 2 x 1 on this axis and the next, shared along all others.
    for (index_t other : {3, 1}) {
      blocking two = normal_form(per_tensor, sizes);
      two.lengths[axis] = 2;
      two.lengths[(axis + 1) % sizes.rank] = other;
      all.push_back(two);
    }
  }
  return all;
}

class dice {
 public:
  int below(int n) { return random_.below(n); }
  axis_order order(int rank) {
    axis_order order = axis_order::row_major();
    for (int i = rank - 1; i > 0; --i) {
      std::swap(order.axes[static_cast<std::size_t>(i)],
                order.axes[static_cast<std::size_t>(below(i + 1))]);
    }
    return order;
  }
  /// At most 9000 elements: 0, 1, primes, and what lies around the tiles' 64.
  shape sizes(int rank) {
    constexpr index_t lengths[] = {0, 1, 1, 2, 3, 5, 7, 13, 64, 65, 130};
    shape s = shape::filled(rank, 1);
    for (int axis = 0; axis < rank; ++axis) {
      s[axis] = lengths[below(40) == 0 ? 0 : 1 + below(10)];
      if (s.count() > 9000) s[axis] = 1;
    }
    return s;
  }
  /// Strides of memory in some order: dense, with gaps, running backwards, repeating an axis.
  shape strides(const shape& sizes) {
    shape room = sizes;
    const bool gaps = below(3) == 0;
    for (int axis = 0; axis < sizes.rank && gaps; ++axis) room[axis] += below(3);
    shape steps = dense_strides(room, order(sizes.rank));
    for (int axis = 0; axis < sizes.rank; ++axis) {
      if (below(5) == 0) steps[axis] = -steps[axis];
      if (below(12) == 0) steps[axis] = 0;
      if (gaps && below(12) == 0) steps[axis] *= 2;
    }
    return steps;
  }

 private:
  builders::random_numbers random_;
};

}  // namespace

TEST_CASE("traversal: every small tensor, in all orders of both operands, at all granularities") {
  std::vector<shape> shapes{{},        {0},       {1},       {2},       {7},      {1, 1},
                            {2, 3},    {3, 1},    {1, 3},    {0, 3},    {3, 0},   {7, 5},
                            {2, 3, 4}, {3, 1, 2}, {1, 2, 1}, {2, 0, 3}, {4, 4, 2}};
  for (const shape& sizes : shapes) {
    for (const blocking& where : granularities(sizes)) {
      for (const axis_order& of_a : all_orders(sizes.rank)) {
        for (const axis_order& of_b : all_orders(sizes.rank)) {
          const shape a = dense_strides(sizes, of_a), b = dense_strides(sizes, of_b);
          REQUIRE(fault({sizes, of_a, a, b, where}) == "");
          REQUIRE(fault({sizes, of_b, a, b, where}) == "");
        }
      }
    }
  }
}

TEST_CASE("traversal: matrices around the size of a tile") {
  for (index_t rows : {1, 2, 63, 64, 65, 130}) {
    for (index_t columns : {1, 2, 63, 64, 65, 130}) {
      const shape sizes{rows, columns};
      const shape by_row = row_major_strides(sizes);
      const shape by_column = dense_strides(sizes, axis_order::column_major(2));
      for (const blocking& where : granularities(sizes)) {
        REQUIRE(fault({sizes, axis_order::row_major(), by_row, by_column, where}) == "");
        REQUIRE(fault({sizes, axis_order::column_major(2), by_column, by_row, where}) == "");
        REQUIRE(fault({sizes, axis_order::row_major(), by_column, by_column, where}) == "");
      }
    }
  }
}

TEST_CASE("traversal: random shapes, strides, orders and granularities up to rank 5") {
  dice d;
  int tiled = 0;
  for (int round = 0; round < 3000; ++round) {
    const shape sizes = d.sizes(d.below(6));
    const shape a = d.strides(sizes), b = d.strides(sizes);
    const axis_order order = d.below(4) == 0 ? d.order(sizes.rank) : order_of(sizes, a);
    const auto all = granularities(sizes);
    const blocking& where = all[static_cast<std::size_t>(d.below(static_cast<int>(all.size())))];
    const walk w{sizes, order, a, b, where};
    tiled += may_be_tiled(w) ? 1 : 0;
    REQUIRE(fault(w) == "");
  }
  CHECK(tiled > 300);  // the sweep does reach the tiled path
}

TEST_CASE("traversal: sixteen axes") {
  const shape sizes = shape::filled(16, 2);
  const shape a = row_major_strides(sizes), b = dense_strides(sizes, axis_order::column_major(16));
  CHECK(fault({sizes, axis_order::row_major(), a, b, normal_form(per_axis{7}, sizes)}) == "");
  CHECK(fault({sizes, axis_order::row_major(), a, a, normal_form(per_group{-1, 2}, sizes)}) == "");
}
