// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"

#include <equant/sweep/recommend.hpp>

namespace {

using namespace equant;

sweep::row row_of(const char* name, std::size_t bytes, double db) {
  sweep::row r;
  r.quantizer = name;
  r.bytes = bytes;
  r.sqnr_db = db;
  return r;
}

}  // namespace

TEST_CASE("recommend: the cheapest that is good enough, and the best that is cheap enough", "[sweep]") {
  sweep::table t;
  t.rows = {row_of("a", 100, 10), row_of("b", 200, 30), row_of("c", 150, 31), row_of("d", 150, 31),
            row_of("e", 90, std::nan("")), row_of("f", 400, std::numeric_limits<double>::infinity()),
            row_of("g", 120, 10)};
  const auto name = [&](auto target) {
    const auto r = recommend(t, target);
    return r ? r->quantizer : std::string("none");
  };
  CHECK(name(target_sqnr{30}) == "c");
  CHECK(name(target_sqnr{10}) == "a");
  CHECK(name(target_sqnr{31.5}) == "f");
  CHECK(name(target_sqnr{std::numeric_limits<double>::infinity()}) == "f");
  CHECK(name(target_bytes{1000}) == "f");
  CHECK(name(target_bytes{399}) == "c");
  CHECK(name(target_bytes{120}) == "a");
  CHECK(name(target_bytes{99}) == "none");
  t.rows.pop_back();
  t.rows.pop_back();
  CHECK(name(target_sqnr{32}) == "none");
  CHECK_THROWS_WITH(recommend(t, target_sqnr{std::nan("")}), says("nan dB"));
}
