// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"

#include <equant/sweep/uniform.hpp>

namespace {

using namespace equant;

template <int Bits>
std::vector<sweep::row> rows_of(const Eigen::MatrixXf& x, const std::vector<sweep::named_blocking>& granularities) {
  sweep::table t;
  sweep::uniform_rows{granularities}(view<const float>(bridge<Eigen::MatrixXf>::look(x)),
                                     std::integral_constant<int, Bits>{}, t);
  return t.rows;
}

std::vector<sweep::named_blocking> whole_and_rows() {
  return {{"whole", blocking{{0, 0}}}, {"rows", blocking{{1, 0}}}};
}

}  // namespace

TEST_CASE("sweep: three uniform quantizers at each granularity, by hand", "[sweep]") {
  Eigen::MatrixXf x(2, 4);
  x << 0, 1, 2, 3, -3, -1, 1, 3;
  const std::vector<sweep::row> rows = rows_of<2>(x, whole_and_rows());
  REQUIRE(rows.size() == 6);
  const std::vector<std::string> quantizers = {"uniform symmetric", "uniform asymmetric", "uniform mid-rise"};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(rows[i].bits == 2);
    CHECK(rows[i].quantizer == quantizers[i % 3]);
    CHECK(rows[i].granularity == (i < 3 ? "whole" : "rows"));
  }
  // Symmetric: scale 3, levels -6 -3 0 3: 0 0 3 3 / -3 0 0 3, errors 0 1 1 0 / 0 1 1 0.
  CHECK(rows[0].mse == 0.5);
  CHECK(rows[0].max_abs == 1);
  CHECK(rows[0].sqnr_db == Approx(10 * std::log10(34.0 / 4)));  // squares 14 and 20
  CHECK(rows[0].bytes == 2 + 4 + 4);
  CHECK(rows[0].bits_per_value == 10);
  // Asymmetric: scale 2, levels -4 -2 0 2 or -2 0 2 4 by the side the tie of the zero point falls to.
  CHECK(rows[1].max_abs == 1);
  CHECK(rows[1].bytes == 2 + 4 + 4);
  // Mid-rise: scale 2 * 3 / 4, levels -2.25 -0.75 0.75 2.25.
  CHECK(rows[2].mse == Approx((4 * 0.75 * 0.75 + 4 * 0.25 * 0.25 - 0.75 * 0.75 + 0.75 * 0.75) / 8));
  CHECK(rows[2].max_abs == 0.75);
  // The first row is exact where it has a range of its own: scale 1, levels 0 to 3. The second keeps its error.
  CHECK(rows[4].max_abs == 1);
  CHECK(rows[4].bytes == 2 + 2 * (4 + 4));
}

TEST_CASE("sweep: one bit is -1 and +1 where it is symmetric", "[sweep]") {
  Eigen::MatrixXf x(1, 2);
  x << -3, 3;
  const std::vector<sweep::row> rows = rows_of<1>(x, {{"whole", blocking{{0, 0}}}});
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].sqnr_db == std::numeric_limits<double>::infinity());  // levels -3 and 3
  CHECK(rows[0].bits == 1);
  CHECK(rows[2].max_abs == 1.5);  // cells 3 wide, levels -1.5 and 1.5
}

TEST_CASE("sweep: a granularity that does not fit is refused", "[sweep]") {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(2, 4);
  CHECK_THROWS_WITH(rows_of<4>(x, {{"cube", blocking{{0, 0, 0}}}}), says("rank 3 does not fit a tensor of 2 x 4"));
}
