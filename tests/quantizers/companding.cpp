// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "sources.hpp"

#include <equant/quantizers/companding.hpp>

namespace {

using namespace equant;
using Eigen::VectorXf;

template <class D, int Bits>
double population_error(const codebook_quantizer<Bits>& q) {
  return densities::quantization_error<D>(std::vector<double>(q.levels().begin(), q.levels().end()));
}

template <class Draw>
VectorXf sample(Draw draw) {
  const auto x = sources::sample<float>(50000, draw);
  return Eigen::Map<const VectorXf>(x.data(), 50000);
}

}  // namespace

TEST_CASE("companding: levels of the two laws by hand", "[companding]") {
  // 1 + mu = 256: the inverse at 1/4 is (4 - 1) / 255, at 3/4 (64 - 1) / 255
  const auto mu = mu_law<2>(10);
  for (int i = 0; i < 4; ++i) {
    const double wanted[] = {-630.0 / 255, -30.0 / 255, 30.0 / 255, 630.0 / 255};
    CHECK(mu.levels()[static_cast<std::size_t>(i)] == Approx(wanted[i]));
  }
  // with A = e^3 the whole is 4: 1/8 is on the line, 3/8 and more on the logarithm
  const double a = std::exp(3.0);
  const auto q = a_law<3>(2, a);
  CHECK(q.levels()[4] == Approx(2 * 0.5 / a));
  CHECK(q.levels()[5] == Approx(2 * std::exp(0.5) / a));
  CHECK(q.levels()[7] == Approx(2 * std::exp(2.5) / a));
  CHECK(q.levels()[0] == -q.levels()[7]);
}

TEST_CASE("companding: the SQNR of the mu-law hardly depends on how loud a signal is", "[companding]") {
  const VectorXf x = sample([](auto& s) { return s.gauss(); });
  const auto q = mu_law<8>(static_cast<double>(x.cwiseAbs().maxCoeff()));
  const auto db = [&](float gain) {
    const VectorXf y = x * gain;
    return 10 * std::log10(y.squaredNorm() / (q.fake_quantize(y) - y).squaredNorm());
  };
  for (const float gain : {1.0f, 0.3f, 0.1f}) CHECK(db(gain) == Approx(38).margin(1.5f));
}

TEST_CASE("companding: the optimal compander reaches Panter and Dite's error", "[companding]") {
  using densities::located;
  const double n2 = 12 * 65536.0, pi = std::numbers::pi;
  // (integral of f^(1/3))^3 is 6 sqrt(3) pi for a Gaussian, 54 for Laplace, 12 for the uniform density
  CHECK(population_error<densities::gaussian>(optimal_compander<8>(located<densities::gaussian>{})) ==
        Approx(6 * std::sqrt(3.0) * pi / n2).epsilon(0.02));
  CHECK(population_error<densities::laplace>(optimal_compander<8>(located<densities::laplace>{})) ==
        Approx(54 / n2).epsilon(0.02));
  CHECK(population_error<densities::uniform>(optimal_compander<8>(located<densities::uniform>{})) ==
        Approx(12 / n2).epsilon(1e-4));
}

TEST_CASE("companding: the density is recognised by the values", "[companding]") {
  const auto near = [](const auto& q, const auto& wanted, double margin) {
    for (std::size_t i = 0; i < wanted.levels().size(); ++i) {
      CHECK(q.levels()[i] == Approx(wanted.levels()[i]).margin(margin));
    }
  };
  using densities::located;
  near(optimal_compander<3>(sample([](auto& s) { return 5 + 2 * s.gauss(); })),
       optimal_compander<3>(located<densities::gaussian>{5, 2}), 0.1);
  near(optimal_compander<3>(sample([](auto& s) { return s.laplace() - 3; })),
       optimal_compander<3>(located<densities::laplace>{-3, std::numbers::sqrt2}), 0.2);
  near(optimal_compander<3>(sample([](auto& s) { return s.uniform(); })),
       optimal_compander<3>(located<densities::uniform>{0.5, 1 / std::sqrt(12.0)}), 0.01);
  const VectorXf constant = VectorXf::Constant(3, 7.5f);
  CHECK(optimal_compander<2>(constant).fake_quantize(constant) == constant);
}

TEST_CASE("companding: refuses laws that are none", "[companding]") {
  CHECK_THROWS_WITH(mu_law<4>(1, 0), says("a mu of 0"));
  CHECK_THROWS_WITH(a_law<4>(1, 0.5), says("an A of 0.5"));
  CHECK_THROWS_WITH(mu_law<4>(-1), says("a peak of -1"));
  const auto silent = mu_law<4>(0);
  CHECK(silent.levels()[15] == 0);
}
