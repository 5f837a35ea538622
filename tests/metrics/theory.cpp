// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/core/contiguous.hpp>
#include <equant/core/eigen.hpp>
#include <equant/metrics/theory.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

using namespace equant;
using metrics::differential_entropy;

namespace {

constexpr double pi = std::numbers::pi;
constexpr double e = std::numbers::e;

/// A source of numbers that is the same on every machine: std::mt19937_64 is, the distributions of
/// <random> are not.
struct source {
  std::mt19937_64 bits;

  double uniform() { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53; }  // never 0 or 1
  double gauss() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * pi * uniform());
  }
  double laplace() {
    const double u = uniform();
    return u < 0.5 ? std::log(2 * u) : -std::log(2 * (1 - u));
  }
  double exponential() { return -std::log(uniform()); }
  int integer(int count) { return static_cast<int>(uniform() * count); }
};

template <class T = double, class F>
std::vector<T> sample(std::size_t n, F draw, std::uint64_t seed = 1) {
  source s{std::mt19937_64{seed}};
  std::vector<T> x(n);
  for (T& value : x) value = static_cast<T>(draw(s));
  return x;
}

/// A distribution with its entropy in bits, and -log2 of its density, whose mean that is.
struct law {
  const char* name;
  double (*draw)(source&);
  double entropy;
  double (*surprise)(double);
};

const law laws[] = {
    {"uniform [0, 5]", [](source& s) { return 5 * s.uniform(); }, std::log2(5.0),
     [](double) { return std::log2(5.0); }},
    {"gauss 0.3", [](source& s) { return 0.3 * s.gauss(); }, 0.5 * std::log2(2 * pi * e * 0.09),
     [](double x) { return 0.5 * std::log2(2 * pi * 0.09) + x * x / 0.18 * std::log2(e); }},
    {"laplace 2", [](source& s) { return 2 * s.laplace(); }, std::log2(2 * e * 2),
     [](double x) { return std::log2(4.0) + std::abs(x) / 2 * std::log2(e); }},
    {"exponential 7", [](source& s) { return s.exponential() / 7; }, std::log2(e / 7),
     [](double x) { return 7 * x * std::log2(e) - std::log2(7.0); }},
    {"log-normal 1, 0.5", [](source& s) { return std::exp(1 + 0.5 * s.gauss()); },
     std::log2(0.5 * std::exp(1.5) * std::sqrt(2 * pi)),
     [](double x) {
       const double z = (std::log(x) - 1) / 0.5;
       return std::log2(0.5 * x * std::sqrt(2 * pi)) + z * z / 2 * std::log2(e);
     }},
};

double gauss(source& s) { return s.gauss(); }

template <class X>
bool absent(const X& x) {
  return !differential_entropy(x).has_value();
}

}  // namespace

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

TEST_CASE("entropy of a large sample agrees with the closed form", "[theory]") {
  for (const law& l : laws) {
    INFO(l.name);
    for (std::size_t n : {100000u, 131072u}) {
      const auto h = differential_entropy(sample(n, l.draw));
      REQUIRE(h.has_value());
      CHECK_THAT(*h, Catch::Matchers::WithinAbs(l.entropy, 0.01));
    }
  }
}

TEST_CASE("entropy of 2000 values agrees with the closed form", "[theory]") {
  for (const law& l : laws) {
    INFO(l.name);
    const auto h = differential_entropy(sample(2000, l.draw));
    REQUIRE(h.has_value());
    CHECK_THAT(*h, Catch::Matchers::WithinAbs(l.entropy, 0.05));
  }
}

// The mean of -log2 f over the same sample deviates from h as the sample does: what is left is the
// estimator's own.
TEST_CASE("the estimator is nearly unbiased at every size", "[theory]") {
  struct limit {
    std::size_t n;
    int seeds;
    double bias;
  };
  for (const limit& at : {limit{256, 60, 0.012}, limit{2000, 40, 0.004}, limit{131072, 2, 0.002}}) {
    for (const law& l : laws) {
      double bias = 0;
      for (int seed = 1; seed <= at.seeds; ++seed) {
        const auto x = sample(at.n, l.draw, static_cast<std::uint64_t>(seed));
        double surprise = 0;
        for (double value : x) surprise += l.surprise(value) / static_cast<double>(at.n);
        bias += (differential_entropy(x).value() - surprise) / at.seeds;
      }
      INFO(l.name << " n = " << at.n);
      CHECK_THAT(bias, Catch::Matchers::WithinAbs(0, at.bias));
    }
  }
}

TEST_CASE("h(a x + b) = h(x) + log2 |a|", "[theory]") {
  const auto x = sample(3000, gauss);
  const double h = differential_entropy(x).value();
  auto mapped = [&](double a, double b) {
    auto y = x;
    for (double& value : y) value = a * value + b;
    return differential_entropy(y).value();
  };
  for (double a : {1.0, -1.0, 0.1, -37.5, 1e-30}) {
    for (double b : {0.0, 1.0, -250.0}) {
      if (std::abs(b) > 1e6 * std::abs(a)) continue;  // nothing would be left of x
      INFO(a << " x + " << b);
      CHECK_THAT(mapped(a, b), Catch::Matchers::WithinAbs(h + std::log2(std::abs(a)), 1e-7));
    }
  }
  CHECK_THAT(mapped(0x1p-900, 0), Catch::Matchers::WithinAbs(h - 900, 1e-9));
  CHECK_THAT(mapped(0x1p1000, 0), Catch::Matchers::WithinAbs(h + 1000, 1e-9));

  // the whole range of double, in two clusters: distances between them overflow
  const double top = std::numeric_limits<double>::max();
  const auto wide = sample(3000, [&](source& s) {
    const double u = s.uniform() - 0.5;
    return (u < 0 ? u - 0.5 : u + 0.5) * top;
  });
  CHECK_THAT(differential_entropy(wide).value(), Catch::Matchers::WithinAbs(1024, 0.05));
}

TEST_CASE("storage order, strides and expressions do not change the entropy", "[theory]") {
  using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto values = sample<float>(300 * 700, gauss);  // more than are read
  // rows of rising scale: a sample taken in storage order would be another one
  row_major r = Eigen::Map<const row_major>(values.data(), 300, 700);
  for (Eigen::Index i = 0; i < r.rows(); ++i) r.row(i) *= 1 + 0.01f * static_cast<float>(i);
  const Eigen::MatrixXf c = r;
  const double h = differential_entropy(r).value();
  CHECK(differential_entropy(c).value() == h);
  CHECK_THAT(differential_entropy(2 * c).value(), Catch::Matchers::WithinAbs(h + 1, 1e-9));
  CHECK(differential_entropy(c.cast<double>()).value() == h);

  row_major padded = row_major::Constant(600, 1400, 7.f);
  for (Eigen::Index i = 0; i < 300; ++i) {
    for (Eigen::Index j = 0; j < 700; ++j) padded(2 * i + 1, 2 * j + 1) = r(i, j);
  }
  const float* end = padded.data() + 599 * 1400 + 1399;
  CHECK(differential_entropy(view<const float>{padded.data() + 1401, {300, 700}, {2800, 2}})
            .value() == h);
  CHECK(differential_entropy(view<const float>{end, {300, 700}, {-2800, -2}}).value() ==
        differential_entropy(row_major(r.reverse())).value());

  // rank 3, stored in another order
  std::vector<float> moved(values.size());
  for (std::size_t i = 0; i < 300; ++i) {
    for (std::size_t j = 0; j < 70; ++j) {
      for (std::size_t k = 0; k < 10; ++k) {
        const auto at = static_cast<Eigen::Index>(10 * j + k);
        moved[(k * 300 + i) * 70 + j] = r(static_cast<Eigen::Index>(i), at);
      }
    }
  }
  const view<const float> rotated{moved.data(), {300, 70, 10}, {70, 1, 21000}};
  CHECK(differential_entropy(rotated).value() == h);

  // few enough to be read whole: the logical order does not matter either
  const Eigen::MatrixXf part = c.topLeftCorner(50, 60);
  CHECK(differential_entropy(part).value() == differential_entropy(part.transpose()).value());
  CHECK(differential_entropy(part).value() == differential_entropy(c.block(0, 0, 50, 60)).value());
}

TEST_CASE("a large tensor is sampled from end to end, and from every channel", "[theory]") {
  // channel j of 8 is uniform in [j, j + 1): together h = 3 bits, one alone 0
  auto channels = [](source& s, int i) { return i % 8 + s.uniform(); };
  for (std::size_t n : {std::size_t{1} << 20, std::size_t{1} << 21, std::size_t{1000000}}) {
    int i = 0;
    const auto x = sample(n, [&](source& s) { return channels(s, i++); });
    CHECK_THAT(differential_entropy(x).value(), Catch::Matchers::WithinAbs(3, 0.01));
  }
  // and so are eight stretches, one after the other
  int i = 0;
  const auto x = sample(1 << 20, [&](source& s) { return channels(s, i++ >> 17); });
  CHECK_THAT(differential_entropy(x).value(), Catch::Matchers::WithinAbs(3, 0.01));

  // one value from each stretch and never one twice: a ramp of distinct values stays one
  for (std::size_t n : {131073u, 200000u, 262143u, 262145u}) {
    std::vector<double> ramp(n);
    for (std::size_t k = 0; k < n; ++k) ramp[k] = static_cast<double>(k);
    const auto read = metrics::density::sorted_sample(
        view<const double>{ramp.data(), {static_cast<index_t>(n)}, {1}});
    REQUIRE(read.size() == 131072);
    bool one_each = true;
    for (std::size_t k = 0; k < read.size(); ++k) {
      const auto stretch = (static_cast<std::uint64_t>(read[k]) * 131072 + 131071) / n;
      one_each =
          one_each && (stretch == k || stretch == k + 1) && (k == 0 || read[k] > read[k - 1]);
    }
    CHECK(one_each);
  }
}

TEST_CASE("values that are not finite are ignored", "[theory]") {
  auto x = sample<float>(3000, gauss);
  const double h = differential_entropy(x).value();
  const float infinity = std::numeric_limits<float>::infinity();
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
    x.insert(x.begin() + 100, 500, bad);
  }
  CHECK(differential_entropy(x).value() == h);
  CHECK(absent(std::vector<float>(3000, infinity)));
  CHECK(absent(std::vector<float>(3000, std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("too few values have no estimate", "[theory]") {
  CHECK(absent(std::vector<float>{}));
  CHECK(absent(Eigen::MatrixXf(0, 5)));
  CHECK(absent(std::vector<float>{1.f}));
  CHECK(absent(sample<float>(255, gauss)));
  CHECK_FALSE(absent(sample<float>(256, gauss)));
  auto x = sample<float>(256, gauss);
  x[17] = std::numeric_limits<float>::quiet_NaN();
  CHECK(absent(x));
}

TEST_CASE("discrete values have no density", "[theory]") {
  for (std::size_t n : {256u, 2000u, 100000u, 300000u}) {
    INFO("n = " << n);
    CHECK(absent(std::vector<float>(n, 0.f)));
    CHECK(absent(std::vector<double>(n, 0.1)));
    CHECK(absent(sample<float>(n, [](source& s) { return s.integer(2); })));
    CHECK(absent(sample<float>(n, [](source& s) { return s.integer(17) / 16.0; })));    // digits
    CHECK(absent(sample<float>(n, [](source& s) { return s.integer(256) / 255.0; })));  // image
    CHECK(absent(sample<double>(n, [](source& s) { return (s.integer(256) - 117) / 58.4; })));
    CHECK(absent(sample<float>(n, [](source& s) {  // RGB
      const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};
      const int channel = s.integer(3);
      return (s.integer(256) / 255.0 - mean[channel]) / deviation[channel];
    })));
    CHECK(absent(sample<float>(n, [](source& s) { return std::nearbyint(300 * s.gauss()); })));
  }
  for (std::size_t n : {2000u, 20000u, 131072u, 300000u}) {  // 256 cannot tell 65536 levels
    INFO("n = " << n);
    CHECK(absent(sample<float>(n, [](source& s) { return s.integer(65536) - 32768; })));
    CHECK(
        absent(sample<float>(n, [](source& s) { return s.integer(65536) + 0.25 * s.integer(2); })));
  }
}

TEST_CASE("a mixture of a density and a mass has no density", "[theory]") {
  for (std::size_t n : {256u, 2000u, 131072u, 300000u}) {
    INFO("n = " << n);
    CHECK(absent(sample<float>(n, [](source& s) { return std::max(0.0, s.gauss()); })));  // ReLU
    CHECK(absent(sample<float>(n, [](source& s) { return std::clamp(s.gauss(), -2.0, 2.0); })));
    CHECK(
        absent(sample<double>(n, [](source& s) { return s.uniform() < 0.05 ? 0.0 : s.gauss(); })));
  }
  // too small a mass for the pairs to tell, but one value much too often
  CHECK(absent(sample(131072, [](source& s) { return s.uniform() < 0.001 ? 0.0 : s.gauss(); })));
  CHECK(absent(sample(131072, [](source& s) { return std::min(s.gauss(), 3.2); })));
}

TEST_CASE("sixteen bits are discrete, as they are and widened", "[theory]") {
  CHECK(absent(sample<fp16>(256, gauss)));
  CHECK(absent(sample<bf16>(256, gauss)));
  for (std::size_t n : {2000u, 131072u}) {
    INFO("n = " << n);
    CHECK(absent(sample<fp16>(n, gauss)));
    CHECK(absent(sample<bf16>(n, gauss)));
    CHECK(absent(sample<float>(n, [](source& s) { return static_cast<float>(fp16(s.gauss())); })));
    CHECK(
        absent(sample<double>(n, [](source& s) { return static_cast<double>(bf16(s.gauss())); })));
  }
  CHECK(absent(Eigen::Matrix<fp16, Eigen::Dynamic, Eigen::Dynamic>::Random(30, 30)));
}

TEST_CASE("float32's own rounding does not make a density discrete", "[theory]") {
  const double h = 0.5 * std::log2(2 * pi * e);
  CHECK_THAT(differential_entropy(sample<float>(1000000, gauss)).value(),
             Catch::Matchers::WithinAbs(h, 0.01));
  CHECK_THAT(
      differential_entropy(sample<float>(131072, [](source& s) { return 10 + s.gauss(); })).value(),
      Catch::Matchers::WithinAbs(h, 0.01));
  // what float generators give: 24 bits, hundreds of equal pairs
  const auto unit = sample<float>(
      131072, [](source& s) { return static_cast<double>(s.bits() >> 40) * 0x1p-24; });
  CHECK_THAT(differential_entropy(unit).value(), Catch::Matchers::WithinAbs(0, 0.001));

  auto few = sample<float>(512, gauss);
  few[3] = few[4] = few[5] = 0;  // three zeros by chance
  CHECK_FALSE(absent(few));
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
