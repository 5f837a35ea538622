// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/min_max.hpp>

#include <algorithm>
#include <array>

namespace {

using namespace equant;

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T>
constexpr T nan = std::numeric_limits<T>::quiet_NaN();

/// The contract by the standard library: NaN for both where a value is not finite, never -0.
template <class T>
kernels::value_range<T> expected(const std::vector<T>& x) {
  if (x.empty()) return {};
  if (!std::all_of(x.begin(), x.end(), [](T v) { return std::isfinite(v); })) return {nan<T>, nan<T>, false};
  const auto [low, high] = std::minmax_element(x.begin(), x.end());
  return {*low == 0 ? T(0) : *low, *high == 0 ? T(0) : *high, true};
}

template <class T>
bool same(const kernels::value_range<T>& a, const kernels::value_range<T>& b) {
  return builders::same_bits(&a.low, &b.low, 1) && builders::same_bits(&a.high, &b.high, 1) && a.finite == b.finite;
}

template <class Isa, class T>
void check(const std::vector<T>& x, index_t offset = 0) {
  const auto n = static_cast<index_t>(x.size());
  const builders::exact_copy<T> in(x.data(), n, offset);
  const auto found = kernels::min_max<Isa>(in.data(), n), wanted = expected(x);
  if (!same(found, wanted)) {
    FAIL(Isa::name << ", " << n << " values of " << sizeof(T) << " bytes: [" << found.low << ", " << found.high
                   << "], finite " << found.finite << ", but expected [" << wanted.low << ", " << wanted.high
                   << "], finite " << wanted.finite);
  }
}

template <class Isa, class T>
void check_lengths() {
  for (index_t n = 0; n <= 300; ++n) {
    const auto seed = static_cast<std::uint64_t>(n);
    check<Isa>(builders::uniform<T>(n, -1, 1, seed), n % 4);
    check<Isa>(builders::uniform<T>(n, 5, 6, seed), n % 4);
    check<Isa>(builders::uniform<T>(n, -1e-40, -1e-42, seed), n % 4);
  }
}

/// One value among 70 others, at every place: alone the smallest or largest, or not finite.
template <class Isa, class T>
void check_places() {
  const auto others = builders::uniform<T>(70, -1, 1);
  for (T value : {T(2), T(-2), std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest(), infinity<T>,
                  -infinity<T>, nan<T>, -nan<T>, std::numeric_limits<T>::signaling_NaN()}) {
    for (std::size_t place = 0; place < others.size(); ++place) {
      auto x = others;
      x[place] = value;
      check<Isa>(x);
      x.assign(70, value);  // the other way round
      x[place] = 0;
      check<Isa>(x);
      x.resize(place + 1);
      check<Isa>(x);
    }
  }
}

/// Zeros of both signs, in every order: whatever comes out is +0.
template <class Isa, class T>
void check_zeros() {
  for (index_t n : {1, 2, 31, 32, 33, 70}) {
    for (int pattern = 0; pattern < 8; ++pattern) {
      std::vector<T> x;
      for (index_t i = 0; i < n; ++i) x.push_back((pattern >> (i % 3) & 1) != 0 ? -T(0) : T(0));
      check<Isa>(x);
      x.back() = 1;
      check<Isa>(x);
      x.back() = -1;
      check<Isa>(x);
    }
  }
}

template <class Isa, class T>
void check_all() {
  check_lengths<Isa, T>();
  check_places<Isa, T>();
  check_zeros<Isa, T>();
}

/// Running ranges per element, by hand.
template <class Isa, class T>
void check_each() {
  for (index_t n = 0; n <= 70; ++n) {
    const auto size = static_cast<std::size_t>(n);
    std::vector<T> low(size, infinity<T>), high(size, -infinity<T>);
    for (int pass = 0; pass < 6; ++pass) {
      auto x = builders::uniform<T>(n, -1, 1, static_cast<std::uint64_t>(n * 6 + pass));
      for (std::size_t i = 0; i < size; i += 3) x[i] = -T(0);
      const bool spoilt = n > 0 && pass > 2;
      if (spoilt) x[size - 1 - size / 2] = pass == 3 ? nan<T> : pass == 4 ? infinity<T> : -infinity<T>;
      builders::guarded<T> found_low(n, pass % 4), found_high(n, pass % 4);
      std::copy(low.begin(), low.end(), found_low.data());
      std::copy(high.begin(), high.end(), found_high.data());
      const builders::exact_copy<T> in(x.data(), n, pass % 4);
      CHECK(kernels::widen_each<Isa>(in.data(), n, found_low.data(), found_high.data()) == !spoilt);
      for (std::size_t i = 0; i < size; ++i) {
        if (std::isnan(x[i])) continue;
        low[i] = std::min(low[i], x[i] == 0 ? T(0) : x[i]);
        high[i] = std::max(high[i], x[i] == 0 ? T(0) : x[i]);
      }
      CHECK(builders::same_bits(low.data(), static_cast<const T*>(found_low.data()), n));
      CHECK(builders::same_bits(high.data(), static_cast<const T*>(found_high.data()), n));
      CHECK((found_low.intact() && found_high.intact()));
    }
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: min_max", "[kernels]", isa::compiled) {
  check_all<TestType, float>();
  check_all<TestType, double>();
  const auto none = kernels::min_max<TestType>(static_cast<const float*>(nullptr), index_t{0});
  CHECK(none.low == infinity<float>);
  CHECK(none.high == -infinity<float>);
  CHECK(none.finite);
}

TEMPLATE_LIST_TEST_CASE("kernels: widen_each", "[kernels]", isa::compiled) {
  check_each<TestType, float>();
  check_each<TestType, double>();
}

TEST_CASE("kernels: min_max at compile time", "[kernels]") {
  static constexpr std::array<float, 3> x{0.5f, -2, -0.0f};
  constexpr auto r = kernels::min_max(x.data(), index_t{3});
  static_assert(r.low == -2 && r.high == 0.5f && r.finite);
  CHECK_FALSE(std::signbit(kernels::min_max(x.data() + 2, index_t{1}).low));
}
