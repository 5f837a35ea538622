// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "kernels/oracle.hpp"
#include "kernels/scenarios.hpp"

#include <equant/kernels/fake_quantize.hpp>

#include <array>

namespace {

using namespace equant;
using builders::integer_grid;
using scenarios::away, scenarios::before, scenarios::gemmlowp, scenarios::reciprocal, scenarios::reciprocal_before,
    scenarios::truncating;
using scenarios::exact_parameters, scenarios::scenario;

/// The kernels under test: there and back in one pass, in two, and which values were rounded rather than clipped.
template <class T, class Map>
struct subject {
  const char* isa;
  T (*oracle)(T x, const Map& map, code_range range);
  bool (*unclipped)(T x, const Map& map, code_range range);
  void (*one_pass)(const T* x, index_t n, run_parameters<Map> p, code_range range, T* y);
  void (*two_passes)(const T* x, index_t n, run_parameters<Map> p, code_range range, T* y);
  void (*mask)(const T* x, index_t n, run_parameters<Map> p, code_range range, T* y);
};

template <class Rules, class T, class Map>
T there_and_back(T x, const Map& map, code_range range) {
  return oracle::real<T>(oracle::code<Rules>(x, map, range), map);
}

template <class Isa, class Rules, class T, class Map>
void two_passes(const T* x, index_t n, run_parameters<Map> p, code_range range, T* y) {
  std::vector<std::uint16_t> codes(static_cast<std::size_t>(n));
  kernels::quantize<Isa>(Rules{}, x, n, p, range, codes.data());
  const std::uint16_t* words = codes.data();
  kernels::dequantize<Isa>(words, n, p, range.lowest < 0 ? 0x8000 : 0, y);
}

template <class Isa, class Rules, class T, class Map>
constexpr subject<T, Map> subject_of() {
  return {Isa::name, there_and_back<Rules, T, Map>, oracle::unclipped<Rules, T, Map>,
          [](const T* x, index_t n, run_parameters<Map> p, code_range range, T* y) {
            kernels::fake_quantize<Isa>(Rules{}, x, n, p, range, y);
          },
          two_passes<Isa, Rules, T, Map>,
          [](const T* x, index_t n, run_parameters<Map> p, code_range range, T* y) {
            kernels::gradient_mask<Isa>(Rules{}, x, n, p, range, y);
          }};
}

template <class T, class Map>
struct example {
  scenario<T, Map> s;
  std::vector<T> y, mask;

  example(scenario<T, Map> values, const subject<T, Map>& k) : s(std::move(values)), y(s.each(k.oracle)) {
    for (bool rounded : s.each(k.unclipped)) mask.push_back(rounded ? T(1) : T(0));
  }
};

template <class T, class Map, class Kernel>
void compare(const char* what, const example<T, Map>& e, Kernel kernel, index_t n, index_t offset,
             const std::vector<T>& expected) {
  const builders::exact_copy<T> x(e.s.x.data(), n, offset);
  const exact_parameters<Map> p(e.s, n, offset);
  builders::guarded<T> out(n, offset);
  kernel(x.data(), n, p.get(), e.s.range, out.data());
  const index_t i = builders::first_difference(expected.data(), static_cast<const T*>(out.data()), n);
  if (i < n) {
    FAIL(what << " of " << n << ", " << e.s.at(i) << ": expected " << expected[static_cast<std::size_t>(i)] << ", got "
              << out.data()[i]);
  }
  if (!out.intact()) FAIL(what << " written outside of " << n << " values");
}

/// A scale above zero and an integer zero point never give -0.
template <class T, class Map>
void check_zeros(const example<T, Map>& e) {
  if (!std::is_integral_v<typename Map::zero_point_type>) return;
  for (index_t i = 0; i < e.s.size(); ++i) {
    const T y = e.y[static_cast<std::size_t>(i)];
    if (y == 0 && std::signbit(y) && e.s.map(i).scale > 0) FAIL("-0 for " << e.s.at(i));
  }
}

template <class T, class Map>
void check(const subject<T, Map>& k) {
  for (const integer_grid& grid : builders::integer_grids()) {
    INFO(k.isa << ", " << grid.name << ", values of " << sizeof(T) << " bytes");
    scenarios::for_each<T, Map>(
        grid, grid.bits % 4 == 0 ? 15 : 5, [&](const scenario<T, Map>& s) { return example<T, Map>(s, k); },
        [&](const example<T, Map>& e, index_t n, index_t offset) {
          compare("fake_quantize", e, k.one_pass, n, offset, e.y);
          compare("gradient_mask", e, k.mask, n, offset, e.mask);
          if (n == scenarios::longest) {
            compare("dequantize(quantize)", e, k.two_passes, n, offset, e.y);
            check_zeros(e);
          }
        });
    CHECK(grid.bits >= 1);  // the grid was reached
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: fake_quantize and gradient_mask", "[kernels]", isa::compiled) {
  check(subject_of<TestType, arithmetic<>, float, affine>());
  check(subject_of<TestType, arithmetic<>, double, affine>());
  check(subject_of<TestType, away, float, affine>());
  check(subject_of<TestType, reciprocal, float, affine>());
  check(subject_of<TestType, truncating, float, affine>());
  check(subject_of<TestType, gemmlowp, float, affine>());
  check(subject_of<TestType, gemmlowp, double, affine>());
  check(subject_of<TestType, before, float, real_affine<float>>());
  check(subject_of<TestType, before, double, real_affine<double>>());
  check(subject_of<TestType, before, float, real_affine<double>>());
  check(subject_of<TestType, reciprocal_before, float, real_affine<float>>());
  check(subject_of<TestType, reciprocal_before, double, real_affine<double>>());
}

TEST_CASE("kernels: fake_quantize and gradient_mask at compile time", "[kernels]") {
  constexpr auto results = [] {
    const std::array<float, 5> x{-2.5f, -0.1f, 0.26f, 6, 6.5f};
    const affine map{0.5f, 3};
    const run_parameters<affine> p{&map.scale, &map.zero_point, 0, 0};
    std::array<std::array<float, 5>, 2> r{};
    kernels::fake_quantize(arithmetic<>{}, x.data(), index_t{5}, p, uint4::range, r[0].data());
    kernels::gradient_mask(arithmetic<>{}, x.data(), index_t{5}, p, uint4::range, r[1].data());
    return r;
  }();
  static_assert(results[0] == std::array<float, 5>{-1.5f, 0, 0.5f, 6, 6});
  static_assert(results[1] == std::array<float, 5>{0, 1, 1, 1, 0});
  CHECK_FALSE(std::signbit(results[0][1]));
}

namespace {

/// A format's own kernels against its encode, decode and contains.
template <class Isa, class Format, class T>
void check_format(const Format& format) {
  INFO(Isa::name << ", format of " << Format::bits << " bits");
  const integer_grid grid{"", Format::bits, {-(1 << Format::bits), 1 << Format::bits}, 0};
  for (const scenarios::steps& step : scenarios::all_steps) {
    const auto s = scenarios::make<T, affine>(grid, step, 2);
    std::vector<T> expected, expected_mask;
    for (index_t i = 0; i < s.size(); ++i) {
      const float scale = s.map(i).scale;
      const auto r = static_cast<float>(s.x[static_cast<std::size_t>(i)] / scale);
      expected.push_back(static_cast<T>(format.decode(format.encode(r))) * static_cast<T>(scale));
      expected_mask.push_back(format.contains(r) ? T(1) : T(0));
    }
    for (index_t n : {0, 1, 8, 33, 300}) {
      const builders::exact_copy<T> x(s.x.data(), n, n % 4);
      const exact_parameters<affine> p(s, n, n % 4);
      builders::guarded<T> y(n, n % 4), mask(n, n % 4);
      kernels::fake_quantize<Isa>(format, x.data(), n, p.get(), y.data());
      kernels::gradient_mask<Isa>(format, x.data(), n, p.get(), mask.data());
      if (!builders::same_bits(expected.data(), static_cast<const T*>(y.data()), n)) FAIL("of " << n);
      if (!builders::same_bits(expected_mask.data(), static_cast<const T*>(mask.data()), n)) FAIL("of " << n);
      CHECK((y.intact() && mask.intact()));
    }
  }
}

template <class Isa, class... Format>
void check_formats(formats::list<Format...>) {
  (check_format<Isa, Format, float>(Format{}), ...);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: fake_quantize, every format by its own encode and decode", "[kernels]",
                        isa::compiled) {
  check_formats<TestType>(formats::all{});
}
