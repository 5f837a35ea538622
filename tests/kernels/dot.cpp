// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/dot.hpp>

namespace {

using namespace equant;

template <class T>
std::vector<T> random_bytes(index_t n, std::uint64_t seed) {
  builders::random_numbers random(seed);
  std::vector<T> x(static_cast<std::size_t>(n));
  for (T& v : x) v = static_cast<T>(random.below(8) == 0 ? (random.below(2) == 0 ? 128 : 127) : random.below(256));
  return x;
}

// The oracles: 64 bits, element by element, cut to 32 at the end.
template <class A, class B>
std::int32_t true_dot(const std::vector<A>& a, const std::vector<B>& b) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::int64_t{a[i]} * std::int64_t{b[i]};
  return static_cast<std::int32_t>(sum);
}
template <class T>
std::int32_t true_distance(const std::vector<T>& a, const std::vector<T>& b) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::int64_t d = std::int64_t{a[i]} - std::int64_t{b[i]};
    sum += d * d;
  }
  return static_cast<std::int32_t>(sum);
}

template <class Isa, class A, class B>
void check(const std::vector<A>& a, const std::vector<B>& b, index_t offset = 0) {
  const auto n = static_cast<index_t>(a.size());
  const builders::exact_copy<A> x(a.data(), n, offset);
  const builders::exact_copy<B> y(b.data(), n, offset / 2);
  INFO(Isa::name << ", n = " << n << ", signed: " << std::is_signed_v<A> << ' ' << std::is_signed_v<B>);
  const std::int32_t wanted = true_dot(a, b);
  if (kernels::dot<Isa>(x.data(), y.data(), n) != wanted) CHECK(kernels::dot<Isa>(x.data(), y.data(), n) == wanted);
  if constexpr (std::is_same_v<A, B>) {
    const std::int32_t far = true_distance(a, b), found = kernels::squared_distance<Isa>(x.data(), y.data(), n);
    if (found != far) CHECK(found == far);
  }
}

template <class Isa, class A, class B>
void check_many(index_t n, index_t count, index_t gap) {
  const index_t stride = n + gap;
  const auto query = random_bytes<A>(n, 5);
  const auto vectors = random_bytes<B>(count * stride, 6);
  const index_t used = count == 0 ? 0 : (count - 1) * stride + n;  // nothing behind the last vector is read
  const builders::exact_copy<A> q(query.data(), n);
  const builders::exact_copy<B> v(vectors.data(), used);
  builders::guarded<std::int32_t> out(count);
  kernels::dot_many<Isa>(q.data(), v.data(), stride, count, n, out.data());
  INFO(Isa::name << ", n = " << n << ", " << count << " vectors, gap " << gap);
  REQUIRE(out.intact());
  for (index_t i = 0; i < count; ++i) {
    const std::vector<B> one(vectors.begin() + i * stride, vectors.begin() + i * stride + n);
    if (out.data()[i] != true_dot(query, one)) CHECK(out.data()[i] == true_dot(query, one));
  }
}

template <class Isa, class A, class B>
void check_pair() {
  for (index_t n = 0; n <= 300; ++n) {
    const auto seed = static_cast<std::uint64_t>(n);
    check<Isa>(random_bytes<A>(n, 2 * seed), random_bytes<B>(n, 2 * seed + 1), n % 5);
  }
  for (index_t n : {0, 1, 15, 16, 31, 64, 100, 127, 128, 129, 191, 1536}) {
    for (index_t count : {0, 1, 3, 4, 5, 8, 11}) check_many<Isa, A, B>(n, count, n % 3);
  }
}

/// The longest sums that cannot overflow, and the first that do, which wrap.
template <class Isa, class A, class B>
void check_bound(A a, B b, index_t longest) {
  const std::int64_t each = std::int64_t{a} * std::int64_t{b};
  using limits = std::numeric_limits<std::int32_t>;
  const std::int64_t end = each < 0 ? limits::min() : limits::max();
  CHECK(std::abs(each * longest) <= std::abs(end));
  CHECK(std::abs(each * (longest + 1)) > std::abs(end));
  for (index_t n : {longest, longest + 1}) {
    const std::vector<A> x(static_cast<std::size_t>(n), a);
    const std::vector<B> y(static_cast<std::size_t>(n), b);
    check<Isa>(x, y);
  }
  const std::vector<A> x(static_cast<std::size_t>(longest), a);
  const std::vector<B> y(static_cast<std::size_t>(longest), b);
  CHECK(kernels::dot<Isa>(x.data(), y.data(), longest) == each * longest);
}

template <class Isa, class T>
void check_distance_bound(T a, T b) {
  const std::vector<T> x(33026, a), y(33026, b);
  CHECK(kernels::squared_distance<Isa>(x.data(), y.data(), 33025) == std::int64_t{65025} * 33025);
  CHECK(kernels::squared_distance<Isa>(y.data(), x.data(), 33025) == std::int64_t{65025} * 33025);
  CHECK(kernels::squared_distance<Isa>(x.data(), y.data(), 33026) ==
        static_cast<std::int32_t>(std::int64_t{65025} * 33026));
}

/// Runs of the values that narrow arithmetic saturates on.
template <class Isa, class A, class B>
void check_ends() {
  for (int a : {-128, -127, 0, 127, 128, 255}) {
    for (int b : {-128, -127, 0, 127, 128, 255}) {
      for (std::size_t n : {1u, 16u, 77u, 4096u}) {
        check<Isa>(std::vector<A>(n, static_cast<A>(a)), std::vector<B>(n, static_cast<B>(b)));
      }
    }
  }
}

template <class Isa>
void check_isa() {
  using s8 = std::int8_t;
  using u8 = std::uint8_t;
  check_pair<Isa, s8, s8>();
  check_pair<Isa, u8, u8>();
  check_pair<Isa, u8, s8>();
  check_pair<Isa, s8, u8>();
  check_ends<Isa, s8, s8>();
  check_ends<Isa, u8, u8>();
  check_ends<Isa, u8, s8>();
  check_ends<Isa, s8, u8>();
  check_bound<Isa>(s8{-128}, s8{-128}, 131071);
  check_bound<Isa>(u8{255}, s8{-128}, 65793);
  check_bound<Isa>(s8{-128}, u8{255}, 65793);
  check_bound<Isa>(u8{255}, u8{255}, 33025);
  check_bound<Isa>(s8{127}, s8{127}, 133144);
  check_distance_bound<Isa>(s8{-128}, s8{127});
  check_distance_bound<Isa>(u8{0}, u8{255});
}

template <class... Isa>
void check_all(isa::list<Isa...>) {
  (check_isa<Isa>(), ...);
}

}  // namespace

TEST_CASE("dot products and squared distances are exact modulo 2^32 on every instruction set") {
  check_all(isa::compiled{});
}

TEST_CASE("dot products are constant expressions in the specification") {
  constexpr std::int8_t a[] = {-128, 127, 3}, b[] = {-128, -128, 5};
  static_assert(kernels::dot_on<isa::portable>::dot(a, b, 3) == 16384 - 16256 + 15);
  static_assert(kernels::dot_on<isa::portable>::squared_distance(a, b, 3) == 255 * 255 + 4);
}
