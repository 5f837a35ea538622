// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Integer requantization against golden vectors of gemmlowp: the lanes it is made of, and the stages themselves.
#include "catch.hpp"
#include "golden.hpp"

#include <equant/gemm/epilogue.hpp>

#include <limits>

namespace {

using namespace equant;
using std::int32_t;

std::vector<int32_t> column(const std::vector<golden::row>& rows, const std::string& name) {
  std::vector<int32_t> x;
  for (const golden::row& r : rows) x.push_back(r.integer(name));
  return x;
}

/// f over arrays of numbers, lanes at a time; f takes the place of its first lane, how many there are, and the lanes.
template <class L, class F>
std::vector<int32_t> mapped(const std::vector<int32_t>& x, F f) {
  std::vector<int32_t> out(x.size());
  for (std::size_t i = 0; i < x.size(); i += L::count) {
    const int left = static_cast<int>(x.size() - i);
    L::store(out.data() + i, f(i, left, L::load(x.data() + i, left)), left);
  }
  return out;
}

struct requantization {
  std::vector<int32_t> x, multiplier, shift, high_product, twice, once;
};

const requantization& table() {
  static const requantization t = [] {
    const auto rows = golden::csv("gemmlowp_fixedpoint.csv");
    return requantization{column(rows, "x"), column(rows, "q_mult"), column(rows, "shift"), column(rows, "srdhm"),
                          column(rows, "tflite_double_rounding"), column(rows, "ruy_single_rounding")};
  }();
  return t;
}

/// A stage over the whole table, a column per line.
template <class L, class Stage>
std::vector<int32_t> staged(int32_t zero_point = 0, int32_t low = std::numeric_limits<int32_t>::min(),
                            int32_t high = std::numeric_limits<int32_t>::max()) {
  const requantization& t = table();
  const gemm::stepped<int32_t> multiplier{t.multiplier.data(), 1}, shift{t.shift.data(), 1};
  const Stage stage(multiplier, shift, zero_point, low, high);
  return mapped<L>(t.x, [&](std::size_t i, int left, typename L::i32 x) {
    return stage.template at<L>(static_cast<index_t>(i), left)(index_t{0}, x);
  });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("gemm: gemmlowp's high product and rounding shift", "[gemm]", isa::compiled) {
  using L = kernels::lanes<TestType>;
  INFO(TestType::name);
  const requantization& t = table();
  REQUIRE(t.x.size() == 4274);
  CHECK(mapped<L>(t.x, [&](std::size_t i, int left, typename L::i32 x) {
          return L::high_product(x, L::load(t.multiplier.data() + i, left));
        }) == t.high_product);

  const auto rows = golden::csv("gemmlowp_rdivpot.csv");
  REQUIRE(rows.size() == 486);
  const auto exponent = column(rows, "exponent");
  CHECK(mapped<L>(column(rows, "x"), [&](std::size_t i, int left, typename L::i32 x) {
          return L::shift_away(x, L::load(exponent.data() + i, left));
        }) == column(rows, "result"));
}

TEMPLATE_LIST_TEST_CASE("gemm: requantization rounded twice and once", "[gemm]", isa::compiled) {
  using L = kernels::lanes<TestType>;
  INFO(TestType::name);
  const requantization& t = table();
  CHECK(staged<L, gemm::rounded_twice>() == t.twice);
  CHECK(staged<L, gemm::rounded_once>() == t.once);
  CHECK(t.twice != t.once);  // the table tells them apart

  // With a zero point and a range, on the lines whose sum with it is no overflow.
  const auto clamped = [&](const std::vector<int32_t>& codes, const std::vector<int32_t>& found) {
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const std::int64_t code = std::int64_t{codes[i]} - 3;
      if (code < std::numeric_limits<int32_t>::min()) continue;
      if (found[i] != std::min<std::int64_t>(std::max<std::int64_t>(code, -100), 120)) FAIL("line " << i + 2);
    }
  };
  clamped(t.twice, staged<L, gemm::rounded_twice>(-3, -100, 120));
  clamped(t.once, staged<L, gemm::rounded_once>(-3, -100, 120));
}
