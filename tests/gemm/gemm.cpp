// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "gemm/oracle.hpp"

#include <equant/gemm/gemm.hpp>

namespace {

using namespace equant;
using builders::guarded;
using builders::random_numbers;
using layout = oracle::matrix<std::int8_t>::layout;

template <class... Isa, class F>
void for_each(isa::list<Isa...>, F f) {
  (f(Isa{}), ...);
}

std::vector<std::int32_t> numbers(index_t n, int low, int high, std::uint64_t seed) {
  random_numbers random(seed);
  std::vector<std::int32_t> v(static_cast<std::size_t>(n));
  for (std::int32_t& x : v) x = low + random.below(high - low + 1);
  return v;
}

/// Tasks in reverse order, as if by `count` threads: what is written must not depend on it.
struct backwards {
  int count;
  int threads() const { return count; }
  template <class F>
  void operator()(index_t tasks, F&& f) const {
    while (tasks-- > 0) f(tasks);
  }
};

enum class zeros { none, one, each };

struct product {
  index_t rows, columns, depth;
  zeros of_a = zeros::none, of_b = zeros::none;
  layout a = layout::rows, b = layout::rows;
  bool bias = false;
};

template <class T>
std::vector<std::int32_t> zero_points(zeros how, index_t n, std::uint64_t seed) {
  const int low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  return numbers(how == zeros::none ? 0 : how == zeros::one ? 1 : n, low, high, seed);
}

std::string text(const product& p) {
  return contract::joined(p.rows, " x ", p.columns, " x ", p.depth, ", zeros ", int(p.of_a), " ", int(p.of_b),
                          ", layouts ", int(p.a), " ", int(p.b));
}

/// One product on every instruction set, against three loops.
template <class A, class B>
void check(const product& p, std::uint64_t seed, bool extremes = false) {
  using a_layout = typename oracle::matrix<A>::layout;
  using b_layout = typename oracle::matrix<B>::layout;
  const oracle::matrix<A> a(p.rows, p.depth, a_layout(int(p.a)), seed, extremes);
  const oracle::matrix<B> b(p.depth, p.columns, b_layout(int(p.b)), seed + 1, extremes);
  const auto za = zero_points<A>(p.of_a, p.rows, seed + 2), zb = zero_points<B>(p.of_b, p.columns, seed + 3);
  const auto bias = numbers(p.bias ? p.columns : 0, -100000, 100000, seed + 4);
  const auto wanted = oracle::product(a, za, b, zb, bias);
  const index_t count = p.rows * p.columns;
  for_each(isa::compiled{}, [&]<class Isa>(Isa) {
    INFO(Isa::name << ", " << text(p) << ", signed " << std::is_signed_v<A> << " " << std::is_signed_v<B>);
    const gemm::packed_matrix<Isa> packed(b.get(), zb);
    for (int threads : {1, 3}) {
      guarded<std::int32_t> got(count, static_cast<index_t>(seed % 4));
      const auto store = gemm::pipeline<gemm::store<std::int32_t>>{{gemm::store<std::int32_t>(got.data(), p.columns)}};
      gemm::multiply(a.get(), packed, gemm::terms{za, bias}, store, backwards{threads});
      const index_t first = builders::first_difference(got.data(), wanted.data(), count);
      INFO("element " << first);
      CHECK(first == count);
      CHECK(got.intact());
    }
  });
}

template <class F>
void for_each_kind(F f) {
  f(std::int8_t{}, std::int8_t{});
  f(std::uint8_t{}, std::int8_t{});
  f(std::uint8_t{}, std::uint8_t{});
  f(std::int8_t{}, std::uint8_t{});
}

}  // namespace

TEST_CASE("gemm: every edge of every tile") {
  std::uint64_t seed = 0;
  for (index_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 27, 28, 29, 40, 57}) {
    for (index_t columns : {1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 80, 129}) {
      const index_t depth = std::vector<index_t>{1, 2, 3, 4, 5, 6, 7, 8, 13, 32}[seed % 10];
      ++seed;
      if (seed % 2 == 0) check<std::uint8_t, std::int8_t>({rows, columns, depth}, seed);
      if (seed % 2 == 1) check<std::int8_t, std::int8_t>({rows, columns, depth}, seed);
    }
  }
}

TEST_CASE("gemm: every depth") {
  for (index_t depth = 1; depth <= 70; ++depth) {
    for_each_kind([&]<class A, class B>(A, B) {
      check<A, B>({1 + depth % 8, 20, depth, zeros(depth % 3), zeros(depth / 3 % 3)},
                  1000 + static_cast<std::uint64_t>(depth));
    });
  }
}

TEST_CASE("gemm: zero points, bias and layouts together") {
  std::uint64_t seed = 5000;
  for (zeros of_a : {zeros::none, zeros::one, zeros::each}) {
    for (zeros of_b : {zeros::none, zeros::one, zeros::each}) {
      for (layout a : {layout::rows, layout::columns, layout::spaced}) {
        for (layout b : {layout::rows, layout::columns, layout::spaced}) {
          for_each_kind([&]<class A, class B>(A, B) {
            ++seed;
            check<A, B>({9, 37, 11, of_a, of_b, a, b, seed % 2 == 0}, seed);
            check<A, B>({1, 70, 9, of_a, of_b, a, b, seed % 2 == 1}, seed);
          });
        }
      }
    }
  }
}

TEST_CASE("gemm: large enough for several blocks of rows") {
  check<std::uint8_t, std::int8_t>({301, 70, 1030, zeros::one, zeros::none}, 9001);
  check<std::int8_t, std::uint8_t>({230, 17, 1501, zeros::each, zeros::each, layout::columns}, 9002);
}

// 127 * 255 and 128 * 255 many times over: what saturates somewhere on the way differs.
TEST_CASE("gemm: the ends of the range do not saturate") {
  for_each_kind([]<class A, class B>(A, B) {
    check<A, B>({5, 18, 4096}, 77, true);
    check<A, B>({5, 18, 333, zeros::one, zeros::each}, 78, true);
  });
  // K beyond the bound: the sum wraps, on every instruction set alike.
  check<std::uint8_t, std::uint8_t>({2, 17, 40000}, 79, true);
}

TEST_CASE("gemm: empty products, and operands that do not fit") {
  const std::vector<std::int8_t> codes(12, 1);
  const view<const std::int8_t> a{codes.data(), {3, 4}, {4, 1}}, b{codes.data(), {4, 3}, {3, 1}};
  std::vector<std::int32_t> out(9, 5);
  const auto store = gemm::pipeline<gemm::store<std::int32_t>>{{gemm::store<std::int32_t>(out.data(), 3)}};
  const gemm::packed_matrix<> packed(b);

  const view<const std::int8_t> none{codes.data(), {0, 4}, {4, 1}};
  gemm::multiply(none, packed, {}, store);
  CHECK(out == std::vector<std::int32_t>(9, 5));

  // A depth of 0 leaves the bias.
  const std::vector<std::int32_t> bias = {1, 2, 3};
  const gemm::packed_matrix<> flat(view<const std::int8_t>{codes.data(), {0, 3}, {3, 1}});
  gemm::multiply(view<const std::int8_t>{codes.data(), {3, 0}, {1, 1}}, flat, {{}, bias}, store);
  CHECK(out == std::vector<std::int32_t>{1, 2, 3, 1, 2, 3, 1, 2, 3});

  const std::vector<std::int32_t> two(2);
  CHECK_THROWS_WITH(gemm::multiply(b, packed, {}, store), says("a product of 4 x 3 and 4 x 3"));
  CHECK_THROWS_WITH(gemm::multiply(a, packed, {two, {}}, store), says("2 zero points for 3 rows"));
  CHECK_THROWS_WITH(gemm::multiply(a, packed, {{}, two}, store), says("a bias of 2 for 3 columns"));
}
