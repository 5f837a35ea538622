// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/mac.hpp>

namespace {

using namespace equant;
using std::int32_t;
using std::int64_t;

/// The operands of one step as they lie in memory, and the numbers they stand for.
template <class Mac>
struct step_case {
  using element = typename Mac::element;
  static constexpr std::size_t group = Mac::group, columns = Mac::lanes::count;

  int64_t a[group];
  int64_t b[columns][group];
  int32_t sums[columns];

  /// Elements wider than a byte hold codes of either sign.
  static constexpr int a_low = sizeof(element) > 1 || !Mac::unsigned_a ? -128 : 0;
  static constexpr int a_high = sizeof(element) > 1 || Mac::unsigned_a ? 255 : 127;
  static constexpr int b_low = -128, b_high = sizeof(element) > 1 ? 255 : 127;

  template <class A, class B, class Start>
  void fill(A next_a, B next_b, Start next_sum) {
    for (int64_t& x : a) x = next_a();
    for (auto& column : b) {
      for (int64_t& x : column) x = next_b();
    }
    for (int32_t& s : sums) s = next_sum();
  }

  /// With `flip`, a is stored as bytes of the other kind.
  void check(bool flip) const {
    element row[group], panel[columns * group];
    for (std::size_t j = 0; j < group; ++j) {
      const int64_t other = flip && sizeof(element) == 1 ? a[j] + (Mac::unsigned_a ? -128 : 128) : a[j];
      row[j] = static_cast<element>(other);
    }
    for (std::size_t n = 0; n < columns; ++n) {
      for (std::size_t j = 0; j < group; ++j) panel[n * group + j] = static_cast<element>(b[n][j]);
    }
    const builders::exact_copy<element> row_memory(row, group), panel_memory(panel, columns * group);
    auto word = Mac::spread(row_memory.data());
    if (flip) word = Mac::flip(word);
    int32_t found[columns];
    using L = typename Mac::lanes;
    L::store(found, Mac::step(L::load(sums, L::count), word, Mac::load(panel_memory.data())), L::count);
    for (std::size_t n = 0; n < columns; ++n) {
      int64_t sum = sums[n];
      for (std::size_t j = 0; j < group; ++j) sum += a[j] * b[n][j];
      const auto expected = static_cast<int32_t>(static_cast<std::uint32_t>(sum));
      if (found[n] != expected) FAIL("column " << n << ": expected " << expected << ", got " << found[n]);
    }
  }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: multiply and accumulate", "[kernels]", isa::compiled) {
  using mac = kernels::mac_on<TestType>;
  using subject = step_case<mac>;
  static_assert(mac::group * sizeof(typename mac::element) == 4);
  INFO(TestType::name << ", groups of " << mac::group << " elements of " << sizeof(typename mac::element) << " bytes");

  builders::random_numbers random;
  const auto code = [&](int low, int high) {
    return [&random, low, high] { return low + random.below(high - low + 1); };
  };
  const auto sum = [&] { return static_cast<int32_t>(random.bits()); };
  const auto constant = [](int value) { return [value] { return value; }; };
  subject x;
  for (bool flip : {false, true}) {
    // The ends, where narrower sums overflow: -128 * -128 four times, 255 * 127, 255 * -128.
    for (int a : {subject::a_low, subject::a_low + 1, 0, subject::a_high}) {
      for (int b : {subject::b_low, subject::b_low + 1, 0, subject::b_high}) {
        for (int32_t start : {0, 1, -1, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()}) {
          x.fill(constant(a), constant(b), constant(start));
          x.check(flip);
        }
      }
    }
    for (int i = 0; i < 2000; ++i) {
      x.fill(code(subject::a_low, subject::a_high), code(subject::b_low, subject::b_high), sum);
      x.check(flip);
    }
  }
}
