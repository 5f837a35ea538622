// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/code_arithmetic.hpp>

namespace {

using namespace equant;
using builders::random_numbers;

template <class... Isa, class F>
void for_each(isa::list<Isa...>, F f) {
  (f(Isa{}), ...);
}

template <class T>
std::vector<T> codes(index_t n, std::uint64_t seed) {
  random_numbers random(seed);
  std::vector<T> v(static_cast<std::size_t>(n));
  for (T& x : v) x = static_cast<T>(random.bits() >> 11);
  return v;
}

/// To the nearest code, ties to even: in double, where no step before rounds.
int target(double x, const kernels::code_target& to) {
  return static_cast<int>(
             std::nearbyint(std::clamp(x, double(to.range.lowest - to.zero), double(to.range.highest - to.zero)))) +
         to.zero;
}

/// What may differ from arithmetic in double: values that lie within rounding errors of a tie.
void close(int got, double real, const kernels::code_target& to) {
  CHECK((got == target(real - 1e-4, to) || got == target(real + 1e-4, to)));
}

template <class T, class U, class F>
void on_each_isa(index_t n, F f) {
  std::vector<U> first;
  for_each(isa::compiled{}, [&]<class Isa>(Isa) {
    INFO(Isa::name << ", " << n << " codes");
    builders::guarded<U> y(n, n % 3);
    f(Isa{}, y.data());
    CHECK(y.intact());
    const std::vector<U> got(y.data(), y.data() + n);
    if (first.empty()) first = got;
    CHECK(got == first);
  });
}

}  // namespace

TEST_CASE("code arithmetic: lanes of bytes are loaded in whole and in part") {
  for_each(isa::compiled{}, []<class Isa>(Isa) {
    using L = kernels::lanes<Isa>;
    const auto check = []<class T>(T) {
      const std::vector<T> x = codes<T>(64, 5);
      for (int n = 1; n <= L::count; ++n) {
        const builders::exact_copy<T> some(x.data(), n);
        std::int32_t got[L::count];
        L::store(static_cast<std::int32_t*>(got), L::load(some.data(), n), L::count);
        for (int i = 0; i < L::count; ++i) CHECK(got[i] == (i < n ? x[static_cast<std::size_t>(i)] : 0));
      }
    };
    check(std::int8_t{});
    check(std::uint8_t{});
  });
}

TEST_CASE("code arithmetic: from grid to grid") {
  const kernels::code_target to{3, {0, 255}}, narrow{-20, {-64, 63}};
  for (index_t n : {1, 7, 15, 16, 17, 33, 256}) {
    const auto x = codes<std::uint8_t>(n, static_cast<std::uint64_t>(n));
    const auto s = codes<std::int8_t>(n, static_cast<std::uint64_t>(n) + 1);
    on_each_isa<std::uint8_t, std::uint8_t>(n, [&]<class Isa>(Isa, std::uint8_t* y) {
      kernels::requantize<Isa>(kernels::code_operand<std::uint8_t>{x.data(), 97, .73f}, n, to, y);
      for (index_t i = 0; i < n; ++i) close(y[i], double(.73f) * (x[static_cast<std::size_t>(i)] - 97), to);
    });
    on_each_isa<std::int8_t, std::int8_t>(n, [&]<class Isa>(Isa, std::int8_t* y) {
      kernels::requantize<Isa>(kernels::code_operand<std::int8_t>{s.data(), -5, 1.5f}, n, narrow, y);
      for (index_t i = 0; i < n; ++i) CHECK(y[i] == target(1.5 * (s[static_cast<std::size_t>(i)] + 5), narrow));
    });
  }
}

TEST_CASE("code arithmetic: back to real values") {
  const auto x = codes<std::uint8_t>(77, 3);
  on_each_isa<std::uint8_t, float>(77, [&]<class Isa>(Isa, float* y) {
    kernels::real_values<Isa>(kernels::code_operand<std::uint8_t>{x.data(), 12, .3f}, 77, y);
    for (std::size_t i = 0; i < 77; ++i) CHECK(y[i] == float(x[i] - 12) * .3f);
  });
}

TEST_CASE("code arithmetic: sums of two grids on a third") {
  const kernels::code_target to{128, {100, 255}};
  for (index_t n : {1, 8, 15, 16, 31, 200}) {
    const auto a = codes<std::uint8_t>(n, 9), b = codes<std::uint8_t>(n, 10);
    on_each_isa<std::uint8_t, std::uint8_t>(n, [&]<class Isa>(Isa, std::uint8_t* y) {
      kernels::add_codes<Isa>(kernels::code_operand<std::uint8_t>{a.data(), 0, .4f},
                              kernels::code_operand<std::uint8_t>{b.data(), 130, .9f}, n, to, y);
      for (index_t i = 0; i < n; ++i) {
        const auto k = static_cast<std::size_t>(i);
        close(y[i], double(.4f) * a[k] + double(.9f) * (b[k] - 130), to);
      }
    });
  }
}

TEST_CASE("code arithmetic: averages and maxima of windows") {
  const kernels::code_target to{10, {0, 255}};
  for (index_t channels : {1, 5, 16, 37}) {
    const auto x = codes<std::uint8_t>(6 * 5 * channels, 77);
    const kernels::pixel_block<std::uint8_t> block{x.data() + channels, 3, 2, 5 * channels, 2 * channels};
    const auto at = [&](index_t i, index_t j, index_t c) {
      return x[static_cast<std::size_t>((i * 5 + 1 + 2 * j) * channels + c)];
    };
    on_each_isa<std::uint8_t, std::uint8_t>(channels, [&]<class Isa>(Isa, std::uint8_t* y) {
      kernels::average_codes<Isa>(block, 40, .8f / 6, channels, to, y);
      for (index_t c = 0; c < channels; ++c) {
        int sum = 0;
        for (index_t i = 0; i < 3; ++i) sum += at(i, 0, c) + at(i, 1, c) - 80;
        close(y[c], double(.8f) * sum / 6, to);
      }
    });
    on_each_isa<std::uint8_t, std::uint8_t>(channels, [&]<class Isa>(Isa, std::uint8_t* y) {
      kernels::largest_codes<Isa>(block, channels, y);
      for (index_t c = 0; c < channels; ++c) {
        int most = 0;
        for (index_t i = 0; i < 3; ++i) most = std::max({most, int(at(i, 0, c)), int(at(i, 1, c))});
        CHECK(y[c] == most);
      }
    });
  }
}
