// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "sources.hpp"

#include <equant/core/contiguous.hpp>
#include <equant/sweep/vector.hpp>

namespace {

using namespace equant;

template <int Bits>
std::vector<sweep::row> rows_of(const std::vector<float>& x) {
  sweep::table t;
  sweep::vector_rows{}(view<const float>(bridge<std::vector<float>>::look(x)), std::integral_constant<int, Bits>{}, t);
  return t.rows;
}

}  // namespace

TEST_CASE("sweep: vector quantizers per tensor, at what they take with their tables", "[sweep]") {
  const std::vector<float> x = sources::sample<float>(70000, sources::gauss);
  const std::vector<sweep::row> rows = rows_of<2>(x);
  REQUIRE(rows.size() == 5);
  const char* names[] = {"trellis", "fitted trellis", "products of 4", "lattice D4", "lattice E8"};
  const std::size_t tables[] = {0, 2 * 256 + 8, 256 * 4 * 2 + 8, 0, 0};
  const double errors[] = {0.0727, 0.0772, 0.0975, 0.1025, 0.0904};
  for (std::size_t i = 0; i < 5; ++i) {
    INFO(names[i]);
    CHECK(rows[i].quantizer == names[i]);
    CHECK((rows[i].bits == 2 && rows[i].granularity == "per tensor"));
    CHECK(rows[i].bytes == 70000 / 4 + 16 + tables[i]);
    CHECK(rows[i].bits_per_value == 8.0 * static_cast<double>(rows[i].bytes) / 70000);
    CHECK(rows[i].mse < 1.03 * errors[i]);  // what is fitted does better on its own values
    CHECK(rows[i].mse > (i == 1 || i == 2 ? 0.9 : 0.97) * errors[i]);
  }
  CHECK(rows_of<5>(x).empty());
}

TEST_CASE("sweep: a trellis and products fitted to a tensor suit it", "[sweep]") {
  const std::vector<float> x = sources::sample<float>(20000, [](auto& s) { return s.exponential(); });
  const std::vector<sweep::row> rows = rows_of<3>(x);
  REQUIRE(rows.size() == 3);
  CHECK(rows[1].mse < 0.8 * rows[0].mse);
  CHECK(rows[2].quantizer == "products of 2");
  CHECK(rows[2].mse < 0.8 * rows[0].mse);
}
