// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/sweep/leaders.hpp>

namespace {

using namespace equant;

sweep::row row_of(const char* kind, const char* quantizer, double bits, double sqnr_db) {
  sweep::row r;
  r.kind = kind;
  r.quantizer = quantizer;
  r.granularity = "per tensor";
  r.bits_per_value = bits;
  r.sqnr_db = sqnr_db;
  return r;
}

}  // namespace

TEST_CASE("leaders: the best series of each kind by what they bring beyond 6.02 dB per bit", "[sweep]") {
  const double infinity = std::numeric_limits<double>::infinity();
  sweep::table t;
  t.rows = {row_of("line", "a", 2, 10), row_of("line", "b", 2, 12),       row_of("line", "c", 2.5, 12.5),
            row_of("dot", "d", 4, 20),  row_of("line", "a", 3, infinity), row_of("line", "b", 3, 15),
            row_of("line", "c", 3.5, 21)};
  // a: 10 - 12.04; b: about 12 - 12.04 and 15 - 18.06; c: about 12.5 - 15.05 and 21 - 21.07
  const auto best = sweep::leaders(t, 2);
  REQUIRE(best.size() == 3);
  CHECK(best[0].name == "c, per tensor");
  CHECK(best[1].name == "b, per tensor");
  CHECK(best[2].name == "d, per tensor");
  REQUIRE(best[0].rows.size() == 2);
  CHECK(best[0].rows[1].sqnr_db == 21);
  CHECK(best[0].merit() == Approx(33.5 / 2 - 3 * 6.0206).margin(0.001));
  CHECK(sweep::leaders(t, 9).size() == 4);
  CHECK(sweep::leaders(t, 9)[2].name == "a, per tensor");
  CHECK(sweep::leaders({}, 3).empty());
}
