// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/aligned.hpp>

#include "catch.hpp"

#include <cstdint>

using namespace equant;

namespace {

template <class T>
bool aligned(const aligned_vector<T>& v) {
  return reinterpret_cast<std::uintptr_t>(v.data()) % 64 == 0;
}

}  // namespace

TEST_CASE("aligned_vector: begins on a cache line, whatever it was before") {
  for (std::size_t n : {1u, 2u, 3u, 15u, 16u, 17u, 1000u}) {
    aligned_vector<float> x(n, 1.5f);
    CHECK(aligned(x));
    const aligned_vector<float> copy = x;
    CHECK(aligned(copy));
    x.push_back(2);
    CHECK(aligned(x));
    CHECK((x.size() == n + 1 && x.front() == 1.5f && x.back() == 2));
    CHECK(aligned(aligned_vector<double>(n)));
    CHECK(aligned(aligned_vector<std::int32_t>(n)));
  }
}
