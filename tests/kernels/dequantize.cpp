// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "kernels/oracle.hpp"
#include "kernels/scenarios.hpp"

#include <equant/kernels/dequantize.hpp>

#include <array>

namespace {

using namespace equant;
using builders::integer_grid;
using scenarios::exact_parameters, scenarios::scenario;

/// A kernel under test.
template <class T, class Map>
struct subject {
  const char* isa;
  void (*from_bytes)(const std::uint8_t* codes, index_t n, run_parameters<Map> p, std::int32_t sign, T* y);
  void (*from_words)(const std::uint16_t* codes, index_t n, run_parameters<Map> p, std::int32_t sign, T* y);
  void (*from_nibbles)(const std::uint8_t* codes, index_t n, run_parameters<Map> p, std::int32_t sign, T* y);
};

template <class Isa, class T, class Map, class Codes, class Word>
void run(const Word* codes, index_t n, run_parameters<Map> p, std::int32_t sign, T* y) {
  kernels::dequantize<Isa>(Codes{codes}, n, p, sign, y);
}

template <class Isa, class T, class Map>
constexpr subject<T, Map> subject_of() {
  return {Isa::name, run<Isa, T, Map, const std::uint8_t*>, run<Isa, T, Map, const std::uint16_t*>,
          run<Isa, T, Map, nibbles<const std::uint8_t>>};
}

/// Codes, and the real values they stand for.
template <class T, class Map>
struct example {
  scenario<T, Map> s;
  std::vector<T> y;
  std::vector<std::uint16_t> words;
  std::vector<std::uint8_t> bytes, packed;

  example(scenario<T, Map> from, const integer_grid& grid) : s(std::move(from)) {
    builders::random_numbers random(static_cast<std::uint64_t>(grid.bits));
    for (index_t i = 0; i < s.size(); ++i) {
      const std::int32_t code = grid.range.lowest + random.below(grid.range.highest - grid.range.lowest + 1);
      y.push_back(oracle::real<T>(code, s.map(i)));
      const std::int32_t word = code & ((1 << grid.bits) - 1);
      words.push_back(static_cast<std::uint16_t>(word));
      bytes.push_back(static_cast<std::uint8_t>(word));
      if (i % 2 == 0) packed.push_back(static_cast<std::uint8_t>(word & 15));
      if (i % 2 == 1) packed.back() = static_cast<std::uint8_t>(packed.back() + 16 * (word & 15));
    }
  }
};

/// Runs a kernel on the first n codes (`size` words or bytes of them) and compares its results to the bit.
template <class T, class Map, class Word, class Kernel>
void compare(const example<T, Map>& e, Kernel kernel, index_t n, index_t offset, const Word* codes, index_t size,
             std::int32_t sign) {
  const builders::exact_copy<Word> in(codes, size, offset);
  const exact_parameters<Map> p(e.s, n, offset);
  builders::guarded<T> out(n, offset);
  kernel(in.data(), n, p.get(), sign, out.data());
  const index_t i = builders::first_difference(e.y.data(), static_cast<const T*>(out.data()), n);
  if (i < n) {
    FAIL("of " << n << ", " << e.s.at(i) << ", word " << e.words[static_cast<std::size_t>(i)] << ": expected "
               << e.y[static_cast<std::size_t>(i)] << ", got " << out.data()[i]);
  }
  if (!out.intact()) FAIL("written outside of " << n << " values");
}

template <class T, class Map>
void check(const subject<T, Map>& k) {
  for (const integer_grid& grid : builders::integer_grids()) {
    INFO(k.isa << ", " << grid.name << ", result of " << sizeof(T) << " bytes");
    scenarios::for_each<T, Map>(
        grid, 15, [&](const scenario<T, Map>& s) { return example<T, Map>(s, grid); },
        [&](const example<T, Map>& e, index_t n, index_t offset) {
          compare(e, k.from_words, n, offset, e.words.data(), n, grid.sign);
          if (grid.bits <= 8) compare(e, k.from_bytes, n, offset, e.bytes.data(), n, grid.sign);
          if (grid.bits == 4) compare(e, k.from_nibbles, n, offset, e.packed.data(), (n + 1) / 2, grid.sign);
        });
    CHECK(grid.bits >= 1);  // the grid was reached
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: dequantize", "[kernels]", isa::compiled) {
  check(subject_of<TestType, float, affine>());
  check(subject_of<TestType, double, affine>());
  check(subject_of<TestType, float, real_affine<float>>());
  check(subject_of<TestType, double, real_affine<float>>());
  check(subject_of<TestType, float, real_affine<double>>());
  check(subject_of<TestType, double, real_affine<double>>());
}

TEST_CASE("kernels: dequantize at compile time", "[kernels]") {
  constexpr auto y = [] {
    const std::array<std::uint8_t, 3> codes{0x00, 0x7f, 0x80};
    const affine map{0.5f, 3};
    std::array<float, 3> r{};
    kernels::dequantize(codes.data(), index_t{3}, run_parameters<affine>{&map.scale, &map.zero_point, 0, 0},
                        sign_bit<int8>, r.data());
    return r;
  }();
  static_assert(y == std::array<float, 3>{-1.5f, 62, -65.5f});
  constexpr auto packed = [] {
    const std::array<std::uint8_t, 2> bytes{0x21, 0x0d};
    const affine map{2, 0};
    std::array<double, 3> r{};
    kernels::dequantize(nibbles<const std::uint8_t>{bytes.data()}, index_t{3},
                        run_parameters<affine>{&map.scale, &map.zero_point, 0, 0}, sign_bit<int4>, r.data());
    return r;
  }();
  static_assert(packed == std::array<double, 3>{2, 4, -6});
  SUCCEED();
}

namespace {

/// A format's own kernel against its decode, element by element, for every code.
template <class Isa, class Format, class T>
void check_format(const Format& format) {
  using word = code_word<Format::bits>;
  INFO(Isa::name << ", format of " << Format::bits << " bits");
  const integer_grid grid{"", Format::bits, {0, (1 << Format::bits) - 1}, 0};
  for (const scenarios::steps& step : scenarios::all_steps) {
    const auto s = scenarios::make<T, affine>(grid, step, 4);
    for (index_t n : {0, 1, 8, 33, 300}) {
      std::vector<word> codes;
      std::vector<T> expected;
      for (index_t i = 0; i < n; ++i) {
        codes.push_back(static_cast<word>((i * 37) & ((1 << Format::bits) - 1)));
        expected.push_back(static_cast<T>(format.decode(codes.back())) * static_cast<T>(s.map(i).scale));
      }
      const builders::exact_copy<word> in(codes.data(), n, n % 4);
      const exact_parameters<affine> p(s, n, n % 4);
      builders::guarded<T> out(n, n % 4);
      kernels::dequantize<Isa>(format, in.data(), n, p.get(), out.data());
      if (!builders::same_bits(expected.data(), static_cast<const T*>(out.data()), n)) FAIL("of " << n);
      CHECK(out.intact());
    }
  }
}

template <class Isa, class... Format>
void check_formats(formats::list<Format...>) {
  (check_format<Isa, Format, float>(Format{}), ...);
  (check_format<Isa, Format, double>(Format{}), ...);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: dequantize, every format by its own decode", "[kernels]", isa::compiled) {
  check_formats<TestType>(formats::all{});
}
