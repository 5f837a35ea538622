// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/code_rounding.hpp>

#include <cmath>
#include <sstream>

namespace {

using namespace equant;
using std::int32_t;
using std::int64_t;

constexpr int32_t lowest = std::numeric_limits<int32_t>::min(), highest = std::numeric_limits<int32_t>::max();

/// What lanes.hpp promises, in arithmetic that is wide enough for it: no shifts, no tricks.
namespace oracle {

int32_t wrapped(int64_t x) { return static_cast<int32_t>(static_cast<std::uint32_t>(x)); }
int64_t product(int32_t a, int32_t b) { return int64_t{a} * b; }
long double over_power(int64_t x, int32_t s) { return std::ldexp(static_cast<long double>(x), -s); }
/// To the nearest, ties up.
int64_t nearest_up(long double x) { return static_cast<int64_t>(std::floor(x + 0.5L)); }

int32_t add(int32_t a, int32_t b) { return wrapped(int64_t{a} + b); }
int32_t sub(int32_t a, int32_t b) { return wrapped(int64_t{a} - b); }
int32_t mul(int32_t a, int32_t b) { return wrapped(product(a, b)); }
int32_t min(int32_t a, int32_t b) { return std::min(a, b); }
int32_t max(int32_t a, int32_t b) { return std::max(a, b); }
int32_t shift_left(int32_t a, int32_t s) { return wrapped(a * (int64_t{1} << s)); }
int32_t high_product(int32_t a, int32_t b) { return wrapped(nearest_up(over_power(product(a, b), 31))); }
int32_t shift_away(int32_t a, int32_t s) { return static_cast<int32_t>(std::round(over_power(a, s))); }
int32_t shift_up(int32_t a, int32_t b, int32_t s) { return wrapped(nearest_up(over_power(product(a, b), s))); }

}  // namespace oracle

/// In double, where a product is exact and a sum's second rounding changes nothing.
namespace real_oracle {

float add(float a, float b) { return static_cast<float>(double{a} + b); }
float mul(float a, float b) { return static_cast<float>(double{a} * b); }
float min(float a, float b) { return !std::isnan(a) && b < a ? b : a; }
float max(float a, float b) { return !std::isnan(a) && b > a ? b : a; }
float to_float(int32_t a) { return static_cast<float>(static_cast<double>(a)); }
int32_t round(float a) { return static_cast<int32_t>(std::nearbyint(double{a})); }

}  // namespace real_oracle

/// Filled up to whole registers, with what there is.
template <class L, class T>
std::vector<T> filled(std::vector<T> x) {
  x.resize((x.size() + L::count - 1) / L::count * L::count, x.at(0));
  return x;
}

/// f over the elements of arrays, as many at a time as there are lanes.
template <class L, class R, class F, class... T>
std::vector<R> mapped(F f, std::size_t n, const std::vector<T>&... given) {
  std::vector<R> out = filled<L>(std::vector<R>(n));
  const auto all = [&](const auto&... x) {
    for (std::size_t i = 0; i < out.size(); i += L::count) {
      L::store(out.data() + i, f(L::load(x.data() + i, L::count)...), L::count);
    }
  };
  all(filled<L>(given)...);
  out.resize(n);
  return out;
}

/// An operation on lanes against the oracle's on numbers, for every element of the operands.
template <class L, class F, class G, class First, class... T>
void compare(const char* what, F on_lanes, G on_numbers, const std::vector<First>& first,
             const std::vector<T>&... rest) {
  using R = decltype(on_numbers(first[0], rest[0]...));
  const std::vector<R> found = mapped<L, R>(on_lanes, first.size(), first, rest...);
  std::vector<R> expected;
  for (std::size_t i = 0; i < first.size(); ++i) expected.push_back(on_numbers(first[i], rest[i]...));
  const auto n = static_cast<index_t>(found.size());
  const auto i = static_cast<std::size_t>(builders::first_difference(expected.data(), found.data(), n));
  if (i == found.size()) return;
  std::ostringstream operands;
  operands << first[i];
  ((operands << ", " << rest[i]), ...);
  FAIL(what << '(' << operands.str() << "): expected " << expected[i] << ", got " << found[i]);
}

struct integers {
  std::vector<int32_t> a, b, shift, far_shift;  // shift: 0 to 31, far_shift: 1 to 62
};

/// Every edge with every other under every shift, then random numbers of every magnitude.
const integers& operands() {
  static const integers all = [] {
    integers x;
    const auto push = [&](int32_t a, int32_t b, int s) {
      x.a.push_back(a);
      x.b.push_back(b);
      x.shift.push_back(s % 32);
      x.far_shift.push_back(1 + s % 62);
    };
    const int32_t edges[] = {lowest, lowest + 1, -(1 << 30) - 1, -(1 << 30), -65536, -32769, -129, -128, -3, -2, -1, 0,
                             1, 2, 3, 127, 128, 255, 32768, 65535, (1 << 30) - 1, 1 << 30, (1 << 30) + 1, highest - 1,
                             highest};
    for (int32_t a : edges) {
      for (int32_t b : edges) {
        for (int s = 0; s < 62; ++s) push(a, b, s);
      }
    }
    builders::random_numbers random;
    const auto number = [&] { return static_cast<int32_t>(random.bits()) >> random.below(32); };
    for (int i = 0; i < 20000; ++i) push(number(), number(), random.below(62));
    // Half of a power, and its neighbours: the ties of every shift.
    for (int s = 1; s < 31; ++s) {
      for (int32_t odd : {1, 3, 5, -1, -3, -5}) {
        for (int32_t off : {-1, 0, 1}) push(oracle::wrapped(int64_t{odd} * (1 << (s - 1)) + off), 1 << 30, s);
      }
    }
    return x;
  }();
  return all;
}

/// Both -2^31 lies outside what high_product promises.
std::vector<int32_t> without_double_lowest(const integers& x) {
  std::vector<int32_t> b = x.b;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (x.a[i] == lowest && b[i] == lowest) b[i] = lowest + 1;
  }
  return b;
}

struct reals {
  std::vector<float> a, b;
};

const reals& real_operands() {
  static const reals all = [] {
    reals x;
    std::vector<float> edges = builders::special_values<float>();
    for (float tie : {0.5f, 1.5f, 2.5f, 3.5f, 126.5f, 127.5f, 128.5f, 4194303.5f}) {
      for (int steps : {-1, 0, 1}) {
        edges.push_back(builders::neighbour(tie, steps));
        edges.push_back(-builders::neighbour(tie, steps));
      }
    }
    for (float a : edges) {
      for (float b : edges) {
        x.a.push_back(a);
        x.b.push_back(b);
      }
    }
    for (double magnitude : {1e-3, 1.0, 300.0, 1e6, 2e9}) {
      const auto a = builders::uniform<float>(4000, -magnitude, magnitude, 2);
      const auto b = builders::uniform<float>(4000, -magnitude, magnitude, 3);
      x.a.insert(x.a.end(), a.begin(), a.end());
      x.b.insert(x.b.end(), b.begin(), b.end());
    }
    return x;
  }();
  return all;
}

/// Where a result is NaN, which one it is is nobody's business.
float without_payload(float x) { return std::isnan(x) ? std::numeric_limits<float>::quiet_NaN() : x; }

template <class L>
void check_integers() {
  const auto& [a, b, s, far] = operands();
  compare<L>("add", [](auto x, auto y) { return L::add(x, y); }, oracle::add, a, b);
  compare<L>("sub", [](auto x, auto y) { return L::sub(x, y); }, oracle::sub, a, b);
  compare<L>("mul", [](auto x, auto y) { return L::mul(x, y); }, oracle::mul, a, b);
  compare<L>("min", [](auto x, auto y) { return L::min(x, y); }, oracle::min, a, b);
  compare<L>("max", [](auto x, auto y) { return L::max(x, y); }, oracle::max, a, b);
  compare<L>("shift_left", [](auto x, auto y) { return L::shift_left(x, y); }, oracle::shift_left, a, s);
  compare<L>("shift_away", [](auto x, auto y) { return L::shift_away(x, y); }, oracle::shift_away, a, s);
  compare<L>("high_product", [](auto x, auto y) { return L::high_product(x, y); }, oracle::high_product, a,
             without_double_lowest(operands()));
  compare<L>("shift_up", [](auto x, auto y, auto z) { return L::shift_up(x, y, z); }, oracle::shift_up, a, b, far);
  compare<L>("to_float", [](auto x) { return L::to_float(x); }, real_oracle::to_float, a);
}

template <class L>
void check_reals() {
  const std::vector<float>&a = real_operands().a, &b = real_operands().b;
  compare<L>("min", [](auto x, auto y) { return L::min(x, y); }, real_oracle::min, a, b);
  compare<L>("max", [](auto x, auto y) { return L::max(x, y); }, real_oracle::max, a, b);

  const auto size = a.size();
  const auto sums = mapped<L, float>([](auto x, auto y) { return L::add(x, y); }, size, a, b);
  const auto products = mapped<L, float>([](auto x, auto y) { return L::mul(x, y); }, size, a, b);
  const auto fused = mapped<L, float>([](auto x, auto y) { return L::fma(x, y, y); }, size, a, b);
  for (std::size_t i = 0; i < size; ++i) {
    const auto same = [&](const char* what, float found, float expected) {
      found = without_payload(found);
      expected = without_payload(expected);
      if (!builders::same_bits(&found, &expected, 1)) {
        FAIL(what << '(' << a[i] << ", " << b[i] << "): expected " << expected << ", got " << found);
      }
    };
    same("add", sums[i], real_oracle::add(a[i], b[i]));
    same("mul", products[i], real_oracle::mul(a[i], b[i]));
    same("fma", fused[i], std::fma(a[i], b[i], b[i]));
  }

  std::vector<float> near = a;
  std::erase_if(near, [](float x) { return !(x > -0x1p31f && x < 0x1p31f); });
  REQUIRE(near.size() > 10000);
  compare<L>("round", [](auto x) { return L::round(x); }, real_oracle::round, near);
}

/// Every number of lanes in memory, and more of them than there are lanes: loads fill up with zeros and read no
/// further, stores write no further. Wide lanes want all but those of the last of their Registers.
template <class L, std::size_t Registers, class Lane, class Element>
void check_counts() {
  constexpr int registers = Registers;
  for (int n = L::count - L::count / registers + 1; n <= L::count + 3; ++n) {
    for (index_t offset = 0; offset < 4; ++offset) {
      const int there = std::min<int>(n, L::count);
      std::vector<Lane> x(static_cast<std::size_t>(L::count));
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<Lane>(-1000 + 321 * static_cast<int>(i));
      const builders::exact_copy<Lane> in(x.data(), there, offset);
      const auto loaded = L::load(in.data(), n);

      builders::guarded<Lane> all(L::count, offset);
      L::store(all.data(), loaded, L::count);
      CHECK(all.intact());
      for (int i = 0; i < L::count; ++i) CHECK(all.data()[i] == (i < there ? x[static_cast<std::size_t>(i)] : Lane(0)));

      builders::guarded<Element> out(there, offset);
      L::store(out.data(), L::load(x.data(), L::count), n);
      CHECK(out.intact());
      for (int i = 0; i < there; ++i) {
        CHECK(out.data()[i] == static_cast<Element>(static_cast<int>(x[static_cast<std::size_t>(i)])));
      }
    }
  }
}

/// Integers become bytes by their low byte alone, whatever is above it.
template <class L, class Byte>
void check_low_bytes() {
  const auto& a = operands().a;
  const std::vector<Byte> found = mapped<L, Byte>([](auto x) { return x; }, a.size(), a);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const int64_t low = int64_t{a[i]} - 256 * static_cast<int64_t>(std::floor(a[i] / 256.0));  // 0 to 255
    const int64_t expected = std::is_signed_v<Byte> && low > 127 ? low - 256 : low;
    if (found[i] != expected) FAIL("the low byte of " << a[i] << " is " << expected << ", got " << int{found[i]});
  }
}

template <class L, std::size_t Registers>
void check_memory() {
  check_counts<L, Registers, int32_t, int32_t>();
  check_counts<L, Registers, int32_t, std::int8_t>();
  check_counts<L, Registers, int32_t, std::uint8_t>();
  check_counts<L, Registers, float, float>();
  check_low_bytes<L, std::int8_t>();
  check_low_bytes<L, std::uint8_t>();

  int32_t words[L::count];
  float numbers[L::count];
  L::store(static_cast<int32_t*>(words), L::splat(int32_t{-7}), L::count);
  L::store(static_cast<float*>(numbers), L::splat(-7.5f), L::count);
  for (int i = 0; i < L::count; ++i) {
    CHECK(words[i] == -7);
    CHECK(numbers[i] == -7.5f);
  }
}

/// Codes of every number, far out too, and as many of them in memory as wanted.
template <class L, std::size_t Registers, class T>
void check_codes(int32_t zero, int32_t low, int32_t high) {
  INFO("zero point " << zero << ", " << low << " to " << high);
  const std::vector<float>& x = real_operands().a;
  const kernels::code_rounding<L> codes(zero, low, high);
  const auto exact = [&](float v) {
    const double code = std::isnan(v) ? low : std::nearbyint(double{v}) + zero;
    return static_cast<T>(std::min<double>(std::max<double>(code, low), high));
  };
  compare<L>("codes", codes, exact, x);

  for (int n = L::count - L::count / static_cast<int>(Registers) + 1; n <= L::count; ++n) {
    const builders::exact_copy<float> in(x.data() + 7, L::count, 0);
    builders::guarded<T> out(n, 0);
    L::store(out.data(), codes(L::load(in.data(), L::count)), n);
    CHECK(out.intact());
    for (int i = 0; i < n; ++i) CHECK(out.data()[i] == exact(in.data()[i]));
  }
}

template <class L, std::size_t Registers>
void check_all_codes() {
  check_codes<L, Registers, std::int8_t>(0, -128, 127);
  check_codes<L, Registers, std::int8_t>(-128, -128, 127);
  check_codes<L, Registers, std::int8_t>(127, -100, 126);
  check_codes<L, Registers, std::uint8_t>(0, 0, 255);
  check_codes<L, Registers, std::uint8_t>(255, 3, 255);
  check_codes<L, Registers, std::uint8_t>(128, 128, 200);
  check_codes<L, Registers, int32_t>(-3, -128, 255);
}

/// The lanes of an instruction set, and two and four registers of them: f<L, registers>().
template <class Isa, class F>
void every_width(F f) {
  INFO(Isa::name);
  using L = kernels::lanes<Isa>;
  f.template operator()<L, 1>();
  f.template operator()<kernels::wide_lanes<L, 2>, 2>();
  f.template operator()<kernels::wide_lanes<L, 4>, 4>();
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: lanes of integers", "[kernels]", isa::compiled) {
  every_width<TestType>([]<class L, std::size_t>() { check_integers<L>(); });
}

TEMPLATE_LIST_TEST_CASE("kernels: lanes of floats", "[kernels]", isa::compiled) {
  every_width<TestType>([]<class L, std::size_t>() { check_reals<L>(); });
}

TEMPLATE_LIST_TEST_CASE("kernels: lanes in memory", "[kernels]", isa::compiled) {
  every_width<TestType>([]<class L, std::size_t Registers>() { check_memory<L, Registers>(); });
}

TEMPLATE_LIST_TEST_CASE("kernels: codes of reals over lanes", "[kernels]", isa::compiled) {
  every_width<TestType>([]<class L, std::size_t Registers>() { check_all_codes<L, Registers>(); });
}
