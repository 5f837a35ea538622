// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/format.hpp>

#include "catch.hpp"

using namespace equant;

namespace {

/// A format as somebody else may write one: three levels that are no integers. The bits and members
/// of the contract, nothing inherited.
struct thirds {
  static constexpr int bits = 2;
  static constexpr bool has_zero_point = false;
  static constexpr std::uint8_t encode(float r) { return r > 0.5f ? 2 : r < -0.5f ? 0 : 1; }
  static constexpr float decode(std::uint8_t c) { return static_cast<float>(c) - 1.0f; }
  static constexpr float largest() { return 1; }
  static constexpr bool contains(float r) { return r >= -1 && r <= 1; }
  constexpr bool operator==(const thirds&) const = default;
};

/// The same codes, declared to be integers.
template <class Code>
struct trits : thirds {
  using code_type = Code;
  static constexpr code_range range{-1, 1};
  constexpr bool operator==(const trits&) const = default;
};

struct wide_codes : thirds {
  static constexpr int bits = 9;  // needs a 16-bit word, but encodes to 8
  constexpr bool operator==(const wide_codes&) const = default;
};

struct not_comparable : thirds {
  bool operator==(const not_comparable&) const = delete;
};

}  // namespace

TEST_CASE("format: a code is held by the smallest word") {
  CHECK(std::same_as<code_word<1>, std::uint8_t>);
  CHECK(std::same_as<code_word<8>, std::uint8_t>);
  CHECK(std::same_as<code_word<9>, std::uint16_t>);
  CHECK(std::same_as<code_word<16>, std::uint16_t>);
}

TEST_CASE("format: the concept asks for the whole contract") {
  CHECK(element_format<thirds>);
  CHECK_FALSE(integer_format<thirds>);
  CHECK(integer_format<trits<std::int8_t>>);
  CHECK_FALSE(element_format<int>);
  CHECK_FALSE(element_format<affine>);
  CHECK_FALSE(element_format<wide_codes>);
  CHECK_FALSE(element_format<not_comparable>);
}

TEST_CASE("format: the sign bit turns a word of two's complement into its integer") {
  CHECK(sign_bit<trits<std::int8_t>> == 2);
  CHECK(sign_bit<trits<std::uint8_t>> == 0);
  // (word ^ sign) - sign: 11 is -1, 00 is 0, 01 is 1.
  constexpr std::int32_t sign = sign_bit<trits<std::int8_t>>;
  CHECK((3 ^ sign) - sign == -1);
  CHECK((0 ^ sign) - sign == 0);
  CHECK((1 ^ sign) - sign == 1);
}
