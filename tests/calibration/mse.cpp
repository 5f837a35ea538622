// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"
#include "golden.hpp"
#include "matrices.hpp"

#include <equant/calibration/granular.hpp>
#include <equant/calibration/mse.hpp>
#include <equant/calibration/mse_exact.hpp>
#include <equant/core/contiguous.hpp>
#include <equant/formats/minifloat.hpp>

namespace {

using namespace equant;

/// The error of a scale and zero point, value by value.
template <class Format>
double error(const std::vector<double>& x, double scale, double zero) {
  double sum = 0;
  const level_grid grid = levels_of<Format>();
  for (double v : x) {
    double best = std::numeric_limits<double>::infinity();
    for (double level : grid.levels) best = std::min(best, std::abs(v - scale * (level - zero)));
    sum += best * best;
  }
  return sum;
}

/// Laplace by quantiles, with skew.
std::vector<double> laplace(int n, double skew = 1) {
  std::vector<double> x;
  for (int i = 0; i < n; ++i) {
    const double u = (i + 0.5) / n - 0.5;
    x.push_back((u < 0 ? skew : -1) * std::log1p(-2 * std::abs(u)) * std::sqrt(0.5));
  }
  return x;
}

template <class Format, class Scheme>
double found_error(const std::vector<double>& x, Scheme scheme) {
  mse observer;
  observer.observe(x);
  const auto p = observer.params<Format>(scheme)[0];
  return error<Format>(x, double(p.scale), double(p.zero_point));
}

}  // namespace

TEST_CASE("mse: no scale and zero point of a fine grid is better, for few values") {
  const std::vector<double> x = laplace(100), skewed = laplace(100, 2);
  double symmetrical = 1e9, any = 1e9, rise = 1e9;
  for (double s = 0.02; s < 1; s += 0.0005) {
    symmetrical = std::min(symmetrical, error<int4>(x, s, 0));
    rise = std::min(rise, error<uint2>(x, s, 1.5));
  }
  for (double s = 0.02; s < 1; s += 0.002) {
    for (int z = 0; z < 8; ++z) any = std::min(any, error<uint3>(skewed, s, z));
  }
  CHECK(found_error<int4>(x, symmetric) <= symmetrical * 1.001);
  CHECK(found_error<uint2>(x, mid_rise) <= rise * 1.001);
  CHECK(found_error<uint3>(skewed, asymmetric) <= any * 1.001);
  double small_floats = 1e9;
  for (double s = 0.02; s < 2; s += 0.001) small_floats = std::min(small_floats, error<fp4_e2m1>(x, s, 0));
  CHECK(found_error<fp4_e2m1>(x, symmetric) <= small_floats * 1.001);
  mse_exact exact;
  exact.observe(x);
  mse few;
  few.observe(x);
  CHECK(exact.range<int4>(symmetric).high == Approx(few.range<int4>(symmetric).high).epsilon(1e-6));
}

TEST_CASE("mse: the optimal uniform quantizer of the textbook") {
  mse observer;
  mse_exact exact;
  observer.observe(laplace(400000));
  exact.observe(laplace(50000));
  const auto golden = golden::csv("scalar_quantizers.csv");
  const auto check = [&]<class Format>(Format, const std::string& name, double tolerance) {
    const double step = golden::named(golden, name).number("opt_step");
    CHECK(double(observer.params<Format>(mid_rise)[0].scale) == Approx(step).epsilon(tolerance));
    CHECK(double(exact.params<Format>(mid_rise)[0].scale) == Approx(step).epsilon(4 * tolerance));
  };
  check(uint2{}, "laplace_2", 2e-3);
  check(uint4{}, "laplace_4", 2e-3);
  check(int8{}, "laplace_8", 1e-2);
}

TEST_CASE("mse: data on a lattice is represented exactly, clipped data at its least error") {
  for (int top : {1, 3, 9, 100, 127}) {
    std::vector<float> x;
    for (int i = 0; i < 2000; ++i) x.push_back(0.037f * float(i % (top + 1)));
    mse observer;
    observer.observe(x);
    INFO(top);
    const auto p = observer.params<int8>(symmetric)[0];
    double worst = 0;
    for (float v : x) worst = std::max(worst, std::abs(std::remainder(double(v) / double(p.scale), 1.0)));
    CHECK(worst < 1e-4);
    CHECK(observer.params<uint8>(asymmetric)[0].zero_point == 0);
  }
  std::vector<float> outlier(300, 1.0f);
  outlier.push_back(1000);
  mse observer;
  observer.observe(outlier);
  const affine p = observer.params<int4>(symmetric)[0];  // one value cannot pay for 300
  CHECK(p.scale == Approx(1000.0 / 7).epsilon(0.01));
}

TEST_CASE("mse: zeros, constants, one sign, one value, denormals, the largest floats") {
  const auto of = [](std::vector<float> x) {
    mse observer;
    observer.observe(x);
    return observer;
  };
  CHECK(of({0, 0}).params<int8>(symmetric)[0] == affine{1, 0});
  CHECK(of({0, 0}).range<int8>(asymmetric) == interval{0, 0});
  const affine constant = of({-3.5f, -3.5f}).params<uint8>(asymmetric)[0];
  CHECK(constant.zero_point == 255);
  CHECK(std::abs(std::nearbyint(3.5 / double(constant.scale)) * double(constant.scale) - 3.5) < 1e-6);
  const float most = std::numeric_limits<float>::max();
  for (float v : {most, 1e-45f, 1e-38f}) {
    const affine p = of({v, -v, v}).params<int8>(symmetric)[0];
    CHECK(p.scale >= std::numeric_limits<float>::min());
    CHECK(double(p.scale) * 127 <= double(most) * 1.0001);
  }
  CHECK(of({2}).params<int1>(symmetric)[0].scale == 2);
  CHECK(of({-1, 1, 3, 3}).params<int1>(symmetric)[0].scale == 2);  // the mean magnitude
  CHECK_THROWS_WITH(mse{}.params<int8>(symmetric), says("mse has not observed any value"));
  STATIC_REQUIRE(calibrator<mse>);
}

TEST_CASE("mse: thousands of groups, each as if alone") {
  const auto x = matrices::uniform<matrices::row_major>(64, 256, -1, 2);
  granular groups(mse{}, per_group{1, 32});
  groups.observe(x);
  const auto p = groups.params<int4>(symmetric);
  REQUIRE(p.count() == 512);
  for (int g : {0, 9, 511}) {
    mse one;
    one.observe(x.block(g / 8, 32 * (g % 8), 1, 32));
    CHECK(p[g] == one.params<int4>(symmetric)[0]);
  }
}
