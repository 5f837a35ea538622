// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/calibration/lines.hpp>

namespace {

using namespace equant;

const index_t lengths[] = {0, 1, 7, 8, 9, 1023, 1024, 1025, 2048, 2500};

/// What T holds of a few thousand numbers, the special ones among them.
template <class T>
std::vector<T> numbers(index_t n) {
  std::vector<T> x;
  const auto& special = builders::special_values<float>();
  builders::random_numbers random(3);
  for (index_t i = 0; i < n; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const double any = random.uniform(-1, 1) * std::exp2(random.uniform(-30, 30));
    x.push_back(static_cast<T>(i % 5 == 0 ? special[k / 5 % special.size()] : static_cast<float>(any)));
  }
  return x;
}

template <class T>
bool same(T a, T b) {
  return builders::same_bits(&a, &b, 1) || (a != a && b != b);
}

template <class T, class W>
void reads(index_t n, index_t step) {
  INFO(n << " elements, step " << step);
  const std::vector<T> memory = numbers<T>(n * std::abs(step) + 1);
  const T* first = memory.data() + (step < 0 ? n * -step : 0);
  index_t next = 0, calls = 0;
  bool good = true;
  read_line_as<W>(first, step, n, [&](const W* v, index_t m, index_t offset) {
    good = good && offset == next && m <= n - offset;
    for (index_t i = 0; i < m; ++i) good = good && same(v[i], static_cast<W>(first[(offset + i) * step]));
    next += m;
    ++calls;
    if (std::is_same_v<T, W> && step == 1) CHECK(static_cast<const void*>(v) == first);  // in place
  });
  CHECK(good);
  CHECK(next == n);
  if (std::is_same_v<T, W> && step == 1) CHECK(calls == 1);
}

/// Values go where the steps lead, rounded to nearest even as Eigen does it, and nothing else is touched.
template <class T>
void writes(index_t n, index_t step) {
  INFO(n << " elements, step " << step);
  using W = working<T>;
  const std::vector<W> values = numbers<W>(n + 1);
  const std::vector<T> before = numbers<T>(n * std::abs(step) + 1);
  std::vector<T> memory = before, wanted = before;
  const index_t start = step < 0 ? n * -step : 0;
  index_t next = 0;
  write_line(memory.data() + start, step, n, [&](W* to, index_t m, index_t offset) {
    CHECK(offset == next);
    std::copy_n(values.begin() + offset, m, to);
    next += m;
    if (std::is_same_v<T, W> && step == 1) CHECK(static_cast<const void*>(to) == memory.data());
  });
  CHECK(next == n);
  for (index_t i = 0; i < n; ++i) {
    wanted[static_cast<std::size_t>(start + i * step)] = static_cast<T>(values[static_cast<std::size_t>(i)]);
  }
  bool good = true;
  for (std::size_t i = 0; i < wanted.size(); ++i) good = good && same(memory[i], wanted[i]);
  CHECK(good);
}

}  // namespace

TEMPLATE_TEST_CASE("lines: reading gives every element in order, as it is in the wider type", "[lines]", float, double,
                   fp16, bf16) {
  for (index_t n : lengths) {
    for (index_t step : {1, 2, 5, -1, -3}) {
      reads<TestType, working<TestType>>(n, step);
      reads<TestType, double>(n, step);
    }
  }
}

TEMPLATE_TEST_CASE("lines: writing rounds to the type and touches nothing between", "[lines]", float, double, fp16,
                   bf16) {
  for (index_t n : lengths) {
    for (index_t step : {1, 2, 5, -1, -3}) writes<TestType>(n, step);
  }
}

TEST_CASE("lines: a step of zero repeats one element") {
  const float x = 2.5f;
  double sum = 0;
  read_line(&x, 0, 1500, [&](const float* v, index_t n, index_t) {
    for (index_t i = 0; i < n; ++i) sum += static_cast<double>(v[i]);
  });
  CHECK(sum == 1500 * 2.5);
}

TEST_CASE("lines: what a source is computed in") {
  STATIC_REQUIRE(std::is_same_v<working<float>, float>);
  STATIC_REQUIRE(std::is_same_v<working<const double>, double>);
  STATIC_REQUIRE(std::is_same_v<working<fp16>, float>);
  STATIC_REQUIRE(std::is_same_v<working<bf16>, float>);
}
