// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/nn/memory_plan.hpp>

using namespace equant;

TEST_CASE("memory plan: what lives at once does not overlap, and what does not shares a place") {
  builders::random_numbers random(3);
  std::vector<nn::lifetime> pieces;
  for (int i = 0; i < 60; ++i) {
    const int first = random.below(20);
    pieces.push_back({static_cast<std::size_t>(random.below(5) * 100), first, first + random.below(4)});
  }
  const std::size_t all = nn::plan_memory(pieces);
  std::size_t most = 0, sum = 0;
  for (int t = 0; t < 24; ++t) {
    std::size_t now = 0;
    for (const nn::lifetime& p : pieces) now += p.first <= t && t <= p.last ? (p.bytes + 63) / 64 * 64 : 0;
    most = std::max(most, now);
  }
  for (const nn::lifetime& a : pieces) {
    sum += a.bytes;
    CHECK(a.offset % 64 == 0);
    CHECK(a.offset + a.bytes <= all);
    for (const nn::lifetime& b : pieces) {
      if (&a == &b || a.last < b.first || b.last < a.first) continue;
      CHECK((a.bytes == 0 || b.bytes == 0 || a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset));
    }
  }
  CHECK(all >= most);
  CHECK(all < 2 * most);
  CHECK(all < sum);
}
