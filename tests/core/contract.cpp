// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/contract.hpp>

#include "catch.hpp"

#include <cstdint>
#include <limits>

using namespace equant;

namespace {

int handled = 0;
void count_failure(failure, const char*) { ++handled; }

template <class... Parts>
std::string message(const Parts&... parts) {
  try {
    contract::invalid_argument(parts...);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
}

}  // namespace

TEST_CASE("contract: a caller's mistake and bad data are told apart by type") {
  CHECK_THROWS_AS(contract::invalid_argument("x"), std::invalid_argument);
  CHECK_THROWS_AS(contract::bad_data("x"), std::runtime_error);
  // An invalid_argument is a logic_error: no handler of one sees the other.
  CHECK_THROWS_AS(contract::raise(failure::invalid_argument, "x"), std::logic_error);
  CHECK_THROWS_AS(contract::raise(failure::bad_data, "x"), std::runtime_error);
  CHECK_THROWS_WITH(contract::bad_data("offset ", 12), "equant: offset 12");
}

TEST_CASE("contract: a message joins text and numbers behind the library's name") {
  CHECK(message() == "equant: ");
  CHECK(message("axis ", -1, " of rank ", 3u) == "equant: axis -1 of rank 3");
  CHECK(message(std::string("a"), std::string_view("bc").substr(1), "d") == "equant: acd");
  CHECK(message(true, ' ' == ' ', false) == "equant: truetruefalse");
  CHECK(message(std::numeric_limits<std::int64_t>::min()) == "equant: -9223372036854775808");
  CHECK(message(std::numeric_limits<std::uint64_t>::max()) == "equant: 18446744073709551615");
  CHECK(message(std::int8_t{-128}, ",", std::uint8_t{65}) == "equant: -128,65");
}

TEST_CASE("contract: real numbers show as many digits as a float has") {
  CHECK(message(0.5f) == "equant: 0.5");
  CHECK(message(0.1f) == "equant: 0.100000001");
  CHECK(message(0.1) == "equant: 0.1");
  CHECK(message(-1e30) == "equant: -1e+30");
  CHECK(message(std::numeric_limits<float>::infinity()) == "equant: inf");
  CHECK(message(std::numeric_limits<double>::quiet_NaN()) == "equant: nan");
  CHECK(message(-std::numeric_limits<double>::max()) == "equant: -1.79769313e+308");
}

TEST_CASE("contract: the handler is for programs without exceptions") {
  const failure_handler before = set_failure_handler(count_failure);
  CHECK_THROWS_AS(contract::invalid_argument("x"), std::invalid_argument);
  CHECK(handled == 0);
  CHECK(set_failure_handler(before) == count_failure);
  CHECK(set_failure_handler(nullptr) == before);
  set_failure_handler(before);
}
