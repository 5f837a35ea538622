// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/fake_quantize.hpp>
#include <equant/kernels/min_max.hpp>

#include <numeric>

namespace {

using namespace equant;

/// A grid of lines with gaps between them, and how its parameters step: along a line, and from line to line.
struct shape_of_grid {
  index_t lines, n, scale_step, zero_step, scale_line, zero_line;
};

const shape_of_grid grids[] = {
    {1, 5, 0, 0, 0, 0},     {7, 1, 0, 0, 1, 1},    {9, 64, 0, 0, 1, 1},    {5, 131, 0, 0, 1, 0},  {4, 256, 0, 0, 3, 3},
    {6, 65, 1, 1, 0, 0},    {3, 200, 1, 1, 0, 0},  {4, 100, 1, 1, 100, 100}, {5, 77, 1, 0, 0, 0}, {4, 79, 1, 0, 79, 0},
    {3, 20, 2, 2, 40, 40},  {0, 16, 0, 0, 1, 1},   {4, 0, 0, 0, 1, 1},
};

/// One of the grids with values and parameters; everything lies between canaries or ends with its memory.
struct scene {
  shape_of_grid s;
  index_t in, out;
  std::vector<float> x, scale, inverse;
  std::vector<std::int32_t> zero;
  std::vector<std::uint8_t> codes;

  explicit scene(const shape_of_grid& g) : s(g), in(g.n + 3), out(g.n + 5) {
    builders::random_numbers random(static_cast<std::uint64_t>(g.lines * 1000 + g.n));
    const auto sized = [](index_t i) { return static_cast<std::size_t>(i); };
    x.resize(sized(std::max(index_t{1}, g.lines * in)));
    codes.resize(x.size());
    scale.resize(sized(g.lines * g.scale_line + g.n * g.scale_step + 1));
    zero.resize(sized(g.lines * g.zero_line + g.n * g.zero_step + 1));
    for (float& v : x) v = static_cast<float>(random.uniform(-40, 40));
    for (std::size_t i = 5; i < x.size(); i += 37) x[i] = static_cast<float>(random.below(80) - 40) * 0.5f * 0.3f;
    for (auto& c : codes) c = static_cast<std::uint8_t>(random.below(256));
    for (float& v : scale) v = 0.3f + static_cast<float>(random.below(5)) * 0.01f;
    for (std::int32_t& z : zero) z = random.below(256) - 128;
    for (float v : scale) inverse.push_back(1 / v);
  }

  line_grid grid(bool inwards) const {
    return {s.lines, s.n, inwards ? in : out, inwards ? out : in, s.scale_line, s.zero_line};
  }
  run_parameters<affine> parameters(bool inverted) const {
    return {scale.data(), zero.data(), s.scale_step, s.zero_step, inverted ? inverse.data() : nullptr};
  }
  affine map(index_t line, index_t i) const {
    return {scale[static_cast<std::size_t>(line * s.scale_line + i * s.scale_step)],
            zero[static_cast<std::size_t>(line * s.zero_line + i * s.zero_step)]};
  }
  /// Whether `found`, lines `out` apart, holds value(line, i) and its gaps are untouched.
  template <class T, class F>
  bool holds(const std::vector<T>& found, T untouched, F value) const {
    std::vector<T> wanted(found.size(), untouched);
    for (index_t line = 0; line < s.lines; ++line) {
      for (index_t i = 0; i < s.n; ++i) wanted[static_cast<std::size_t>(line * out + i)] = value(line, i);
    }
    return builders::same_bits(found.data(), wanted.data(), static_cast<index_t>(found.size()));
  }
  std::size_t room() const { return static_cast<std::size_t>(s.lines * out + 1); }
};

constexpr code_range bytes{-128, 127};

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: lines together are what each is by the arithmetic", "[kernels]", isa::compiled) {
  for (const shape_of_grid& g : grids) {
    const scene a(g);
    INFO(TestType::name << ", " << g.lines << " lines of " << g.n << ", scales step by " << g.scale_step << " and "
                        << g.scale_line);
    const auto source = [&](index_t line, index_t i) { return a.x[static_cast<std::size_t>(line * a.in + i)]; };
    for (const bool inverted : {false, true}) {
      const auto p = a.parameters(inverted);
      std::vector<std::uint8_t> codes(a.room(), 0xa5);
      kernels::quantize_lines<TestType>(arithmetic<>{}, a.grid(true), a.x.data(), p, bytes, codes.data());
      CHECK(a.holds(codes, std::uint8_t{0xa5}, [&](index_t line, index_t i) {
        return static_cast<std::uint8_t>(arithmetic<>::code(source(line, i), a.map(line, i), bytes));
      }));
      std::vector<float> fakes(a.room(), -7);
      kernels::fake_quantize_lines<TestType>(arithmetic<>{}, a.grid(true), a.x.data(), p, bytes, fakes.data());
      CHECK(a.holds(fakes, -7.0f, [&](index_t line, index_t i) {
        const affine map = a.map(line, i);
        const std::int32_t code = arithmetic<>::code(source(line, i), map, bytes);
        return static_cast<float>(code - map.zero_point) * map.scale;
      }));
    }
    for (const std::int32_t sign : {0, 128}) {
      std::vector<float> reals(a.room(), -7);
      kernels::dequantize_lines<TestType>(a.grid(true), a.codes.data(), a.parameters(false), sign, reals.data());
      CHECK(a.holds(reals, -7.0f, [&](index_t line, index_t i) {
        const int code = a.codes[static_cast<std::size_t>(line * a.in + i)];
        const affine map = a.map(line, i);
        return static_cast<float>((sign != 0 && code > 127 ? code - 256 : code) - map.zero_point) * map.scale;
      }));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("kernels: ranges of lines together", "[kernels]", isa::compiled) {
  for (const shape_of_grid& g : grids) {
    scene a(g);
    for (const bool finite : {true, false}) {
      if (!finite && g.lines * g.n == 0) continue;
      if (!finite) {
        a.x[static_cast<std::size_t>((g.lines - 1) * a.in + g.n / 2)] = std::numeric_limits<float>::quiet_NaN();
      }
      const auto at = [&](index_t line, index_t i) { return a.x[static_cast<std::size_t>(line * a.in + i)]; };

      const auto lines = static_cast<std::size_t>(g.lines), n = static_cast<std::size_t>(g.n);
      std::vector<float> low(2 * lines + 1, 3), high(2 * lines + 1, -3);  // they are widened, not set
      CHECK(kernels::widen_lines<TestType>(a.x.data(), g.lines, g.n, a.in, low.data(), high.data(), 2) == finite);
      std::vector<float> each_low(n + 1, 3), each_high(n + 1, -3);
      CHECK(kernels::widen_each_of_lines<TestType>(a.x.data(), g.lines, g.n, a.in, each_low.data(), each_high.data()) ==
            finite);
      if (!finite) continue;
      std::vector<float> wanted_low(low.size(), 3), wanted_high(high.size(), -3);
      std::vector<float> wanted_each_low(n + 1, 3), wanted_each_high(n + 1, -3);
      for (index_t line = 0; line < g.lines; ++line) {
        for (index_t i = 0; i < g.n; ++i) {
          const auto k = static_cast<std::size_t>(2 * line), j = static_cast<std::size_t>(i);
          wanted_low[k] = std::min(wanted_low[k], at(line, i));
          wanted_high[k] = std::max(wanted_high[k], at(line, i));
          wanted_each_low[j] = std::min(wanted_each_low[j], at(line, i));
          wanted_each_high[j] = std::max(wanted_each_high[j], at(line, i));
        }
      }
      CHECK((low == wanted_low && high == wanted_high));
      CHECK((each_low == wanted_each_low && each_high == wanted_each_high));
    }
  }
}
