// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "kernels/oracle.hpp"
#include "kernels/scenarios.hpp"

#include <equant/kernels/quantize.hpp>

#include <array>

namespace {

using namespace equant;
using builders::integer_grid;
using scenarios::away, scenarios::before, scenarios::gemmlowp, scenarios::reciprocal, scenarios::reciprocal_before,
    scenarios::truncating;
using scenarios::exact_parameters, scenarios::scenario;

/// A kernel under test, and what it is held to.
template <class T, class Map>
struct subject {
  const char* isa;
  std::int32_t (*oracle)(T x, const Map& map, code_range range);
  void (*to_bytes)(const T* x, index_t n, run_parameters<Map> p, code_range range, std::uint8_t* codes);
  void (*to_words)(const T* x, index_t n, run_parameters<Map> p, code_range range, std::uint16_t* codes);
  void (*to_nibbles)(const T* x, index_t n, run_parameters<Map> p, code_range range, std::uint8_t* codes);
};

template <class Isa, class Rules, class T, class Map, class Codes, class Out>
void run(const T* x, index_t n, run_parameters<Map> p, code_range range, Out* codes) {
  kernels::quantize<Isa>(Rules{}, x, n, p, range, Codes{codes});
}

template <class Isa, class Rules, class T, class Map>
constexpr subject<T, Map> subject_of() {
  return {Isa::name, oracle::code<Rules, T, Map>, run<Isa, Rules, T, Map, std::uint8_t*>,
          run<Isa, Rules, T, Map, std::uint16_t*>, run<Isa, Rules, T, Map, nibbles<std::uint8_t>>};
}

/// Values with the codes they should get.
template <class T, class Map>
struct example {
  scenario<T, Map> s;
  std::vector<std::uint16_t> words;
  std::vector<std::uint8_t> bytes, packed;

  example(scenario<T, Map> values, decltype(subject<T, Map>::oracle) code) : s(std::move(values)) {
    const std::vector<std::int32_t> codes = s.each(code);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      words.push_back(static_cast<std::uint16_t>(codes[i]));
      bytes.push_back(static_cast<std::uint8_t>(codes[i]));
      const int nibble = codes[i] & 15;
      if (i % 2 == 0) packed.push_back(static_cast<std::uint8_t>(nibble));
      if (i % 2 == 1) packed.back() = static_cast<std::uint8_t>(packed.back() + 16 * nibble);
    }
  }
};

/// Runs a kernel on the first n values and compares the `size` words or bytes it writes, and that it writes no more.
template <class T, class Map, class Out, class Kernel>
void compare(const example<T, Map>& e, Kernel kernel, index_t n, index_t offset, const Out* expected, index_t size) {
  const builders::exact_copy<T> x(e.s.x.data(), n, offset);
  const exact_parameters<Map> p(e.s, n, offset);
  builders::guarded<Out> out(size, offset);
  kernel(x.data(), n, p.get(), e.s.range, out.data());
  const index_t i = builders::first_difference(expected, static_cast<const Out*>(out.data()), size);
  if (i < size) {
    FAIL("of " << n << ", " << e.s.at(i * n / size) << ": expected " << +expected[i] << ", got " << +out.data()[i]);
  }
  if (!out.intact()) FAIL("written outside of " << n << " codes");
}

template <class T, class Map>
void check(const subject<T, Map>& k, int count) {
  for (const integer_grid& grid : builders::integer_grids()) {
    INFO(k.isa << ", " << grid.name << ", source of " << sizeof(T) << " bytes");
    scenarios::for_each<T, Map>(
        grid, grid.bits % 4 == 0 ? count : 5,
        [&](const scenario<T, Map>& s) { return example<T, Map>(s, k.oracle); },
        [&](const example<T, Map>& e, index_t n, index_t offset) {
          compare(e, k.to_words, n, offset, e.words.data(), n);
          if (grid.bits <= 8) compare(e, k.to_bytes, n, offset, e.bytes.data(), n);
          if (grid.bits == 4) {
            std::vector<std::uint8_t> packed(e.packed.begin(), e.packed.begin() + (n + 1) / 2);
            if (n % 2 == 1) packed.back() &= 15;
            compare(e, k.to_nibbles, n, offset, packed.data(), (n + 1) / 2);
          }
        });
    CHECK(grid.bits >= 1);  // the grid was reached
  }
}

template <class Isa, class Rules, class Map>
void check_sources(int count = 15) {
  check(subject_of<Isa, Rules, float, Map>(), count);
  check(subject_of<Isa, Rules, double, Map>(), count);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: quantize, zero point after rounding", "[kernels]", isa::compiled) {
  check_sources<TestType, arithmetic<>, affine>();
  check_sources<TestType, away, affine>();
  check_sources<TestType, reciprocal, affine>();
  check_sources<TestType, truncating, affine>(7);
}

TEMPLATE_LIST_TEST_CASE("kernels: quantize, zero point before rounding", "[kernels]", isa::compiled) {
  check_sources<TestType, gemmlowp, affine>();
  check_sources<TestType, before, affine>(7);
  check_sources<TestType, before, real_affine<float>>();
  check_sources<TestType, before, real_affine<double>>();
  check_sources<TestType, gemmlowp, real_affine<float>>(7);
  check_sources<TestType, gemmlowp, real_affine<double>>(7);
  check_sources<TestType, reciprocal_before, real_affine<float>>(7);
  check_sources<TestType, reciprocal_before, real_affine<double>>(7);
}

namespace {

/// Values around every tie of a grid (some 300 of them, where it has more): the tie as it rounds, its neighbours, and
/// what lies at the border of the zone in which a fast path must take the division. One to a block of 32, among zeros.
std::vector<float> around_ties(float scale, std::int32_t zero_point, code_range range) {
  const double s = static_cast<double>(scale);
  const double reach = std::max(range.highest - zero_point, zero_point - range.lowest) + 1;
  const double zone = reach * 0x1p-21;
  const std::int32_t stride = (range.highest - range.lowest) / 300 + 1;
  std::vector<float> x;
  for (std::int32_t k = range.lowest - 1 - zero_point; k <= range.highest + 1 - zero_point; k += stride) {
    std::vector<float> hard;
    for (int few = -4; few <= 4; ++few) hard.push_back(builders::neighbour(static_cast<float>((k + 0.5) * s), few));
    for (double part : {0.1, 0.25, 0.5, 0.99, 1.01}) {
      hard.push_back(static_cast<float>((k + 0.5 - part * zone) * s));
      hard.push_back(static_cast<float>((k + 0.5 + part * zone) * s));
    }
    for (float v : hard) {
      const std::size_t block = x.size();
      x.resize(block + 32, 0.0f);
      x[block + block / 32 % 32] = v;
    }
  }
  return x;
}

template <class Isa, class Rules>
void check_ties(const integer_grid& grid, float scale, std::int32_t zero_point) {
  const affine map{scale, zero_point};
  const std::vector<float> x = around_ties(scale, zero_point, grid.range);
  std::vector<std::uint16_t> codes(x.size());
  kernels::quantize<Isa>(Rules{}, x.data(), static_cast<index_t>(x.size()),
                         run_parameters<affine>{&map.scale, &map.zero_point, 0, 0}, grid.range, codes.data());
  const std::int32_t code_of_zero = oracle::code<Rules>(0.0f, map, grid.range);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::int32_t expected = x[i] == 0 ? code_of_zero : oracle::code<Rules>(x[i], map, grid.range);
    if (codes[i] != static_cast<std::uint16_t>(expected)) {
      FAIL("x " << Catch::Detail::stringify(x[i]) << ", scale " << scale << ", zero point " << zero_point
                << ": expected " << expected << ", got " << codes[i]);
    }
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: quantize, around every tie", "[kernels]", isa::compiled) {
  builders::random_numbers random;
  for (const integer_grid& grid : builders::integer_grids()) {
    if (grid.bits % 4 != 0) continue;
    INFO(TestType::name << ", " << grid.name);
    std::vector<float> scales = {0.00214854861f, 0.1f, 0x1p-119f, 0x1p-126f, 1e37f};
    for (int i = 0; i < 5; ++i) scales.push_back(static_cast<float>(std::exp2(random.uniform(-20, 20))));
    for (float s : scales) {
      const auto zero = static_cast<std::int32_t>(random.uniform(grid.range.lowest, grid.range.highest + 1));
      check_ties<TestType, arithmetic<>>(grid, s, zero);
      check_ties<TestType, away>(grid, s, zero);
    }
    CHECK(scales.size() == 10);
  }
}

// 0.273939937 / 0.00214854861 rounds to 127.499992, its product with the rounded reciprocal to 127.5.
TEMPLATE_LIST_TEST_CASE("kernels: quantize, division is not multiplication", "[kernels]", isa::compiled) {
  const affine map{0.00214854861f, 0};
  const run_parameters<affine> p{&map.scale, &map.zero_point, 0, 0};
  for (std::size_t place = 0; place < 40; ++place) {
    std::array<float, 40> x{};
    x[place] = 0.273939937f;
    std::array<std::uint8_t, 40> codes{};
    kernels::quantize<TestType>(arithmetic<>{}, x.data(), 40, p, uint8::range, codes.data());
    CHECK(int{codes[place]} == 127);
    kernels::quantize<TestType>(reciprocal{}, x.data(), 40, p, uint8::range, codes.data());
    CHECK(int{codes[place]} == 128);
  }
}

TEST_CASE("kernels: quantize at compile time", "[kernels]") {
  constexpr auto codes = [] {
    const std::array<float, 5> x{-1, -0.25f, 0.25f, 0.75f, 100};
    const affine map{0.5f, 3};
    std::array<std::uint8_t, 5> c{};
    kernels::quantize(arithmetic<>{}, x.data(), 5, run_parameters<affine>{&map.scale, &map.zero_point, 0, 0},
                      uint4::range, c.data());
    return c;
  }();
  static_assert(codes == std::array<std::uint8_t, 5>{1, 3, 3, 5, 15});
  constexpr auto packed = [] {
    const std::array<double, 3> x{1, 2, -3};
    const affine map{1, 0};
    std::array<std::uint8_t, 2> bytes{255, 255};
    kernels::quantize(arithmetic<>{}, x.data(), 3, run_parameters<affine>{&map.scale, &map.zero_point, 0, 0},
                      int4::range, nibbles<std::uint8_t>{bytes.data()});
    return bytes;
  }();
  static_assert(packed == std::array<std::uint8_t, 2>{0x21, 0x0d});
  SUCCEED();
}

namespace {

/// A format's own kernel against its encode, element by element.
template <class Isa, class Format, class T>
void check_format(const Format& format) {
  using word = code_word<Format::bits>;
  INFO(Isa::name << ", format of " << Format::bits << " bits");
  const integer_grid grid{"", Format::bits, {-(1 << Format::bits), 1 << Format::bits}, 0};
  for (const scenarios::steps& step : scenarios::all_steps) {
    auto s = scenarios::make<T, affine>(grid, step, 2);
    s.scale[0] = 0.03f;
    for (index_t n : {0, 1, 8, 33, 300}) {
      const builders::exact_copy<T> x(s.x.data(), n, n % 4);
      const exact_parameters<affine> p(s, n, n % 4);
      builders::guarded<word> out(n, n % 4);
      kernels::quantize<Isa>(format, x.data(), n, p.get(), out.data());
      for (index_t i = 0; i < n; ++i) {
        const word expected = format.encode(static_cast<float>(s.x[static_cast<std::size_t>(i)] / s.map(i).scale));
        if (out.data()[i] != expected) FAIL(s.at(i) << ": expected " << +expected << ", got " << +out.data()[i]);
      }
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

TEMPLATE_LIST_TEST_CASE("kernels: quantize, every format by its own encode", "[kernels]", isa::compiled) {
  check_formats<TestType>(formats::all{});
}

// Hours under a sanitizer, a minute per scale without. An odd factor scatters the patterns, so that neighbours, which
// share the neighbourhood of a tie, do not share a block.
TEMPLATE_LIST_TEST_CASE("kernels: quantize, all floats", "[.heavy]", isa::compiled) {
  constexpr index_t chunk = 1 << 16;
  std::vector<float> x(chunk);
  std::vector<std::uint8_t> expected(chunk), codes(chunk);
  for (const affine map : {affine{0.00214854861f, 0}, affine{0.1f, 7}, affine{1e-38f, -128}}) {
    const run_parameters<affine> p{&map.scale, &map.zero_point, 0, 0};
    for (std::uint64_t start = 0; start < std::uint64_t{1} << 32; start += chunk) {
      for (std::size_t i = 0; i < chunk; ++i) {
        x[i] = std::bit_cast<float>(static_cast<std::uint32_t>((start + i) * 0x9e3779b1u));
      }
      kernels::quantize<isa::portable>(arithmetic<>{}, x.data(), chunk, p, int8::range, expected.data());
      kernels::quantize<TestType>(arithmetic<>{}, x.data(), chunk, p, int8::range, codes.data());
      const index_t i = builders::first_difference(expected.data(), codes.data(), chunk);
      if (i < chunk) {
        FAIL("x " << Catch::Detail::stringify(x[static_cast<std::size_t>(i)]) << ", scale " << map.scale);
      }
    }
    CHECK(map.scale > 0);
  }
}
