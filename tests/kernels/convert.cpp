// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/convert.hpp>

#include <Eigen/Core>

#include <algorithm>

namespace {

using namespace equant;
using kernels::bfloat_words, kernels::half_words;

/// The two formats by their definition: a sign, exponent bits and mantissa bits.
template <class Words>
struct layout;
template <>
struct layout<half_words> {
  using eigen = Eigen::half;
  static constexpr int exponent_bits = 5, mantissa_bits = 10;
};
template <>
struct layout<bfloat_words> {
  using eigen = Eigen::bfloat16;
  static constexpr int exponent_bits = 8, mantissa_bits = 7;
};

constexpr int sign_bit_16 = 0x8000;

/// The infinity's word; larger magnitudes are NaN, smaller ones numbers.
template <class Words>
constexpr int infinity_word = ((1 << layout<Words>::exponent_bits) - 1) << layout<Words>::mantissa_bits;

/// The value of a positive finite word; the infinity's is that of one more binade, which is what rounding sees.
template <class Words>
double magnitude(int word) {
  constexpr int mantissa_bits = layout<Words>::mantissa_bits;
  constexpr int bias = (1 << (layout<Words>::exponent_bits - 1)) - 1;
  const int exponent = word >> mantissa_bits, mantissa = word & ((1 << mantissa_bits) - 1);
  if (exponent == 0) return std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return std::ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
}

std::vector<std::uint16_t> all_words() {
  std::vector<std::uint16_t> words;
  for (int w = 0; w < 65536; ++w) words.push_back(static_cast<std::uint16_t>(w));
  return words;
}

template <class Isa, class Words>
void check_widen() {
  INFO(Isa::name << ", " << layout<Words>::mantissa_bits << " mantissa bits");
  const auto words = all_words();
  std::vector<float> y(words.size());
  kernels::widen<Isa>(Words{}, words.data(), 65536, y.data());
  int wrong = 0;
  for (std::size_t w = 0; w < words.size(); ++w) {
    const int size = words[w] & 0x7fff;
    const auto eigens = static_cast<float>(Eigen::numext::bit_cast<typename layout<Words>::eigen>(words[w]));
    bool right = std::signbit(y[w]) == (words[w] >= sign_bit_16);
    if (size < infinity_word<Words>) {
      right = right && static_cast<double>(std::abs(y[w])) == magnitude<Words>(size) && y[w] == eigens;
    } else if (size == infinity_word<Words>) {
      right = right && std::isinf(y[w]) && y[w] == eigens;
    } else {
      // the payload stays in the upper bits; a half's NaN becomes quiet, a bfloat's is moved as it is
      const auto bits = std::bit_cast<std::uint32_t>(y[w]);
      const auto payload = static_cast<std::uint32_t>(size - infinity_word<Words>)
                           << (23 - layout<Words>::mantissa_bits);
      const std::uint32_t quiet = std::is_same_v<Words, half_words> ? 0x400000u : 0u;
      right = right && std::isnan(y[w]) && (bits & 0x7fffffu) == (payload | quiet);
    }
    wrong += right ? 0 : 1;
  }
  CHECK(wrong == 0);
}

struct narrow_example {
  float x;
  int word;
};

/// Every word's value, the tie to the next one, and the floats next to both.
template <class Words>
std::vector<narrow_example> narrow_examples() {
  std::vector<narrow_example> examples;
  auto add = [&](float x, int word) {
    examples.push_back({x, word});
    examples.push_back({-x, word + sign_bit_16});
  };
  for (int w = 0; w < infinity_word<Words>; ++w) {
    const double here = magnitude<Words>(w), next = magnitude<Words>(w + 1);
    const auto x = static_cast<float>(here), tie = static_cast<float>((here + next) / 2);
    REQUIRE((static_cast<double>(x) == here && static_cast<double>(tie) * 2 == here + next));
    add(x, w);
    add(builders::neighbour(x, 1), w);
    if (w > 0) add(builders::neighbour(x, -1), w);
    add(tie, w % 2 == 0 ? w : w + 1);
    add(builders::neighbour(tie, -1), w);
    add(builders::neighbour(tie, 1), w + 1);
  }
  const float largest = std::numeric_limits<float>::max();
  add(largest, infinity_word<Words>);
  add(std::numeric_limits<float>::infinity(), infinity_word<Words>);
  add(std::numeric_limits<float>::denorm_min(), 0);
  if (std::is_same_v<Words, half_words>) add(65536, infinity_word<Words>);
  return examples;
}

/// Random floats by a search for the nearest word.
template <class Words>
void add_random(std::vector<narrow_example>& examples) {
  std::vector<double> magnitudes;
  for (int w = 0; w <= infinity_word<Words>; ++w) magnitudes.push_back(magnitude<Words>(w));
  builders::random_numbers random;
  for (int i = 0; i < 100000; ++i) {
    // exponents around the format's own, and beyond
    const auto x = static_cast<float>(std::ldexp(random.uniform(1, 2), random.below(48) - 28));
    const auto above = std::upper_bound(magnitudes.begin(), magnitudes.end() - 1, static_cast<double>(x));
    auto w = static_cast<int>(above - magnitudes.begin());
    const double tie = (magnitude<Words>(w) + magnitude<Words>(w - 1)) / 2;
    if (static_cast<double>(x) < tie || (static_cast<double>(x) == tie && w % 2 == 1)) --w;
    examples.push_back({x, w});
  }
}

template <class Isa, class Words>
void check_narrow() {
  INFO(Isa::name << ", " << layout<Words>::mantissa_bits << " mantissa bits");
  auto examples = narrow_examples<Words>();
  add_random<Words>(examples);
  std::vector<float> x;
  for (const auto& e : examples) x.push_back(e.x);
  std::vector<std::uint16_t> words(x.size());
  kernels::narrow<Isa>(Words{}, x.data(), static_cast<index_t>(x.size()), words.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (words[i] != examples[i].word) {
      FAIL("x " << Catch::Detail::stringify(x[i]) << ": expected " << examples[i].word << ", got " << words[i]);
    }
    const auto eigens = Eigen::numext::bit_cast<std::uint16_t>(static_cast<typename layout<Words>::eigen>(x[i]));
    if (words[i] != eigens) FAIL("Eigen has " << eigens << " for " << x[i]);
  }
  CHECK(examples.size() > 100000);
}

/// NaN stays NaN with its sign and the upper bits of its payload, and is quiet.
template <class Isa, class Words>
void check_narrow_nan() {
  builders::random_numbers random;
  std::vector<float> x;
  for (std::uint32_t payload : {1u, 0x1fffu, 0x2000u, 0x3fffffu, 0x400000u, 0x7fffffu}) {
    x.push_back(std::bit_cast<float>(0x7f800000u | payload));
    x.push_back(std::bit_cast<float>(0xff800000u | payload));
  }
  for (int i = 0; i < 1000; ++i) {
    x.push_back(std::bit_cast<float>(0x7f800000u | 1u | static_cast<std::uint32_t>(random.bits())));
  }
  std::vector<std::uint16_t> words(x.size());
  kernels::narrow<Isa>(Words{}, x.data(), static_cast<index_t>(x.size()), words.data());
  constexpr int mantissa_bits = layout<Words>::mantissa_bits;
  int wrong = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(x[i]);
    const std::uint32_t payload = (bits & 0x7fffffu) >> (23 - mantissa_bits) | 1u << (mantissa_bits - 1);
    wrong += words[i] == ((bits >> 16 & 0x8000u) | infinity_word<Words> | payload) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

template <class Isa, class Words>
void check_lengths() {
  for (index_t n = 0; n <= 70; ++n) {
    std::vector<std::uint16_t> words;
    std::vector<float> reals;
    for (index_t i = 0; i < n; ++i) {
      words.push_back(static_cast<std::uint16_t>(i * 331 + n));
      reals.push_back(Words::widen(words.back()));
    }
    const index_t offset = n % 4;
    const builders::exact_copy<std::uint16_t> words_in(words.data(), n, offset);
    const builders::exact_copy<float> reals_in(reals.data(), n, offset);
    builders::guarded<float> reals_out(n, offset);
    builders::guarded<std::uint16_t> words_out(n, offset);
    kernels::widen<Isa>(Words{}, words_in.data(), n, reals_out.data());
    kernels::narrow<Isa>(Words{}, reals_in.data(), n, words_out.data());
    CHECK(builders::same_bits(reals.data(), static_cast<const float*>(reals_out.data()), n));
    CHECK(builders::same_bits(words.data(), static_cast<const std::uint16_t*>(words_out.data()), n));
    CHECK((reals_out.intact() && words_out.intact()));
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: widen half and bfloat16", "[kernels]", isa::compiled) {
  check_widen<TestType, half_words>();
  check_widen<TestType, bfloat_words>();
}

TEMPLATE_LIST_TEST_CASE("kernels: narrow to half and bfloat16", "[kernels]", isa::compiled) {
  check_narrow<TestType, half_words>();
  check_narrow<TestType, bfloat_words>();
  check_narrow_nan<TestType, half_words>();
  check_narrow_nan<TestType, bfloat_words>();
}

TEMPLATE_LIST_TEST_CASE("kernels: widen and narrow of every length", "[kernels]", isa::compiled) {
  check_lengths<TestType, half_words>();
  check_lengths<TestType, bfloat_words>();
}

TEST_CASE("kernels: widen and narrow at compile time", "[kernels]") {
  static_assert(half_words::widen(0x3c00) == 1 && half_words::widen(0x0001) == 0x1p-24f);
  static_assert(half_words::narrow(65519.996f) == 0x7bff && half_words::narrow(65520) == 0x7c00);
  static_assert(bfloat_words::widen(0xc040) == -3 && bfloat_words::narrow(-3) == 0xc040);
  SUCCEED();
}
