// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/formats/formats.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace {

using namespace equant;

constexpr float infinity = std::numeric_limits<float>::infinity();

/// f(format) for every integer format, named in what a failure prints.
template <class... Format, class F>
void for_each(formats::list<Format...>, F f) {
  auto named = [&](auto format) {
    using format_type = decltype(format);
    INFO("integer of " << format_type::bits << " bits, " << format_type::range.lowest << " to "
                       << format_type::range.highest);
    f(format);
  };
  (named(Format{}), ...);
}

/// Reals where a code begins and ends, the ties, what is next to them, and some between.
std::vector<float> reals_around(code_range range) {
  std::vector<float> reals = builders::special_values<float>();
  for (float v : builders::uniform<float>(2000, 1.5 * range.lowest - 2, 1.5 * range.highest + 2)) reals.push_back(v);
  const std::int32_t stride = (range.highest - range.lowest) / 500 + 1;
  for (std::int32_t k = range.lowest - 2; k <= range.highest + 2; k += stride) {
    for (int few = -2; few <= 2; ++few) {
      reals.push_back(builders::neighbour(static_cast<float>(k), few));
      reals.push_back(builders::neighbour(static_cast<float>(k) + 0.5f, few));
    }
  }
  return reals;
}

/// The nearest integer of a range by looking at all of them; of two equally near ones the even.
std::int32_t nearest(double r, code_range range) {
  std::int32_t best = range.lowest;
  for (std::int32_t v = range.lowest; v <= range.highest; ++v) {
    const double closer = std::abs(r - best) - std::abs(r - v);
    if (closer > 0 || (closer == 0 && v % 2 == 0)) best = v;
  }
  return best;
}

}  // namespace

TEST_CASE("integer: every code decodes to its integer and encodes back to itself", "[formats]") {
  for_each(formats::integers{}, [](auto format) {
    using F = decltype(format);
    int wrong = 0;
    for (std::int32_t v = F::range.lowest; v <= F::range.highest; ++v) {
      const auto word = F::to_word(v);
      const bool in_the_low_bits = (word >> F::bits) == 0 && (word & 1) == (v & 1);
      const bool back = F::value(word) == v && F::decode(word) == static_cast<float>(v);
      wrong += in_the_low_bits && back && F::encode(static_cast<float>(v)) == word ? 0 : 1;
    }
    CHECK(wrong == 0);
  });
}

TEST_CASE("integer: codes are two's complement", "[formats]") {
  CHECK(int{int4::to_word(-1)} == 0x0f);
  CHECK(int{int4::to_word(-8)} == 0x08);
  CHECK(int{int12::to_word(-2048)} == 0x800);
  CHECK(int{int16::to_word(-2)} == 0xfffe);
  CHECK(int{uint3::to_word(7)} == 7);
  CHECK(int{integer<1>::to_word(-1)} == 1);
  // a narrow format does not make its lowest word, but knows what it would mean
  CHECK(narrow_int4::value(8) == -8);
  CHECK(int{narrow_int4::encode(-8)} == 9);
  for_each(formats::integers{}, [](auto format) {
    using F = decltype(format);
    CHECK(F::value(static_cast<typename F::word>((1 << F::bits) - 1)) ==
          (F::range.lowest < 0 ? -1 : (1 << F::bits) - 1));
  });
}

TEST_CASE("integer: encode is nearest, ties to even, and saturates", "[formats]") {
  for_each(formats::integers{}, [](auto format) {
    using F = decltype(format);
    for (float r : reals_around(F::range)) {
      const double x = std::isnan(r) ? 0 : std::clamp(static_cast<double>(r), -1e6, 1e6);
      const std::int32_t expected =
          F::bits <= 8 ? nearest(x, F::range)
                       : std::clamp(static_cast<std::int32_t>(std::nearbyint(x)), F::range.lowest, F::range.highest);
      if (F::value(F::encode(r)) != expected) {
        FAIL(Catch::Detail::stringify(r) << " became " << F::value(F::encode(r)) << ", not " << expected);
      }
    }
    CHECK(F::value(F::encode(infinity)) == F::range.highest);
    CHECK(F::value(F::encode(-infinity)) == F::range.lowest);
    CHECK(F::value(F::encode(std::numeric_limits<float>::quiet_NaN())) == 0);
  });
  CHECK(int{uint8::encode(2.5f)} == 2);
  CHECK(int{uint8::encode(3.5f)} == 4);
  CHECK(int8::value(int8::encode(-2.5f)) == -2);
}

TEST_CASE("integer: contains what is rounded rather than clipped", "[formats]") {
  for_each(formats::integers{}, [](auto format) {
    using F = decltype(format);
    for (float r : reals_around(F::range)) {
      const double whole = std::nearbyint(static_cast<double>(r));
      const bool inside = whole >= F::range.lowest && whole <= F::range.highest;  // false for NaN
      if (F::contains(r) != inside) FAIL(Catch::Detail::stringify(r));
    }
    CHECK(F::contains(0));
    CHECK_FALSE(F::contains(infinity));
  });
  CHECK(uint8::contains(-0.5f));
  CHECK_FALSE(uint8::contains(-0.50001f));
  CHECK_FALSE(uint8::contains(255.5f));  // the tie's even neighbour is 256
  CHECK(uint8::contains(255.49998f));
}

TEST_CASE("integer: what the types say", "[formats]") {
  for_each(formats::integers{}, [](auto format) {
    using F = decltype(format);
    static_assert(integer_format<F> && element_format<F> && F::has_zero_point);
    static_assert(std::is_empty_v<F> && F{} == F{});
    static_assert(sizeof(typename F::code_type) == sizeof(code_word<F::bits>));
    static_assert(std::is_signed_v<typename F::code_type> == (F::range.lowest < 0));
    static_assert(sign_bit<F> == (F::range.lowest < 0 ? 1 << (F::bits - 1) : 0));
    static_assert(F::largest() == static_cast<float>(F::range.highest));
    static_assert(F::decode(F::encode(1e9f)) == static_cast<float>(F::range.highest));
    CHECK(F::range.lowest <= 0);
  });
  static_assert(int8::range == code_range{-128, 127} && narrow_int8::range == code_range{-127, 127});
  static_assert(uint16::range == code_range{0, 65535} && int16::range == code_range{-32768, 32767});
  static_assert(uint1::range == code_range{0, 1} && integer<1>::range == code_range{-1, 0});
  static_assert(int2::range == code_range{-2, 1} && narrow_integer<2>::range == code_range{-1, 1});
  static_assert(int10::bits == 10 && uint12::bits == 12 && int14::bits == 14);
  static_assert(std::same_as<int8::code_type, std::int8_t> && std::same_as<uint4::code_type, std::uint8_t>);
  static_assert(std::same_as<int10::code_type, std::int16_t> && std::same_as<uint10::word, std::uint16_t>);
  // a range of one's own: ternary weights
  using ternary = integer_codes<2, -1, 1>;
  static_assert(ternary::decode(ternary::encode(-7)) == -1 && std::same_as<ternary, narrow_integer<2>>);
  // at compile time, through a table
  constexpr auto table = [] {
    std::array<std::uint8_t, 3> codes{};
    const float reals[] = {-0.6f, 0.4f, 9};
    for (std::size_t i = 0; i < 3; ++i) codes[i] = int3::encode(reals[i]);
    return codes;
  }();
  static_assert(table == std::array<std::uint8_t, 3>{7, 0, 3});
}
