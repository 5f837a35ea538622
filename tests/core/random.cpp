// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/core/random.hpp>

using namespace equant;

TEST_CASE("splitmix64: the numbers published for a seed") {
  splitmix64 random(1234567);
  for (const std::uint64_t wanted : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u}) {
    CHECK(random() == wanted);
  }
  CHECK(splitmix64::mixed(1234567 + 2 * splitmix64::step) == 3203168211198807973u);
}

TEST_CASE("splitmix64: uniform numbers are the upper 53 bits") {
  splitmix64 random(1234567);
  CHECK(random.uniform() == static_cast<double>(6457827717110365317u >> 11) / 9007199254740992.0);
}
