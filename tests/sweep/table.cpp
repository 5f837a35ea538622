// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"

#include <equant/sweep/table.hpp>

#include <sstream>

namespace {

using namespace equant;

constexpr double infinity = std::numeric_limits<double>::infinity();

sweep::table two_rows() {
  sweep::table t;
  t.sizes = {4, 2};
  sweep::row r;
  r.bits = 2;
  r.quantizer = "uniform symmetric";
  r.granularity = "per tensor";
  r.bits_per_value = 2.5;
  r.sqnr_db = 7.25;
  r.mse = 0.125;
  r.max_abs = 0.5;
  r.bytes = 6;
  r.ratio = 5.25;
  r.bound_db = 12.5;
  t.rows.push_back(r);
  r.bits = 3;
  r.sqnr_db = infinity;
  r.mse = r.max_abs = 0;
  r.bound_db = std::nullopt;
  t.rows.push_back(r);
  return t;
}

std::vector<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> found;
  for (std::string line; std::getline(in, line);) found.push_back(line);
  return found;
}

}  // namespace

TEST_CASE("sweep: the gap is what is left to the bound", "[sweep]") {
  const sweep::table t = two_rows();
  CHECK(t.rows[0].gap_db() == std::optional<double>(5.25));
  CHECK(!t.rows[1].gap_db());
}

TEST_CASE("sweep: decibels as text", "[sweep]") {
  CHECK(sweep::decibel(6.0206) == "6.02");
  CHECK(sweep::decibel(-9) == "-9.00");
  CHECK(sweep::decibel(infinity) == "exact");
  CHECK(sweep::decibel(-infinity) == "-inf");
  CHECK(sweep::decibel(std::numeric_limits<double>::quiet_NaN()) == "-");
}

TEST_CASE("sweep: a table as text, widths set apart", "[sweep]") {
  const std::string text = to_string(two_rows());
  const std::vector<std::string> rows = lines(text);
  REQUIRE(rows.size() == 4);
  CHECK(rows[0] ==
        "bits  quantizer            granularity                 bits/val   SQNR dB         MSE   max error"
        "        bytes   ratio  to bound");
  CHECK(rows[1] ==
        "   2  uniform symmetric    per tensor                     2.500      7.25       0.125         0.5"
        "            6    5.25      5.25");
  CHECK(rows[2].empty());
  CHECK(rows[3] ==
        "   3  uniform symmetric    per tensor                     2.500     exact           0           0"
        "            6    5.25         -");
  std::ostringstream out;
  out << two_rows();
  CHECK(out.str() == text);
}

TEST_CASE("sweep: a table as CSV, what is absent left empty", "[sweep]") {
  const std::vector<std::string> rows = lines(to_csv(two_rows()));
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == "bits,quantizer,granularity,bits_per_value,sqnr_db,mse,max_abs,bytes,ratio,bound_db,gap_db");
  CHECK(rows[1] == "2,uniform symmetric,per tensor,2.5,7.25,0.125,0.5,6,5.25,12.5,5.25");
  CHECK(rows[2] == "3,uniform symmetric,per tensor,2.5,inf,0,0,6,5.25,,");
  sweep::table t = two_rows();
  t.rows[0].mse = 0.1;
  CHECK_THAT(to_csv(t), says(",0.10000000000000001,"));  // enough digits to read the same number back
  CHECK(lines(to_csv(sweep::table{})).size() == 1);
}
