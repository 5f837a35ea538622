// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "core/says.hpp"

#include <equant/calibration/scan.hpp>

namespace {

using namespace equant;

/// A tensor in one of its storage orders, with gaps in memory.
template <class T>
struct tensor {
  shape sizes, strides;
  std::vector<T> memory;

  tensor(const shape& n, const axis_order& order, std::uint64_t seed) : sizes(n) {
    shape padded = n;
    for (int axis = 0; axis < n.rank; ++axis) padded[axis] += axis % 2;
    strides = dense_strides(padded, order);
    builders::random_numbers random(seed);
    for (index_t i = 0; i < padded.count(); ++i) {
      memory.push_back(static_cast<T>(static_cast<float>(random.uniform(-5, 5))));
    }
  }
  view<const T> look() const { return {memory.data(), sizes, strides}; }
  T& at(const shape& place) {
    index_t offset = 0;
    for (int axis = 0; axis < sizes.rank; ++axis) offset += place[axis] * strides[axis];
    return memory[static_cast<std::size_t>(offset)];
  }
};

/// The next place in row-major order; false after the last.
bool next(shape& place, const shape& sizes) {
  for (int axis = sizes.rank; axis-- > 0;) {
    if (++place[axis] < sizes[axis]) return true;
    place[axis] = 0;
  }
  return false;
}

/// The range of every block, element by element.
template <class T>
std::vector<interval> naive(tensor<T>& x, const blocking& where) {
  const shape counts = where.counts(x.sizes);
  std::vector<interval> ranges(static_cast<std::size_t>(counts.count()), scanning::nothing);
  if (x.sizes.count() == 0) return ranges;
  shape place = shape::filled(x.sizes.rank, 0);
  do {
    index_t block = 0;
    for (int axis = 0; axis < x.sizes.rank; ++axis) {
      const index_t length = where.lengths[axis];
      block = block * counts[axis] + (length == blocking::whole ? 0 : place[axis] / length);
    }
    const double v = static_cast<double>(x.at(place));
    if (!std::isfinite(v)) continue;
    interval& r = ranges[static_cast<std::size_t>(block)];
    r = {std::min(r.low, v), std::max(r.high, v)};
  } while (next(place, x.sizes));
  return ranges;
}

const shape all_sizes[] = {{}, {1}, {40}, {3, 40}, {40, 3}, {35, 37}, {2, 3, 4}, {3, 1, 5, 2}, {0, 3}, {3, 0}};

std::vector<axis_order> orders(int rank) {
  std::vector<axis_order> v = {axis_order::row_major(), axis_order::column_major(rank)};
  if (rank > 2) {
    v.push_back(axis_order::row_major());
    std::swap(v.back().axes[0], v.back().axes[1]);
  }
  return v;
}

std::vector<blocking> granularities(const shape& sizes) {
  std::vector<blocking> g = {normal_form(per_tensor, sizes), {shape::filled(sizes.rank, 1)},
                             {shape::filled(sizes.rank, 2)}};
  for (int axis = 0; axis < sizes.rank; ++axis) {
    g.push_back(normal_form(per_axis{axis}, sizes));
    g.push_back(normal_form(per_group{axis, 3}, sizes));
  }
  return g;
}

template <class T>
std::string message(const view<const T>& x) {
  try {
    scan_ranges(x, normal_form(per_tensor, x.sizes), non_finite::reject);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEMPLATE_TEST_CASE("scan: ranges per block equal a loop over the elements", "[scan]", float, double, fp16, bf16) {
  std::uint64_t seed = 0;
  for (const shape& sizes : all_sizes) {
    for (const axis_order& order : orders(sizes.rank)) {
      tensor<TestType> x(sizes, order, ++seed);
      for (const blocking& where : granularities(sizes)) {
        INFO(to_string(sizes) << ", " << to_string(where));
        CHECK(scan_ranges(x.look(), where, non_finite::reject) == naive(x, where));
        CHECK(scan_ranges(x.look(), where, non_finite::skip) == naive(x, where));
      }
    }
  }
}

TEMPLATE_TEST_CASE("scan: skipping leaves out what is not finite, wherever it stands", "[scan]", float, double, fp16,
                   bf16) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  builders::random_numbers random(5);
  for (const shape& sizes : {shape{40}, shape{9, 40}, shape{2, 3, 4}}) {
    for (const axis_order& order : orders(sizes.rank)) {
      tensor<TestType> x(sizes, order, random.bits());
      for (TestType& v : x.memory) {
        const int chance = random.below(6);
        if (chance < 3) v = static_cast<TestType>(chance == 0 ? infinity : chance == 1 ? -infinity : nan);
      }
      for (const blocking& where : granularities(sizes)) {
        INFO(to_string(sizes) << ", " << to_string(where));
        CHECK(scan_ranges(x.look(), where, non_finite::skip) == naive(x, where));
        CHECK_THROWS_AS(scan_ranges(x.look(), where, non_finite::reject), std::invalid_argument);
      }
    }
  }
}

TEST_CASE("scan: one bad value among many is found at every place, in every order and granularity") {
  for (const axis_order& order : orders(2)) {
    for (index_t row = 0; row < 3; ++row) {
      for (index_t column = 0; column < 40; ++column) {
        tensor<float> x({3, 40}, order, 1);
        x.at({row, column}) = std::numeric_limits<float>::infinity();
        for (const blocking& where : granularities(x.sizes)) {
          const std::string place = "row " + std::to_string(row) + ", column " + std::to_string(column) + " ";
          CHECK_THROWS_WITH(scan_ranges(x.look(), where, non_finite::reject), says("inf at " + place));
        }
      }
    }
  }
}

TEST_CASE("scan: the message names the first bad value in logical order, whatever the storage order") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const axis_order& order : orders(2)) {
    tensor<float> x({50, 70}, order, 1);
    x.at({3, 0}) = nan;
    x.at({2, 66}) = -std::numeric_limits<float>::infinity();
    x.at({2, 69}) = nan;
    CHECK_THAT(message(x.look()), says("-inf at row 2, column 66 "));
  }
  for (const axis_order& order : orders(3)) {
    tensor<double> x({2, 3, 4}, order, 1);
    x.at({1, 0, 3}) = std::numeric_limits<double>::quiet_NaN();
    x.at({1, 2, 0}) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THAT(message(x.look()), says("nan at (1, 0, 3) "));
  }
  tensor<fp16> line({2000}, axis_order::row_major(), 1);
  line.at({1500}) = fp16(nan);
  CHECK_THAT(message(line.look()), says(" at (1500) is not finite; non_finite::skip"));
}

TEST_CASE("scan: a negative zero is zero") {
  const float zeros[] = {-0.0f, -0.0f, -0.0f};
  const view<const float> x{zeros, {3, 1}, {1, 1}};
  for (const blocking& where : {normal_form(per_tensor, x.sizes), normal_form(per_axis{0}, x.sizes)}) {
    for (non_finite policy : {non_finite::reject, non_finite::skip}) {
      const interval r = scan_ranges(x, where, policy)[0];
      CHECK((!std::signbit(r.low) && !std::signbit(r.high) && r == interval{0, 0}));
    }
  }
}

TEST_CASE("scan: for_finite hands on the finite runs in order") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> x = {nan, 1, 2, nan, nan, 3, -HUGE_VAL, 4, 5, 6, HUGE_VAL};
  std::vector<std::vector<double>> runs;
  scanning::for_finite(x.data(), 11, non_finite::skip,
                       [&](const double* v, index_t n) { runs.emplace_back(v, v + n); });
  CHECK(runs == std::vector<std::vector<double>>{{1, 2}, {3}, {4, 5, 6}});
  runs.clear();
  scanning::for_finite(x.data() + 1, 2, non_finite::reject,
                       [&](const double* v, index_t n) { runs.emplace_back(v, v + n); });
  CHECK(runs == std::vector<std::vector<double>>{{1, 2}});
}
