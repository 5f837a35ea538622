// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "formats/nearest.hpp"

#include <equant/formats/formats.hpp>
#include <equant/kernels/convert.hpp>

namespace {

using namespace equant;

using half = minifloat<5, 10, special_codes::ieee, beyond_largest::special>;
using brain = minifloat<8, 7, special_codes::ieee, beyond_largest::special>;
constexpr float infinity = std::numeric_limits<float>::infinity(),
                not_a_number = std::numeric_limits<float>::quiet_NaN();

template <class Format>
void check_decode(const std::string& file) {
  INFO(file);
  const golden::matrix<float> expected = golden::npy<float>(file);
  REQUIRE(expected.size() == 1 << Format::bits);
  for (Eigen::Index c = 0; c < expected.size(); ++c) {
    const float value = Format::decode(static_cast<code_word<Format::bits>>(c));
    if (std::isnan(expected(c)) ? std::isnan(value) : builders::same_bits(&value, &expected(c), 1)) continue;
    FAIL("code " << c << " is " << value << ", expected " << expected(c));
  }
}

/// Every number of 16 bits, half precision and bfloat16.
template <class Format>
void check_encode(const std::string& file) {
  INFO(file);
  const std::vector<double> levels = nearest::levels(file);
  const std::vector<std::uint32_t> steps = nearest::steps(levels);
  for (std::uint32_t word = 0; word < 1u << 16; ++word) {
    for (const float x :
         {half::decode(static_cast<std::uint16_t>(word)), brain::decode(static_cast<std::uint16_t>(word))}) {
      const std::uint32_t sign = std::signbit(x) ? 1u << (Format::bits - 1) : 0;
      const std::uint32_t expected = std::isnan(x)   ? 0
                                     : std::isinf(x) ? sign | static_cast<std::uint32_t>(levels.size() - 1)
                                                     : sign | nearest::code(levels, std::abs(double(x)));
      if (Format::encode(x) != expected) FAIL(x << " became " << +Format::encode(x) << ", not " << expected);
      // the quick oracle of the exhaustive test agrees with the slow one
      const auto at = std::upper_bound(steps.begin(), steps.end(), std::bit_cast<std::uint32_t>(std::abs(x)));
      if (!std::isnan(x) && (expected & ~sign) != static_cast<std::uint32_t>(at - steps.begin())) FAIL("step at " << x);
    }
  }
  SUCCEED();
}

}  // namespace

TEST_CASE("minifloat: every code stands for the value of the golden table", "[formats]") {
  check_decode<fp8_e4m3>("decode_e4m3fn.npy");
  check_decode<fp8_e5m2>("decode_e5m2.npy");
  check_decode<fp6_e3m2>("decode_e3m2.npy");
  check_decode<fp6_e2m3>("decode_e2m3.npy");
  check_decode<fp4_e2m1>("decode_e2m1.npy");
  check_decode<half>("decode_fp16.npy");
}

TEST_CASE("minifloat: every float of 16 bits goes to the nearest", "[formats]") {
  check_encode<fp8_e4m3>("decode_e4m3fn.npy");
  check_encode<fp8_e5m2>("decode_e5m2.npy");
  check_encode<fp6_e3m2>("decode_e3m2.npy");
  check_encode<fp6_e2m3>("decode_e2m3.npy");
  check_encode<fp4_e2m1>("decode_e2m1.npy");
}

TEST_CASE("minifloat: what lies beyond the largest saturates, or is infinity or NaN", "[formats]") {
  using e4m3_special = minifloat<4, 3, special_codes::nan, beyond_largest::special>;
  using e5m2_special = minifloat<5, 2, special_codes::ieee, beyond_largest::special>;
  static_assert(fp8_e4m3::largest() == 448 && fp8_e5m2::largest() == 57344 && fp4_e2m1::largest() == 6);
  static_assert(fp6_e3m2::largest() == 28 && fp6_e2m3::largest() == 7.5f);
  for (float x : {465.0f, 1e30f, infinity}) {
    CHECK(int{fp8_e4m3::encode(x)} == 0x7e);
    CHECK(int{fp8_e4m3::encode(-x)} == 0xfe);
    CHECK(int{e4m3_special::encode(x)} == 0x7f);
    CHECK(int{e4m3_special::encode(-x)} == 0xff);
  }
  CHECK(int{e4m3_special::encode(464)} == 0x7e);  // a tie, to the even code
  CHECK(int{e5m2_special::encode(61439)} == 0x7b);
  CHECK(int{e5m2_special::encode(61440)} == 0x7c);
  CHECK(int{e5m2_special::encode(-infinity)} == 0xfc);
  CHECK(int{fp8_e5m2::encode(61440)} == 0x7b);
  CHECK(int{e5m2_special::encode(not_a_number)} == 0x7f);
  CHECK(int{fp8_e5m2::encode(not_a_number)} == 0);
  CHECK(int{fp8_e4m3::encode(-0.0f)} == 0x80);
  CHECK(fp8_e4m3::contains(464));
  CHECK_FALSE(fp8_e4m3::contains(builders::neighbour(464.0f, 1)));
  CHECK(fp4_e2m1::contains(builders::neighbour(-7.0f, 1)));
  CHECK_FALSE(fp4_e2m1::contains(-7));
}

TEST_CASE("minifloat: half and bfloat16 are two of them", "[formats]") {
  builders::random_numbers random;
  for (int i = 0; i < 200000; ++i) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(random.bits()));
    if (std::isnan(x)) continue;
    if (half::encode(x) != kernels::half_words::narrow(x)) FAIL("half " << x);
    if (brain::encode(x) != kernels::bfloat_words::narrow(x)) FAIL("bfloat16 " << x);
  }
  for (std::uint32_t c = 0; c < 1u << 16; ++c) {
    const auto word = static_cast<std::uint16_t>(c);
    const float a = brain::decode(word), b = kernels::bfloat_words::widen(word);
    if (!std::isnan(b) && !builders::same_bits(&a, &b, 1)) FAIL("bfloat16 code " << c);
  }
  CHECK(half::largest() == 65504);
}

TEST_CASE("minifloat: random rounding is right on average, and leaves what is representable", "[formats]") {
  const std::vector<double> levels = nearest::levels("decode_e4m3fn.npy");
  constexpr std::uint32_t draws = 1024;
  for (double x : {0.0, 1.0, 1.0625, 3.3, 447.9, 0.001, 0x1.23p-9, 0x1p-20, 17.0 + 1.0 / 3}) {
    for (double sign : {1.0, -1.0}) {
      double sum = 0;
      for (std::uint32_t i = 0; i < draws; ++i) {
        const float y = fp8_e4m3::decode(fp8_e4m3::encode(static_cast<float>(sign * x), i << 22 | 0x1fffff));
        sum += static_cast<double>(y);
      }
      const auto above = std::lower_bound(levels.begin(), levels.end(), x);
      const double gap = above == levels.begin() ? 0 : *above - *(above - 1);
      CHECK(std::abs(sum / draws - sign * x) <= gap / draws);
    }
  }
  for (const double level : levels) {
    const auto x = static_cast<float>(level);
    CHECK(fp8_e4m3::decode(fp8_e4m3::encode(x, 0xffffffffu)) == x);
    CHECK(fp8_e4m3::decode(fp8_e4m3::encode(-x, 0)) == -x);
  }
  CHECK(int{fp8_e4m3::encode(1000, 7)} == 0x7e);
  CHECK(int{fp8_e4m3::encode(not_a_number, 7)} == 0);
}
