// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "golden.hpp"
#include "matrices.hpp"

#include <equant/calibration/aciq.hpp>
#include <equant/calibration/entropy.hpp>
#include <equant/core/contiguous.hpp>
#include <equant/formats/integer.hpp>

namespace {

using namespace equant;

/// A sum of four uniform values and a Laplace one, by ranks.
std::vector<float> values(bool gaussian, int n = 100000) {
  builders::random_numbers random(2);
  std::vector<float> x;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform(-1, 1), v = 1 - random.uniform(0, 1);
    const double normal = std::sqrt(-2 * std::log(v)) * std::cos(3.14159265358979 * u);
    x.push_back(static_cast<float>(gaussian ? normal : (u < 0 ? 1 : -1) * std::log(1 - std::abs(u)) * std::sqrt(0.5)));
  }
  return x;
}

}  // namespace

TEST_CASE("entropy: the least divergence of a direct search") {
  const std::vector<float> x = values(false, 500);  // few: exact
  entropy observer;
  observer.observe(x);
  double top = 0;
  for (float v : x) top = std::max(top, std::abs(double(v)));
  double least = 1e9, best = 0;
  for (int candidate = 0; candidate < 600; ++candidate) {
    const double reach = top * std::pow(0.99, candidate);
    std::vector<double> p(8 * 16), q(p.size());  // 8 levels of 16 bins
    double inside = 0, clipped = 0, sum = 0;
    for (float v : x) {
      const double place = std::ceil(std::abs(double(v)) / reach * 128) - 1;
      (candidate > 0 && place > 127 ? clipped : p[std::size_t(std::clamp(place, 0.0, 127.0))]) += 1;
    }
    p[0] = p[1];
    for (double v : p) inside += v;
    if (clipped > inside) break;
    for (std::size_t level = 0; level < 8; ++level) {
      double weight = 0, used = 0;
      for (std::size_t i = 16 * level; i < 16 * level + 16; ++i) {
        weight += p[i];
        used += p[i] > 0 ? 1 : 0;
      }
      for (std::size_t i = 16 * level; i < 16 * level + 16; ++i) {
        if (p[i] > 0) q[i] = weight / used / inside;
      }
    }
    if (clipped > 0 && p[127] == 0) continue;
    p.back() += clipped;
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (p[i] > 0) sum += p[i] / (inside + clipped) * std::log(p[i] / (inside + clipped) / q[i]);
    }
    if (sum < least) {
      least = sum;
      best = reach;
    }
  }
  CHECK(best < 0.95 * top);
  CHECK(observer.range<int4>(symmetric).high == Approx(best));
  entropy zeros;
  zeros.observe(std::vector<float>{0, 0});
  CHECK(zeros.params<int8>(symmetric)[0] == affine{1, 0});
  entropy positive;
  positive.observe(std::vector<float>{0, 1, 2, 3});
  CHECK(positive.range<uint8>(asymmetric) == interval{0, 3});
  CHECK(positive.range<uint8>(symmetric) == interval{-3, 3});
}

TEST_CASE("aciq: the optimal step of either density, the likelier one unasked") {
  const auto golden = golden::csv("scalar_quantizers.csv");
  const std::vector<float> gaussian = values(true), laplacian = values(false);
  const auto scale = [](const std::vector<float>& x, density of, auto format) {
    aciq observer(of);
    observer.observe(x);
    return double(observer.params<decltype(format)>(mid_rise)[0].scale);
  };
  const auto step = [&](const char* name) { return golden::named(golden, name).number("opt_step"); };
  for (density of : {density::likelier, density::gaussian}) {
    CHECK(scale(gaussian, of, uint4{}) == Approx(step("gauss_4")).epsilon(0.01));
    CHECK(scale(gaussian, of, int8{}) == Approx(step("gauss_8")).epsilon(0.01));
  }
  for (density of : {density::likelier, density::laplace}) {
    CHECK(scale(laplacian, of, uint4{}) == Approx(step("laplace_4")).epsilon(0.01));
    CHECK(scale(laplacian, of, int8{}) == Approx(step("laplace_8")).epsilon(0.01));
  }
  CHECK(scale(laplacian, density::gaussian, uint4{}) < 0.9 * step("laplace_4"));
}

TEST_CASE("aciq: one-sided values, constants, zeros, and its state") {
  std::vector<float> x = values(true);
  for (float& v : x) v = std::max(v, 0.0f);
  aciq observer;
  observer.observe(x);
  CHECK(observer.range<uint8>(asymmetric).low == 0);
  double least = 1e9, best = 0;
  for (double top = 2; top < 4; top += 0.01) {
    double sum = 0;
    for (double v = 0.0005; v < 8; v += 0.001) {
      const double e = v - top / 15 * std::min(15.0, std::nearbyint(v * 15 / top));
      sum += e * e * std::exp(-v * v / 2);
    }
    if (sum < least) best = top;
    least = std::min(least, sum);
  }
  CHECK(observer.range<uint4>(asymmetric).high == Approx(best).epsilon(0.015));
  aciq zeros, one(density::laplace), loaded;
  zeros.observe(std::vector<float>{0, 0});
  CHECK(zeros.params<int8>(symmetric)[0] == affine{1, 0});
  one.observe(std::vector<float>{-3, -3});
  CHECK(one.range<uint8>(asymmetric).high == 0);
  CHECK(one.range<uint8>(asymmetric).low < -3);
  loaded.load(one.save());
  CHECK(loaded.save() == one.save());
  CHECK(loaded.range<int8>(symmetric) == one.range<int8>(symmetric));
  STATIC_REQUIRE(calibrator<aciq>);
  STATIC_REQUIRE(calibrator<entropy>);
}
