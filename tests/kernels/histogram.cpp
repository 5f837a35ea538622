// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/histogram.hpp>

#include <map>

using namespace equant;

TEST_CASE("count_values: counts and ends of every bin, up to the first page that is not there") {
  std::vector<float> x = builders::uniform<float>(2000, -3, 5);
  for (float v : {0.0f, -0.0f, 1e-45f, -1e-40f, 3e38f, -3e38f, 1.0f, 1.0f}) x.push_back(v);
  std::vector<std::uint16_t> page(kernels::page_slots);
  std::vector<kernels::value_bin> bins;
  index_t done = 0;
  const index_t n = static_cast<index_t>(x.size());
  while ((done += kernels::count_values(x.data() + done, n - done, page.data(), bins.data())) < n) {
    const auto slot = std::bit_cast<std::uint32_t>(x[static_cast<std::size_t>(done)] + 0.0f) >> 23;
    REQUIRE(page[slot] == 0);
    bins.resize(bins.size() + kernels::bins_per_page);
    page[slot] = static_cast<std::uint16_t>(bins.size() / kernels::bins_per_page);
  }
  std::map<std::uint32_t, std::vector<std::uint32_t>> wanted;
  for (float v : x) {
    const auto bits = std::bit_cast<std::uint32_t>(v == 0 ? 0.0f : v);
    wanted[bits >> 16].push_back(bits & 0xffff);
  }
  std::size_t used = 0;
  for (const auto& [upper, rest] : wanted) {
    const kernels::value_bin& b = bins[std::size_t(page[upper >> 7] - 1) * 128 + (upper & 127)];
    INFO("upper bits " << upper);
    CHECK(b.count == rest.size());
    CHECK(b.least == *std::min_element(rest.begin(), rest.end()));
    CHECK(b.most == *std::max_element(rest.begin(), rest.end()));
  }
  for (const kernels::value_bin& b : bins) used += b.count > 0;
  CHECK(used == wanted.size());
}
