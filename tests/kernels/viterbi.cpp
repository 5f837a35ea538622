// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/viterbi.hpp>

namespace {

using namespace equant;
using builders::random_numbers;

constexpr index_t slack = kernels::viterbi_slack;

template <class T>
std::vector<T> words(random_numbers& random, std::size_t n, int low, int high) {
  std::vector<T> v(n);
  for (T& w : v) w = static_cast<T>(low + random.below(high - low + 1));
  return v;
}

/// What a step leaves, with its memory guarded: nothing else may be written, nor anything read beyond the slack.
struct outcome {
  std::uint16_t smallest = 0;
  std::vector<std::uint16_t> after;
  std::vector<std::uint8_t> choice;
  bool intact = true;
  bool operator==(const outcome&) const = default;
};

template <int Bits, class Isa>
outcome stepped(int length, std::int16_t x, const std::vector<std::int16_t>& table,
                const std::vector<std::uint16_t>& before) {
  const index_t groups = index_t{1} << (length - Bits);
  const builders::exact_copy<std::int16_t> t(table.data(), index_t(table.size()), 1);
  const builders::exact_copy<std::uint16_t> from(before.data(), groups + slack, 3);
  builders::guarded<std::uint16_t> after(groups, 1);
  builders::guarded<std::uint8_t> choice(groups, 1);
  const std::uint16_t least = *std::min_element(before.begin(), before.begin() + groups);
  outcome o;
  o.smallest = kernels::viterbi_step<Bits, Isa>(length, x, t.data(), from.data(), least, after.data(), choice.data());
  o.after.assign(after.data(), after.data() + groups);
  o.choice.assign(choice.data(), choice.data() + groups);
  o.intact = after.intact() && choice.intact();
  return o;
}

template <int Bits, class Isa>
void equals_portable() {
  random_numbers random(7);
  for (int length = 2 * Bits; length <= std::max(2 * Bits + 2, Bits + 7); ++length) {
    const std::size_t states = std::size_t{1} << length, groups = states >> Bits;
    for (const int most : {3, 700, 65535}) {  // ties, usual costs, saturation
      const auto table = most == 3 ? words<std::int16_t>(random, states, -300, 300)
                                   : words<std::int16_t>(random, states, -32768, 32767);
      auto before = words<std::uint16_t>(random, groups + slack, 0, most);
      for (const int x : {-32768, -20000, -1, 0, 250, 32767}) {
        INFO(Bits << " bits, length " << length << ", costs up to " << most << ", x = " << x);
        const outcome o = stepped<Bits, Isa>(length, static_cast<std::int16_t>(x), table, before);
        CHECK(o.intact);
        CHECK(o == stepped<Bits, isa::portable>(length, static_cast<std::int16_t>(x), table, before));
      }
    }
  }
}

/// The cheapest way into every group after the samples, by going all ways from all states.
template <int Bits>
std::vector<long> by_all_paths(int length, const std::vector<std::int16_t>& x, const std::vector<std::int16_t>& table) {
  const long states = 1L << length, groups = states >> Bits;
  std::vector<long> cheapest(static_cast<std::size_t>(groups), 1L << 40);
  const auto walk = [&](auto self, long state, std::size_t i, long cost) -> void {
    if (i == x.size()) {
      long& c = cheapest[static_cast<std::size_t>(state % groups)];
      c = std::min(c, cost);
      return;
    }
    for (long b = 0; b < 1 << Bits; ++b) {
      const long next = (state * (1 << Bits) + b) % states;
      const long d = x[i] - table[static_cast<std::size_t>(next)];
      self(self, next, i + 1, cost + std::lrint(std::floor(static_cast<double>(d * d) / 32768 + 0.5)));
    }
  };
  for (long state = 0; state < groups; ++state) walk(walk, state, 0, 0);
  return cheapest;
}

template <int Bits, class Isa>
void finds_the_cheapest(int length, std::size_t samples) {
  random_numbers random(11);
  const std::size_t groups = std::size_t{1} << (length - Bits);
  for (int trial = 0; trial < 5; ++trial) {
    const auto table = words<std::int16_t>(random, groups << Bits, -9000, 9000);
    const auto x = words<std::int16_t>(random, samples, -9000, 9000);
    std::vector<std::uint16_t> before(groups + slack), after(groups + slack);
    std::vector<std::uint8_t> choice(groups);
    long taken_off = 0;
    std::uint16_t least = 0;
    for (const std::int16_t sample : x) {
      taken_off += least;
      least = kernels::viterbi_step<Bits, Isa>(length, sample, table.data(), before.data(), least, after.data(),
                                               choice.data());
      before.swap(after);
    }
    const std::vector<long> wanted = by_all_paths<Bits>(length, x, table);
    for (std::size_t g = 0; g < groups; ++g) CHECK(before[g] + taken_off == wanted[g]);
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: a trellis step equals portable to the bit", "[kernels]", isa::compiled) {
  equals_portable<1, TestType>();
  equals_portable<2, TestType>();
  equals_portable<3, TestType>();
  equals_portable<4, TestType>();
}

TEMPLATE_LIST_TEST_CASE("kernels: trellis steps find the cheapest of all paths", "[kernels]", isa::compiled) {
  finds_the_cheapest<1, TestType>(7, 8);
  finds_the_cheapest<2, TestType>(7, 5);
  finds_the_cheapest<2, TestType>(4, 6);
  finds_the_cheapest<3, TestType>(8, 3);
}

TEST_CASE("kernels: a trellis step by hand", "[kernels]") {
  // Length 2, one bit: groups 0 and 1. Group 0 is reached by states 0 and 2, group 1 by 1 and 3; states 0 and 1 follow
  // group 0. Costs of x = 1024: (1024 - 0)^2 / 2^15 = 32, 8 (512), 0 (1024), 72 (2560).
  const std::int16_t table[] = {0, 512, 1024, 2560};
  const std::uint16_t before[2 + slack] = {5, 37};
  std::uint16_t after[2];
  std::uint8_t choice[2];
  CHECK(kernels::viterbi_step<1>(2, 1024, table, before, 5, after, choice) == 8);
  CHECK(after[0] == 32);  // 5 + 32 ties with 37 + 0: the smaller p
  CHECK(choice[0] == 0);
  CHECK(after[1] == 8);
  CHECK(choice[1] == 0);
}
