// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>

#include <equant/core/random.hpp>
#include <equant/weights/allocation.hpp>

#include <limits>

using namespace equant;

namespace {

std::vector<std::vector<weights::width_choice>> made_up(std::size_t layers, int widths, std::uint64_t seed) {
  splitmix64 next(seed);
  std::vector<std::vector<weights::width_choice>> all(layers);
  for (auto& layer : all) {
    const auto size = static_cast<std::int64_t>(8 + next() % 90);
    for (int bits = 1; bits <= widths; ++bits) layer.push_back({bits, size * bits, next.uniform() / bits});
  }
  return all;
}

/// Calls f(bytes, error) on every choice there is.
template <class F>
void every(const std::vector<std::vector<weights::width_choice>>& layers, F f, std::size_t l = 0,
           std::int64_t bytes = 0, double error = 0) {
  if (l == layers.size()) return f(bytes, error);
  for (const auto& c : layers[l]) every(layers, f, l + 1, bytes + c.bytes, error + c.error);
}

}  // namespace

TEST_CASE("No other choice of widths is better within a budget") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto layers = made_up(6, 4, seed);
    const auto smallest = weights::size_error_curve(layers).front().bytes;
    for (std::int64_t budget : {smallest, 2 * smallest, 3 * smallest}) {
      double least = std::numeric_limits<double>::infinity();
      every(layers, [&](std::int64_t bytes, double error) {
        if (bytes <= budget) least = std::min(least, error);
      });
      const auto a = weights::within_bytes(layers, budget);
      CHECK(a.bytes <= budget);
      CHECK(a.error == Approx(least));
      std::int64_t bytes = 0;
      for (std::size_t l = 0; l < layers.size(); ++l) bytes += layers[l][a.chosen[l]].bytes;
      CHECK(bytes == a.bytes);
    }
    std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
    every(layers, [&](std::int64_t bytes, double error) {
      if (error <= 1.2) fewest = std::min(fewest, bytes);
    });
    CHECK(weights::within_error(layers, 1.2).bytes == fewest);
  }
}

TEST_CASE("The curve falls, and many layers stay within the budget") {
  const auto layers = made_up(120, 8, 3);
  const auto curve = weights::size_error_curve(layers);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    CHECK((curve[i].bytes > curve[i - 1].bytes && curve[i].error < curve[i - 1].error));
  }
  CHECK(weights::within_bytes(layers, 20000).bytes <= 20000);
}

TEST_CASE("Budgets that cannot be met are refused") {
  const std::vector<std::vector<weights::width_choice>> layers{{{2, 10, 0.5}, {4, 20, 0.1}}};
  CHECK_THROWS_WITH(weights::within_bytes(layers, 9), says("9 bytes; the smallest widths take 10"));
  CHECK_THROWS_WITH(weights::within_error(layers, 0.05), says("0.05"));
  const std::vector<std::vector<weights::width_choice>> none(1), wrong{{{2, 10, std::numeric_limits<double>::quiet_NaN()}}};
  CHECK_THROWS_WITH(weights::within_bytes(none, 9), says("layer 0 has no widths"));
  CHECK_THROWS_WITH(weights::within_bytes(wrong, 9), says("layer 0, 2 bits: 10 bytes"));
}
