// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "golden.hpp"
#include "sources.hpp"

#include <equant/quantizers/entropy_coded.hpp>

#include <map>

namespace {

using namespace equant;
using Eigen::VectorXf;

template <class Draw>
VectorXf sample(index_t n, Draw draw) {
  const auto x = sources::sample<float>(static_cast<std::size_t>(n), draw);
  return Eigen::Map<const VectorXf>(x.data(), n);
}

/// Entropy of the codes, by counting them.
double code_entropy(const entropy_coded_quantizer& q, const VectorXf& x) {
  const auto codes = q.quantize(x);
  std::map<int, double> counts;
  for (index_t i = 0; i < x.size(); ++i) counts[codes.code(i)] += 1;
  double bits = 0;
  for (const auto& [code, n] : counts) {
    bits -= n / static_cast<double>(x.size()) * std::log2(n / static_cast<double>(x.size()));
  }
  return bits;
}

double mse(const entropy_coded_quantizer& q, const VectorXf& x) {
  return static_cast<double>((q.fake_quantize(x) - x).squaredNorm()) / static_cast<double>(x.size());
}

}  // namespace

TEST_CASE("entropy_coded: no worse than the tables at every rate, for a density", "[entropy coded]") {
  for (const golden::row& r : golden::csv("scalar_quantizers.csv")) {
    const std::string name = r.text("case");
    const int bits = name.back() - '0';
    const auto q = name[0] == 'g' ? entropy_coded(densities::located<densities::gaussian>{}, bits)
                                  : entropy_coded(densities::located<densities::laplace>{}, bits);
    INFO(name << ": step " << q.step() << ", zone " << q.zone());
    CHECK(q.rate() == Approx(bits).epsilon(1e-9));
    CHECK(q.error() < r.number("ecsq") * (1 + 1e-7));
    // Shannon's lower bound: 2^-2R for a Gaussian, e/pi of it for Laplace
    CHECK(q.error() > std::exp2(-2.0 * bits) * (name[0] == 'g' ? 1 : std::numbers::e / std::numbers::pi));
  }
  const auto wide = entropy_coded(densities::located<densities::gaussian>{0, 3}, 2);
  const auto unit = entropy_coded(densities::located<densities::gaussian>{}, 2);
  CHECK(wide.step() == Approx(3 * unit.step()));
  CHECK(wide.error() == Approx(9 * unit.error()));
}

TEST_CASE("entropy_coded: on values the codes cost the rate, and the error is what it says", "[entropy coded]") {
  const VectorXf x = sample(100000, [](auto& s) { return s.laplace(); });
  for (const double rate : {0.3, 1.0, 2.5, 6.0}) {
    INFO(rate);
    const auto q = entropy_coded(x, rate);
    CHECK(q.rate() == Approx(rate).epsilon(1e-3));
    CHECK(code_entropy(q, x) == Approx(q.rate()).epsilon(1e-4));
    CHECK(mse(q, x) == Approx(q.error()).epsilon(5e-3));
    CHECK(q.dequantize<VectorXf>(q.quantize(x)) == q.fake_quantize(x));
  }
  // one side: the zone's own level is not zero
  const VectorXf positive = x.cwiseAbs();
  const auto q = entropy_coded(positive, 1);
  CHECK(q.fake_quantize(positive).minCoeff() > 0);
  CHECK(mse(q, positive) < 0.3);
}

TEST_CASE("entropy_coded: discrete, constant and single values need fewer bits than they are given",
          "[entropy coded]") {
  const VectorXf dice = sample(6000, [](auto& s) { return static_cast<double>(1 + s.integer(6)); });
  const auto q = entropy_coded(dice, 4);
  CHECK(q.rate() < std::log2(6) + 1e-9);
  CHECK(q.rate() > std::log2(6) - 1e-2);
  CHECK(mse(q, dice) < 1e-6);
  for (const float value : {0.0f, -3.5f}) {
    const VectorXf one{{value}};
    const auto single = entropy_coded(one, 2);
    CHECK(single.rate() == 0);
    CHECK(single.fake_quantize(one)[0] == Approx(value).epsilon(1e-4));
  }
}

TEST_CASE("entropy_coded: refuses rates that are none, NaN by its place, and a density off zero", "[entropy coded]") {
  VectorXf x = VectorXf::LinSpaced(10, -1, 1);
  for (const double rate : {0.0, -1.0, 17.0, std::nan("")}) {
    CHECK_THROWS_WITH(entropy_coded(x, rate), says("bits per value; it is above 0"));
  }
  CHECK_THROWS_WITH(entropy_coded(densities::located<densities::laplace>{1, 1}, 2), says("the density around 1"));
  x[3] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(entropy_coded(x, 2), says("row 3"));
}
