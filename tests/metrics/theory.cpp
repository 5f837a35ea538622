// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "sources.hpp"

#include <equant/core/contiguous.hpp>
#include <equant/core/eigen.hpp>
#include <equant/metrics/theory.hpp>

#include <algorithm>
#include <cmath>

using namespace equant;
using namespace sources;
using metrics::differential_entropy;

TEST_CASE("the references are the textbook's lines", "[theory]") {
  CHECK(metrics::uniform_noise(0.5) == Approx(0.25 / 12).epsilon(1e-15));
  CHECK(metrics::uniform_noise(-2) == Approx(1 / 3.0).epsilon(1e-15));
  CHECK(metrics::six_db_per_bit(1) == Approx(6.020599913279624).epsilon(1e-14));
  CHECK(metrics::six_db_per_bit(8) == Approx(48.164799306236992).epsilon(1e-14));
  static_assert(metrics::uniform_noise(0) == 0 && metrics::six_db_per_bit(0) == 0);

  // uniform values on 2^B cells: both lines are exact
  const double step = 1 / 16.0;
  CHECK(10 * std::log10((1 / 12.0) / metrics::uniform_noise(step)) ==
        Approx(metrics::six_db_per_bit(4)).epsilon(1e-12));
}

TEST_CASE("Shannon's bound of Gaussian and Laplace values", "[theory]") {
  // unit variance, B = 1 ... 8: 2^-2B, and Laplace's computed apart from this library
  const double laplace[] = {0.21631399485806624,   0.05407849871451656,   0.01351962467862914,
                            0.0033799061696572837, 0.0008449765424143209, 0.00021124413560358023,
                            5.281103390089506e-05, 1.3202758475223764e-05};
  const double gauss_lloyd[] = {
      0.3633802276324186,    0.11748184782932884,   0.034547760788503704,   0.009501008008191213,
      0.0025046683556745634, 0.0006442396653167956, 0.00016347822998032495, 4.1185082866697777e-05};
  const double laplace_lloyd[] = {0.5000000000000001,   0.17619488105404266,  0.05447598791394988,
                                  0.015372527059868588, 0.004102179987633155, 0.0010609522882367964,
                                  0.000269873773649678, 6.806173968402284e-05};
  const double h_gauss = 0.5 * std::log2(2 * pi * e);
  const double h_laplace = std::log2(2 * e * std::sqrt(0.5));
  for (int bits = 1; bits <= 8; ++bits) {
    INFO(bits << " bits");
    const auto b = static_cast<std::size_t>(bits - 1);
    CHECK(metrics::shannon_bound(h_gauss, bits) == Approx(std::exp2(-2 * bits)).epsilon(1e-9));
    CHECK(metrics::shannon_bound(h_laplace, bits) == Approx(laplace[b]).epsilon(1e-9));
    CHECK(metrics::shannon_bound_db(1, h_gauss, bits) ==
          Approx(metrics::six_db_per_bit(bits)).epsilon(1e-9));
    CHECK(metrics::shannon_bound_db(1, h_laplace, bits) ==
          Approx(-10 * std::log10(laplace[b])).epsilon(1e-9));
    // the best scalar quantizers stay below
    CHECK(-10 * std::log10(gauss_lloyd[b]) < metrics::shannon_bound_db(1, h_gauss, bits));
    CHECK(-10 * std::log10(laplace_lloyd[b]) < metrics::shannon_bound_db(1, h_laplace, bits));
  }
  CHECK(metrics::shannon_bound_db(1, h_gauss, 0) == Approx(0).margin(1e-12));
  CHECK(metrics::shannon_bound_db(1, h_gauss, 2.5) == Approx(15.05149978319906).epsilon(1e-9));
  CHECK(metrics::shannon_bound_db(9, h_gauss + std::log2(3.0), 4) ==
        Approx(metrics::shannon_bound_db(1, h_gauss, 4)).epsilon(1e-12));
  CHECK_THROWS_AS(metrics::shannon_bound_db(0, h_gauss, 4), std::invalid_argument);
  CHECK_THROWS_AS(metrics::shannon_bound_db(std::nan(""), h_gauss, 4), std::invalid_argument);
}

TEST_CASE("no quantizer of a sample passes the bound estimated from it", "[theory]") {
  // Lloyd-Max's levels of the unit Gaussian (Max, 1960), the positive half; uniform levels of
  // uniform values
  const std::vector<std::vector<double>> levels = {
      {0.7978845608028654},
      {0.45278003463649225, 1.5104176084990968},
      {0.24509417894422184, 0.7560052812058781, 1.343909278505002, 2.151945704536988},
      {0.12839502985114798, 0.3880482994902946, 0.6567591185324687, 0.9423404564869768,
       1.2562311973471951, 1.6180463860219068, 2.0690172265314195, 2.732589570995227}};
  const double mse[] = {0.3633802276324186, 0.11748184782932884, 0.034547760788503704,
                        0.009501008008191213};
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto x = sample<float>(20000, gauss, seed);
    const auto u = sample<float>(
        20000, [](source& s) { return s.uniform(); }, seed);
    const double h_x = differential_entropy(x).value();
    const double h_u = differential_entropy(u).value();
    for (std::size_t b = 0; b < levels.size(); ++b) {
      const double rate = static_cast<double>(b + 1);
      double power = 0, error = 0, power_u = 0, error_u = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double value = std::abs(double{x[i]});
        double nearest = 1e9;
        for (double level : levels[b]) nearest = std::min(nearest, std::abs(level - value));
        power += value * value;
        error += nearest * nearest;
        const double cells = std::exp2(rate);
        const double off =
            double{u[i]} - (std::min(std::floor(u[i] * cells), cells - 1) + 0.5) / cells;
        power_u += double{u[i]} * u[i];
        error_u += off * off;
      }
      INFO("seed " << seed << ", " << rate << " bits");
      const double n = static_cast<double>(x.size());
      CHECK(error / n == Approx(mse[b]).epsilon(0.05));
      CHECK(10 * std::log10(power / error) < metrics::shannon_bound_db(power / n, h_x, rate));
      CHECK(10 * std::log10(power_u / error_u) < metrics::shannon_bound_db(power_u / n, h_u, rate));
      // and uniform cells fall short by the 1.53 dB that shaping is worth
      CHECK(metrics::shannon_bound_db(power_u / n, h_u, rate) -
                10 * std::log10(power_u / error_u) ==
            Approx(10 * std::log10(2 * pi * e / 12)).margin(0.1));
    }
  }
}
