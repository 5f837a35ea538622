// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/byte_sum.hpp>

namespace {

using namespace equant;

template <class Isa, class T>
void check(const std::vector<T>& x, index_t offset) {
  const auto n = static_cast<index_t>(x.size());
  std::int64_t sum = 0;
  for (T v : x) sum += v;
  const builders::exact_copy<T> in(x.data(), n, offset);
  const std::int32_t found = kernels::byte_sum<Isa>(in.data(), n);
  const auto expected = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum));
  if (found != expected) {
    FAIL(Isa::name << ", " << n << (std::is_signed_v<T> ? " signed" : " unsigned") << " bytes: expected " << expected
                   << ", got " << found);
  }
}

template <class Isa, class T>
void check_all() {
  constexpr T low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  builders::random_numbers random;
  for (index_t n = 0; n <= 300; ++n) {
    std::vector<T> x(static_cast<std::size_t>(n));
    for (T& v : x) v = static_cast<T>(random.bits());
    check<Isa>(x, n % 4);
    for (T v : {low, high}) check<Isa>(std::vector<T>(x.size(), v), n % 4);
  }
  // The longest that is exact, and one whose sum goes round.
  for (std::size_t n : {std::size_t{1} << 23, (std::size_t{5} << 23) + 17}) {
    for (T v : {low, high}) check<Isa>(std::vector<T>(n, v), 1);
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: byte_sum", "[kernels]", isa::compiled) {
  check_all<TestType, std::int8_t>();
  check_all<TestType, std::uint8_t>();
}
