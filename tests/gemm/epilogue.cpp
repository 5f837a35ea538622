// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "gemm/oracle.hpp"

#include <equant/gemm/gemm.hpp>

#include <cmath>

namespace {

using namespace equant;
using builders::guarded;
using builders::random_numbers;

constexpr index_t rows = 19, columns = 83, depth = 37;

template <class... Isa, class F>
void for_each(isa::list<Isa...>, F f) {
  (f(Isa{}), ...);
}

/// The sums that the epilogues below get, and parameters for them.
struct inputs {
  using layout = oracle::matrix<std::uint8_t>::layout;
  oracle::matrix<std::uint8_t> a{rows, depth, layout::rows, 1};
  oracle::matrix<std::int8_t> b{depth, columns, oracle::matrix<std::int8_t>::layout::rows, 2};
  std::vector<std::int32_t> za = {131};
  std::vector<std::int32_t> sums = oracle::product(a, za, b, {}, {});
  std::vector<float> row_scale, column_scale, bias;
  std::vector<std::int32_t> multiplier, shift;

  inputs() {
    random_numbers random(3);
    for (index_t m = 0; m < rows; ++m) row_scale.push_back(static_cast<float>(random.uniform(0.001, 0.1)));
    for (index_t n = 0; n < columns; ++n) {
      column_scale.push_back(static_cast<float>(random.uniform(1e-4, 1e-2)));
      bias.push_back(static_cast<float>(random.uniform(-1, 1)));
      multiplier.push_back((1 << 30) + random.below(1 << 30));
      shift.push_back(random.below(14) - 12);
    }
  }
  std::int32_t sum(index_t m, index_t n) const { return sums[static_cast<std::size_t>(m * columns + n)]; }
};

const inputs& given() {
  static const inputs one;
  return one;
}

/// The product through `stages` and a store of T, on every instruction set, against wanted(m, n).
template <class T, class Stages, class Wanted>
void check(const Stages& stages, Wanted wanted) {
  const inputs& in = given();
  for_each(isa::compiled{}, [&]<class Isa>(Isa) {
    const gemm::packed_matrix<Isa> packed(in.b.get());
    guarded<T> side_by_side(rows * columns), spread(rows * columns * 2);
    gemm::multiply(in.a.get(), packed, {in.za, {}}, stages >> gemm::store<T>(side_by_side.data(), columns));
    gemm::multiply(in.a.get(), packed, {in.za, {}}, stages >> gemm::scatter<T>(spread.data(), 2, 2 * rows));
    for (index_t m = 0; m < rows; ++m) {
      for (index_t n = 0; n < columns; ++n) {
        const T right = wanted(m, n);
        INFO(Isa::name << ", row " << m << ", column " << n << ", sum " << in.sum(m, n));
        REQUIRE(side_by_side.data()[m * columns + n] == right);
        REQUIRE(spread.data()[2 * m + n * 2 * rows] == right);
      }
    }
    CHECK(side_by_side.intact());
    CHECK(spread.intact());
  });
}

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

/// Clamped, in 64 bits.
template <class T>
T code(double rounded, std::int32_t zero, std::int32_t low, std::int32_t high) {
  return static_cast<T>(std::min<double>(std::max<double>(rounded + zero, low), high));
}

/// a * b / 2^s in long double, which holds it exactly for |a b| < 2^63, to the nearest: ties up, or away from zero.
long double shifted(std::int64_t a, std::int64_t b, int s) {
  return std::ldexp(static_cast<long double>(a) * static_cast<long double>(b), -s);
}
std::int64_t ties_up(long double x) { return static_cast<std::int64_t>(std::floor(x + 0.5L)); }
std::int64_t ties_away(long double x) { return static_cast<std::int64_t>(std::round(x)); }

}  // namespace

TEST_CASE("epilogue: scales of rows and columns, to float") {
  const inputs& in = given();
  for (index_t row_step : {0, 1}) {
    for (index_t column_step : {0, 1}) {
      const gemm::stepped<float> by_row{in.row_scale.data(), row_step}, by_column{in.column_scale.data(), column_step};
      const gemm::stepped<float> bias{in.bias.data(), column_step};
      auto factor = [&](index_t m, index_t n) {
        volatile float f = in.row_scale[at(m * row_step)] * in.column_scale[at(n * column_step)];
        return f;
      };
      // A product of an int32 as float and a float is exact in long double.
      check<float>(gemm::pipeline<gemm::scale>{{gemm::scale(by_row, by_column)}}, [&](index_t m, index_t n) {
        const float sum = static_cast<float>(in.sum(m, n));
        return static_cast<float>(static_cast<long double>(sum) * static_cast<long double>(factor(m, n)));
      });
      check<float>(gemm::pipeline<gemm::scale_and_add>{{gemm::scale_and_add(by_row, by_column, bias)}},
                   [&](index_t m, index_t n) {
                     return std::fma(static_cast<float>(in.sum(m, n)), factor(m, n), in.bias[at(n * column_step)]);
                   });
    }
  }
}

TEST_CASE("epilogue: a float clamp") {
  const inputs& in = given();
  const gemm::stepped<float> by_column{in.column_scale.data(), 1};
  check<float>(gemm::scale_columns(by_column) >> gemm::clamp(0, 6), [&](index_t m, index_t n) {
    const float sum = static_cast<float>(in.sum(m, n)), scale = in.column_scale[at(n)];
    volatile float x = sum * scale;
    return x < 0 ? 0.0f : x > 6 ? 6.0f : float(x);
  });
}

TEST_CASE("epilogue: requantized by a float, per channel and per tensor") {
  const inputs& in = given();
  for (index_t step : {0, 1}) {
    const gemm::stepped<float> by_column{in.column_scale.data(), step};
    auto rounded = [&](index_t m, index_t n) {
      const float sum = static_cast<float>(in.sum(m, n));
      volatile float x = sum * in.column_scale[at(n * step)];
      return std::nearbyint(static_cast<double>(x));
    };
    check<std::int8_t>(gemm::scale_columns(by_column) >> gemm::round_to(-3, -128, 127),
                       [&](index_t m, index_t n) { return code<std::int8_t>(rounded(m, n), -3, -128, 127); });
    check<std::uint8_t>(gemm::scale_columns(by_column) >> gemm::round_to(10, 10, 200),
                        [&](index_t m, index_t n) { return code<std::uint8_t>(rounded(m, n), 10, 10, 200); });
  }
}

TEST_CASE("epilogue: requantized by integers, rounded twice and once") {
  const inputs& in = given();
  for (index_t step : {0, 1}) {
    const gemm::stepped<std::int32_t> m31{in.multiplier.data(), step}, by{in.shift.data(), step};
    auto twice = [&](index_t m, index_t n) {
      const int shift = in.shift[at(n * step)];
      const std::int64_t left = std::int64_t{in.sum(m, n)} * (shift > 0 ? std::int64_t{1} << shift : 1);
      const std::int64_t product = ties_up(shifted(left, in.multiplier[at(n * step)], 31));
      return ties_away(shifted(product, 1, shift < 0 ? -shift : 0));
    };
    auto once = [&](index_t m, index_t n) {
      return ties_up(shifted(in.sum(m, n), in.multiplier[at(n * step)], 31 - in.shift[at(n * step)]));
    };
    check<std::int8_t>(gemm::pipeline<gemm::rounded_twice>{{gemm::rounded_twice(m31, by, 5, -100, 100)}},
                       [&](index_t m, index_t n) { return code<std::int8_t>(double(twice(m, n)), 5, -100, 100); });
    check<std::uint8_t>(gemm::pipeline<gemm::rounded_once>{{gemm::rounded_once(m31, by, 128, 0, 255)}},
                        [&](index_t m, index_t n) { return code<std::uint8_t>(double(once(m, n)), 128, 0, 255); });
  }
}

TEST_CASE("epilogue: codes beyond 8 bits, or beyond the type that is written, are refused") {
  const float one = 1;
  const gemm::scale_columns scaled({&one, 0});
  CHECK_THROWS_WITH(gemm::round_to(0, -129, 127), says("codes from -129 to 127 with zero point 0"));
  CHECK_THROWS_WITH(gemm::round_to(0, 0, 256), says("codes from 0 to 256"));
  CHECK_THROWS_WITH(gemm::round_to(300, 0, 255), says("zero point 300"));
  CHECK_THROWS_WITH(gemm::round_to(0, 10, -10), says("codes from 10 to -10"));

  std::uint8_t unsigned_codes[1];
  std::int8_t signed_codes[1];
  const auto bytes = static_cast<std::uint8_t*>(unsigned_codes);
  const auto signs = static_cast<std::int8_t*>(signed_codes);
  CHECK_THROWS_WITH(scaled >> gemm::round_to(0, -128, 127) >> gemm::store<std::uint8_t>(bytes, 1),
                    says("codes from -128 to 127 stored as 0 to 255"));
  CHECK_THROWS_WITH(scaled >> gemm::round_to(0, 0, 255) >> gemm::scatter<std::int8_t>(signs, 1, 1),
                    says("codes from 0 to 255 stored as -128 to 127"));
  CHECK_NOTHROW(scaled >> gemm::round_to(0, 0, 127) >> gemm::store<std::int8_t>(signs, 1));
}
