// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/sweep/sweep.hpp>

using namespace equant;

TEST_CASE("sweep: block schemes stand under the width of their codes, at their true bits per value", "[sweep]") {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Random(16, 512);
  const auto row_of = [](const sweep::table& t, const std::string& name) {
    for (const sweep::row& r : t.rows) {
      if (r.quantizer == name) return r;
    }
    FAIL("no row " << name);
    return sweep::row{};
  };
  const sweep::table t = with_view(x, [](const auto& v) { return sweep::run(v, 2, 8, sweep::block_rows{}); });
  CHECK(row_of(t, "mxfp4").bits_per_value == 4.25);
  CHECK(row_of(t, "q2_k").bits_per_value == 2.625);
  CHECK(row_of(t, "q2_k").bits == 2);
  CHECK(row_of(t, "q4_0").sqnr_db == compare(x, quantize<q4_0>(x)).sqnr_db);
  CHECK(row_of(t, "q4_0 searched").sqnr_db == compare(x, quantize<q4_0>(x, searched{})).sqnr_db);
  CHECK(row_of(t, "q4_0").bytes == row_of(t, "q4_0 searched").bytes);
  CHECK(row_of(t, "q4_0").granularity == "blocks of 32");
  CHECK(row_of(t, "fp8 e4m3").sqnr_db == compare(x, quantize<fp8_e4m3>(x)).sqnr_db);
  const Eigen::MatrixXd wide = x.cast<double>();
  const sweep::table same = with_view(wide, [](const auto& v) { return sweep::run(v, 2, 8, sweep::block_rows{}); });
  REQUIRE(same.rows.size() == t.rows.size());
  for (std::size_t i = 0; i < t.rows.size(); ++i) CHECK(same.rows[i].mse == Approx(t.rows[i].mse));
}
