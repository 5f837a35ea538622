// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/isa.hpp>

#include "catch.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

using namespace equant;

namespace {

template <class... Isa>
constexpr std::size_t size(isa::list<Isa...>) {
  return sizeof...(Isa);
}

template <class First, class... Rest>
First first(isa::list<First, Rest...>);

template <class... Isa>
std::tuple_element_t<sizeof...(Isa) - 1, std::tuple<Isa...>> last_of(isa::list<Isa...>);

template <class... Isa>
std::vector<std::string> names(isa::list<Isa...>) {
  return {Isa::name...};
}

/// Whether a tag's base is one of the tags before it; the portable one has none.
template <class Isa, class... Before>
constexpr bool rests_on(isa::list<Before...>) {
  if constexpr (requires { typename Isa::base; }) {
    return std::derived_from<Isa, typename Isa::base> &&
           (std::same_as<typename Isa::base, Before> || ...);
  } else {
    return std::same_as<Isa, isa::portable>;
  }
}

template <class... Before>
constexpr bool chained(isa::list<Before...>, isa::list<>) {
  return true;
}
template <class... Before, class Isa, class... Rest>
constexpr bool chained(isa::list<Before...> before, isa::list<Isa, Rest...>) {
  return rests_on<Isa>(before) && chained(isa::list<Before..., Isa>{}, isa::list<Rest...>{});
}

static_assert(std::same_as<decltype(first(isa::compiled{})), isa::portable>);
static_assert(std::same_as<decltype(last_of(isa::compiled{})), isa::native>);
static_assert(chained(isa::list<>{}, isa::compiled{}),
              "every base is compiled in before what rests on it");

// A kernel written for no tag but the portable one serves them all.
template <class Isa>
struct probe : probe<typename Isa::base> {};
template <>
struct probe<isa::portable> {
  static constexpr int answer = 42;
};
static_assert(probe<isa::native>::answer == 42);

}  // namespace

// The biggest regression, and nobody sees it: a path that silently is no longer compiled.
TEST_CASE("isa: a build that asked for an instruction set got it") {
  struct row {
    std::string_view asked, given;
  };
  const row known[] = {{"x86-64", "portable"},
                       {"x86-64-v2", "portable"},
                       {"x86-64-v3", "avx2"},
                       {"haswell", "avx2"},
                       {"alderlake", "avxvnni"},
                       {"icelake-server", "avx512vnni"},
                       {"armv8-a", "neon"},
                       {"armv8.2-a+dotprod", "neondot"}};
  const std::string_view arch = EQUANT_TEST_ARCH, lower = EQUANT_TEST_ISA;
  if (!lower.empty()) {
    CHECK(isa::native::name == lower);
    return;
  }
  if (arch == "default" || arch == "native") EQUANT_SKIP("built for no named instruction set");
  bool found = false;
  for (const auto& [asked, given] : known) {
    if (asked != arch) continue;
    found = true;
    CHECK(isa::native::name == given);
  }
  INFO("this test does not know what -march=" << arch << " shall give: add it");
  CHECK(found);
}

TEST_CASE("isa: names are told apart") {
  const auto all = names(isa::compiled{});
  CHECK(all.size() == size(isa::compiled{}));
  CHECK(all.front() == "portable");
  CHECK(all.back() == isa::native::name);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK(all[i] != all[j]);
  }
}
