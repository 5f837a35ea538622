// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/formats/formats.hpp>

#include <algorithm>

namespace {

using namespace equant;

/// f(format, number in the list) for every format that is listed: a new one is held to this page by being listed.
template <class... Format, class F>
void for_each(formats::list<Format...>, F f) {
  int number = 0;
  auto numbered = [&](const auto& format) {
    INFO("format " << number << " of the list, " << format.bits << " bits");
    f(format);
    ++number;
  };
  (numbered(Format{}), ...);
}

/// The numbers a format represents: those whose code comes back, which leaves out NaN and codes that are not used.
template <class Format>
std::vector<float> levels(const Format& format) {
  std::vector<float> v;
  for (int c = 0; c < 1 << Format::bits; ++c) {
    const auto code = static_cast<code_word<Format::bits>>(c);
    if (format.encode(format.decode(code)) == code) v.push_back(format.decode(code));
  }
  std::sort(v.begin(), v.end());
  return v;
}

/// Around each of some 400 levels and the middle to the next one, and far beyond.
std::vector<float> reals_around(const std::vector<float>& levels) {
  std::vector<float> reals = builders::special_values<float>();
  const std::size_t stride = levels.size() / 400 + 1;
  for (std::size_t i = 0; i < levels.size(); i += stride) {
    const float here = levels[i], next = levels[std::min(i + 1, levels.size() - 1)];
    for (int few = -2; few <= 2; ++few) {
      reals.push_back(builders::neighbour(here, few));
      reals.push_back(builders::neighbour(here / 2 + next / 2, few));
    }
    reals.push_back(here + (next - here) * 0.3f);
    reals.push_back(here * 5);
  }
  return reals;
}

template <class A, class... B>
constexpr int times(formats::list<B...>) {
  return (0 + ... + (std::same_as<A, B> ? 1 : 0));
}
template <class... A>
constexpr bool all_differ(formats::list<A...> all) {
  return ((times<A>(all) == 1) && ...);
}

}  // namespace

TEST_CASE("formats: each is listed once, and keeps the contract of a format", "[formats]") {
  static_assert(all_differ(formats::all{}));
  static_assert(std::same_as<formats::joined<formats::list<int2>, formats::list<int8, uint8>>::type,
                             formats::list<int2, int8, uint8>>);
  for_each(formats::all{}, [](const auto& format) {
    using F = std::remove_cvref_t<decltype(format)>;
    static_assert(element_format<F> && F::bits >= 1 && F::bits <= 16);
    CHECK(format.largest() > (F::bits == 1 ? -1 : 0));
  });
}

TEST_CASE("formats: what a code stands for encodes to it, and each width is used", "[formats]") {
  for_each(formats::all{}, [](const auto& format) {
    constexpr int codes = 1 << std::remove_cvref_t<decltype(format)>::bits;
    const auto v = levels(format);
    CHECK(static_cast<int>(v.size()) > codes / 2);
    CHECK(std::adjacent_find(v.begin(), v.end(), [](float a, float b) {
            return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);  // a zero of each sign are two
          }) == v.end());
    CHECK(v.back() == format.largest());
  });
}

TEST_CASE("formats: encode finds the nearest level, saturates, and takes NaN for zero", "[formats]") {
  for_each(formats::all{}, [](const auto& format) {
    const auto v = levels(format);
    auto quantized = [&](float r) { return format.decode(format.encode(r)); };
    for (float r : reals_around(v)) {
      if (std::isnan(r)) continue;
      // of all levels, the one next to r on either side
      const auto above = std::lower_bound(v.begin(), v.end(), r);
      double least = std::numeric_limits<double>::infinity();
      const double x = std::clamp<double>(r, v.front(), v.back());
      if (above != v.end()) least = std::abs(x - static_cast<double>(*above));
      if (above != v.begin()) least = std::min(least, std::abs(x - static_cast<double>(*(above - 1))));
      if (std::abs(x - static_cast<double>(quantized(r))) != least) {
        FAIL(Catch::Detail::stringify(r) << " became " << quantized(r));
      }
    }
    CHECK(quantized(std::numeric_limits<float>::infinity()) == v.back());
    CHECK(quantized(-std::numeric_limits<float>::infinity()) == v.front());
    CHECK(quantized(std::numeric_limits<float>::quiet_NaN()) == quantized(0));
    CHECK(format.contains(0));
    CHECK(format.contains(v.back()));
    CHECK_FALSE(format.contains(std::numeric_limits<float>::infinity()));
    CHECK_FALSE(format.contains(std::numeric_limits<float>::quiet_NaN()));
  });
}
