// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <weights/layers.hpp>

#include <equant/weights/group_widths.hpp>
#include <equant/weights/round_weights.hpp>

#include <limits>

using namespace equant;

namespace {

/// Moments of neighbours correlated by 0.6, of which every group of 4 inputs is stronger than the one before.
Eigen::MatrixXf growing(index_t inputs, float by) {
  Eigen::VectorXf power(inputs);
  for (index_t i = 0; i < inputs; ++i) power[i] = std::pow(by, static_cast<float>(i / 4));
  return power.asDiagonal() * neighbour_moments(inputs, 0.6f) * power.asDiagonal();
}

}  // namespace

TEST_CASE("No other widths of groups within the bits do better on inputs that have nothing in common") {
  const weights::group_width_options o{.group = 4, .bits = {2, 3, 5}, .damping = 1e-7f};
  for (std::uint64_t seed = 1; seed < 6; ++seed) {
    const Eigen::MatrixXf w = gaussian_matrix(6, 15, seed);  // the last group is of 3
    const Eigen::MatrixXf s = growing(15, 1.7f).diagonal().asDiagonal();
    double errors[4][3];
    for (index_t g = 0; g < 4; ++g) {
      const index_t count = g == 3 ? 3 : 4;
      const Eigen::MatrixXf part = w.middleCols(4 * g, count), moments = s.block(4 * g, 4 * g, count, count);
      for (std::size_t b = 0; b < 3; ++b) {
        const auto q = weights::round_weights(part, moments, weights::levels::integers(o.bits[b]),
                                              {.compensate = false, .descend = false});
        errors[g][b] = static_cast<double>(((part - q.values) * moments).cwiseProduct(part - q.values).sum());
      }
    }
    for (double average : {2.0, 2.5, 3.0, 3.7, 5.0}) {
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t n = 0; n < 81; ++n) {
        const std::size_t at[] = {n % 3, n / 3 % 3, n / 9 % 3, n / 27};
        int bits = 0;
        double error = 0;
        for (std::size_t g = 0; g < 4; ++g) bits += o.bits[at[g]] * (g == 3 ? 3 : 4), error += errors[g][at[g]];
        if (bits <= 15 * average) least = std::min(least, error);
      }
      const auto widths = weights::group_widths(w, s, average, o);
      CHECK(widths.average <= average);
      double error = 0;
      for (std::size_t g = 0; g < 4; ++g) {
        const auto b = std::find(o.bits.begin(), o.bits.end(), widths.bits[g]) - o.bits.begin();
        error += errors[g][b];
      }
      CHECK(error == Approx(least).epsilon(1e-4));
      const double bits = 4 * (widths.bits[0] + widths.bits[1] + widths.bits[2]) + 3 * widths.bits[3];
      CHECK(widths.average == Approx(bits / 15));
    }
  }
}

TEST_CASE("Widths of groups lose less than one width of the same bits where some inputs are stronger") {
  const Eigen::MatrixXf w = gaussian_matrix(24, 32, 7), s = growing(32, 1.8f), even = neighbour_moments(32, 0.6f);
  for (bool gaussian : {false, true}) {
    for (int bits : {3, 4}) {
      const weights::group_width_options o{.group = 4, .gaussian = gaussian};
      const auto levels = gaussian ? weights::levels::gaussian(bits) : weights::levels::integers(bits);
      const auto error = [&](const Eigen::MatrixXf& q) { return weights::output_error(w, q, s); };
      const auto widths = weights::group_widths(w, s, bits, o);
      const auto mixed = weights::round_groups(w, s, widths);
      CHECK(widths.bits.front() < widths.bits.back());
      CHECK(widths.average <= bits);
      CHECK(error(mixed.values) < 0.6 * error(weights::round_weights(w, s, levels, {.group = 4}).values));
      // one width for all is what it is elsewhere
      const weights::grouped_widths same{std::vector<int>(8, bits), o};
      const auto alike = weights::round_weights(w, even, levels, {.group = 4});
      CHECK(weights::round_groups(w, even, same).values == alike.values);
      for (index_t i = 0; i < 32; ++i) {
        const auto own = gaussian ? weights::levels::gaussian(widths.bits[static_cast<std::size_t>(i / 4)])
                                  : weights::levels::integers(widths.bits[static_cast<std::size_t>(i / 4)]);
        Eigen::VectorXf units = mixed.units.col(i);
        own.round(units);
        REQUIRE(units == mixed.units.col(i));
        REQUIRE(mixed.values.col(i) == mixed.units.col(i).cwiseProduct(mixed.scales.col(i / 4)));
      }
    }
  }
}

TEST_CASE("Rounded in groups weights are never worse than at one width, whatever was expected") {
  int mixed = 0, even = 0;
  for (std::uint64_t seed = 1; seed < 17; ++seed) {
    Eigen::MatrixXf w = gaussian_matrix(8, 24, seed);
    for (index_t i = 0; i < w.size(); i += 29) w.data()[i] *= 10;
    const Eigen::MatrixXf s = seed % 2 == 0 ? growing(24, 1.3f) : growing(24, 1);
    const weights::group_width_options o{.group = 8, .bits = {2, 3, 4}};
    const weights::grouped_widths same{{3, 3, 3}, o};
    const auto q = weights::round_in_groups(w, s, 3.2, o);
    const double error = weights::output_error(w, q.result.values, s);
    CHECK(q.widths.average <= 3.2);
    CHECK(error <= weights::output_error(w, weights::round_groups(w, s, same).values, s));
    CHECK(q.result.values == weights::round_groups(w, s, q.widths).values);
    ++(q.widths.bits == same.bits ? even : mixed);
  }
  CHECK(mixed > 0);
  CHECK(even > 0);
}

TEST_CASE("Groups of dead inputs get the fewest bits and what is not possible is refused") {
  const Eigen::MatrixXf w = gaussian_matrix(3, 8, 2);
  Eigen::MatrixXf s = Eigen::MatrixXf::Identity(8, 8);
  s.topLeftCorner(4, 4).setZero();
  const weights::group_width_options o{.group = 4, .bits = {2, 4}};
  const auto widths = weights::group_widths(w, s, 3, o);
  CHECK(widths.bits == std::vector<int>{2, 4});
  CHECK(weights::round_groups(w, s, widths).values.allFinite());
  CHECK(weights::round_groups(w, 0 * s, widths).values.allFinite());
  CHECK_THROWS_WITH(weights::group_widths(w, s, 1.9, o), says("groups of 1.9 bits on average; 2 to 8"));
  CHECK_THROWS_WITH(weights::group_widths(w, s, 3, {.group = 0}), says("groups of 0 inputs"));
  CHECK_THROWS_WITH(weights::group_widths(w, s, 3, {.bits = {4, 2}}), says("ascending order"));
  CHECK_THROWS_WITH(weights::round_groups(w, s, {{2, 2, 2}, o}), says("3 widths for 2 groups"));
  s(5, 5) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(weights::group_widths(w, s, 3, o), says("not finite"));
  CHECK_THROWS_WITH(weights::round_groups(w, s, widths), says("not finite"));
}
