// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "sources.hpp"

#include <equant/core/contiguous.hpp>
#include <equant/core/eigen.hpp>
#include <equant/metrics/theory.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace equant;
using namespace sources;
using metrics::differential_entropy;

namespace {

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

template <class X>
bool absent(const X& x) {
  return !differential_entropy(x).has_value();
}

}  // namespace

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
