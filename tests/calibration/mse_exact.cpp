// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/calibration/mse_exact.hpp>
#include <equant/core/contiguous.hpp>
#include <equant/core/eigen.hpp>
#include <equant/formats/integer.hpp>

namespace {

using namespace equant;

TEST_CASE("mse_exact: it merges and is saved, whatever the order") {
  mse_exact a, b, c;
  a.observe(Eigen::Vector3f(3, 1, 2));
  b.observe(Eigen::Vector2f(-1, 0));
  c.observe(std::vector<float>{0, 3, -1, 2, 1});
  a.merge(b);
  CHECK(a.save() == c.save());
  b.load(c.save());
  CHECK(b.range<int4>(asymmetric) == c.range<int4>(asymmetric));
  STATIC_REQUIRE(calibrator<mse_exact>);
}

}  // namespace
