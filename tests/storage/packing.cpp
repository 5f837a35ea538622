// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/storage/packing.hpp>

#include "builders.hpp"
#include "catch.hpp"

#include <array>
#include <utility>

namespace {

using namespace equant;

/// The stream one bit at a time: bit b of code i is bit (i * bits + b) of the stream, counted from the low bit of its
/// first byte.
class bit_stream {
 public:
  explicit bit_stream(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

  void write(index_t i, int bits, unsigned code) {
    for (int b = 0; b < bits; ++b) {
      const auto place = static_cast<std::size_t>(i * bits + b);
      const auto mask = static_cast<std::uint8_t>(1 << (place % 8));
      bytes_[place / 8] = static_cast<std::uint8_t>(bytes_[place / 8] & ~mask);
      if ((code >> b & 1) != 0) bytes_[place / 8] = static_cast<std::uint8_t>(bytes_[place / 8] | mask);
    }
  }
  unsigned read(index_t i, int bits) const {
    unsigned code = 0;
    for (int b = 0; b < bits; ++b) {
      const auto place = static_cast<std::size_t>(i * bits + b);
      code |= (bytes_[place / 8] >> (place % 8) & 1u) << b;
    }
    return code;
  }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

std::vector<std::uint8_t> random_bytes(std::size_t size, std::uint64_t seed) {
  builders::random_numbers random(seed);
  std::vector<std::uint8_t> bytes(size);
  for (auto& b : bytes) b = static_cast<std::uint8_t>(random.bits());
  return bytes;
}

/// Codes whose bits above the width are set, too.
template <int Bits>
std::vector<code_word<Bits>> random_words(index_t n, std::uint64_t seed) {
  builders::random_numbers random(seed);
  std::vector<code_word<Bits>> words(static_cast<std::size_t>(n));
  for (auto& w : words) w = static_cast<code_word<Bits>>(random.bits());
  return words;
}

/// Packs and unpacks [first, first + n) in a stream that ends with the last code, between neighbours that stay.
template <int Bits>
void check(index_t first, index_t n) {
  const auto seed = static_cast<std::uint64_t>(first * 100 + n);
  const auto words = random_words<Bits>(n, seed);
  const auto size = packed_size(first + n, Bits);
  const auto before = random_bytes(size, seed + 1);
  bit_stream expected(before);
  for (index_t i = 0; i < n; ++i) expected.write(first + i, Bits, words[static_cast<std::size_t>(i)]);

  std::vector<std::uint8_t> stream = before;
  stream.shrink_to_fit();
  const builders::exact_copy<code_word<Bits>> in(words.data(), n, first % 3);
  pack<Bits>(stream.data(), first, in.data(), n);
  if (stream != expected.bytes()) FAIL("pack differs, first " << first << ", count " << n);

  builders::guarded<code_word<Bits>> out(n, first % 3);
  unpack<Bits>(stream.data(), first, out.data(), n);
  for (index_t i = 0; i < n; ++i) {
    if (out.data()[i] != expected.read(first + i, Bits)) FAIL("unpack differs, first " << first << ", code " << i);
  }
  if (!out.intact()) FAIL("unpack wrote outside, first " << first << ", count " << n);
}

/// Each code by itself.
template <int Bits>
void check_single() {
  constexpr index_t n = 40;
  const auto words = random_words<Bits>(n, 5);
  auto stream = random_bytes(packed_size(n, Bits), 6);
  bit_stream expected(stream);
  for (index_t i = n; i-- > 0;) {
    const auto word = words[static_cast<std::size_t>(i)];
    put_code<Bits>(stream.data(), i, word);
    expected.write(i, Bits, word);
    if (stream != expected.bytes()) FAIL("put_code " << i);
  }
  for (index_t i = 0; i < n; ++i) {
    if (get_code<Bits>(stream.data(), i) != expected.read(i, Bits)) FAIL("get_code " << i);
  }
}

/// f(width) for 1 to 16, as types.
template <class F>
void for_each_width(F f) {
  [&]<int... Less>(std::integer_sequence<int, Less...>) {
    (f(std::integral_constant<int, Less + 1>{}), ...);
  }(std::make_integer_sequence<int, 16>{});
}

}  // namespace

TEST_CASE("packing: sizes", "[storage]") {
  CHECK(packed_size(0, 5) == 0);
  CHECK(packed_size(1, 1) == 1);
  CHECK(packed_size(8, 1) == 1);
  CHECK(packed_size(9, 1) == 2);
  CHECK(packed_size(8, 3) == 3);
  CHECK(packed_size(3, 12) == 5);
  CHECK(packed_size(7, 16) == 14);
  CHECK(packed_size(index_t{1} << 40, 12) == std::size_t{3} << 39);
}

TEST_CASE("packing: every width, start and length equals a writer of single bits", "[storage]") {
  for_each_width([](auto width) {
    INFO("codes of " << width << " bits");
    for (index_t first = 0; first <= 16; ++first) {
      for (index_t n = 0; n <= 70; ++n) check<width>(first, n);
    }
    check<width>(1000, 5000);
    CHECK(width > 0);
  });
}

TEST_CASE("packing: single codes leave their neighbours alone", "[storage]") {
  for_each_width([](auto width) {
    INFO("codes of " << width << " bits");
    check_single<width>();
    CHECK(width > 0);
  });
}

TEST_CASE("packing: ONNX's order of 4-bit elements, by hand", "[storage]") {
  // TensorProto: two to a byte, the first in the low nibble; an odd last byte has a clear high nibble
  const std::array<std::uint8_t, 5> codes{1, 2, 0xf, 8, 7};
  std::array<std::uint8_t, 3> stream{};
  pack<4>(stream.data(), 0, codes.data(), 5);
  CHECK(stream == std::array<std::uint8_t, 3>{0x21, 0x8f, 0x07});
}

TEST_CASE("packing: other widths by hand", "[storage]") {
  const std::array<std::uint8_t, 5> twos{0, 1, 2, 3, 1};
  std::array<std::uint8_t, 2> two{};
  pack<2>(two.data(), 0, twos.data(), 5);
  CHECK(two == std::array<std::uint8_t, 2>{0b11'10'01'00, 0b01});
  const std::array<std::uint8_t, 8> threes{1, 2, 3, 4, 5, 6, 7, 0};
  std::array<std::uint8_t, 3> three{};
  pack<3>(three.data(), 0, threes.data(), 8);
  CHECK(three == std::array<std::uint8_t, 3>{0b11'010'001, 0b0'101'100'0, 0b000'111'11});
  const std::array<std::uint16_t, 2> twelves{0xabc, 0x123};
  std::array<std::uint8_t, 3> twelve{};
  pack<12>(twelve.data(), 0, twelves.data(), 2);
  CHECK(twelve == std::array<std::uint8_t, 3>{0xbc, 0x3a, 0x12});
  const std::array<std::uint16_t, 2> sixteens{0xabcd, 0x1234};
  std::array<std::uint8_t, 4> sixteen{};
  pack<16>(sixteen.data(), 0, sixteens.data(), 2);
  CHECK(sixteen == std::array<std::uint8_t, 4>{0xcd, 0xab, 0x34, 0x12});
}

TEST_CASE("packing: single codes at compile time", "[storage]") {
  constexpr auto stream = [] {
    std::array<std::uint8_t, 3> bytes{};
    for (index_t i = 0; i < 8; ++i) put_code<3>(bytes.data(), i, static_cast<std::uint8_t>(i));
    return bytes;
  }();
  static_assert(get_code<3>(stream.data(), 2) == 2 && get_code<3>(stream.data(), 5) == 5);
  static_assert(stream == std::array<std::uint8_t, 3>{0b10'001'000, 0b1'100'011'0 & 255, 0b111'110'10});
  SUCCEED();
}
