// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "calibration/saved_state.hpp"
#include "core/says.hpp"
#include "golden.hpp"

#include <equant/calibration/torch_histogram.hpp>
#include <equant/core/contiguous.hpp>
#include <equant/formats/integer.hpp>

using namespace equant;

TEST_CASE("torch_histogram: PyTorch's parameters") {
  for (const golden::row& wanted : golden::csv("torch_histogram.csv")) {
    const std::string& name = wanted.text("case");
    INFO(name);
    torch_histogram observer;
    const auto x = golden::npy<float>(name == "rand_x" ? "rand_x.npy" : "qparam_in_" + name + ".npy");
    const Eigen::Index rows = std::min(x.rows(), Eigen::Index{1000});  // rand_x came in 10 batches
    for (Eigen::Index i = 0; i < x.rows(); i += rows) observer.observe(x.middleRows(i, rows));
    const affine p = observer.params<uint8>(asymmetric, convention::torch{})[0];
    CHECK(p.scale == wanted.real("scale"));
    CHECK(p.zero_point == wanted.integer("zero_point"));
  }
}

TEST_CASE("torch_histogram: a range that grows is binned anew, a constant start is forgotten") {
  std::vector<float> x;
  for (int i = 0; i < 20000; ++i) x.push_back(float(i % 1999) / 1999);
  torch_histogram whole, parts;
  whole.observe(x);
  parts.observe(std::vector<float>{0.25f, 0.25f});
  parts.observe(std::vector<float>(x.begin(), x.begin() + 900));
  parts.observe(std::vector<float>(x.begin() + 900, x.end()));
  const interval a = whole.range<uint8>(asymmetric), b = parts.range<uint8>(asymmetric);
  CHECK(b.low == Approx(a.low).margin(0.002));
  CHECK(b.high == Approx(a.high).epsilon(0.01));
  CHECK_THROWS_WITH(whole.merge(parts), says("use mse or automatic"));
  torch_histogram fresh;
  CHECK_THROWS_WITH(fresh.params<int8>(symmetric), says("has not observed any value"));
  fresh.merge(parts);
  CHECK(fresh.save() == parts.save());
  fresh.load(whole.save());
  CHECK(fresh.range<int8>(symmetric) == a);
  CHECK(saved_state::refused(fresh, whole.save().substr(0, 1000)));
  STATIC_REQUIRE(calibrator<torch_histogram>);
}
