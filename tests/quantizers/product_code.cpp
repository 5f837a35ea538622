// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"
#include "matrices.hpp"
#include "sources.hpp"
#include "vector_codes.hpp"

#include <equant/core/contiguous.hpp>
#include <equant/quantizers/product_code.hpp>

namespace {

using namespace equant;
using vector_codes::back;
using vector_codes::mse;

}  // namespace

TEST_CASE("quantizers: k-means finds clusters that lie apart", "[quantizers]") {
  sources::source source{std::mt19937_64{1}};
  std::vector<float> x;
  for (int i = 0; i < 4000; ++i) {
    const int cluster = source.integer(8);
    for (int d = 0; d < 3; ++d) x.push_back(static_cast<float>((cluster >> d & 1 ? 2 : -2) + 0.1 * source.gauss()));
  }
  const product_code code = product_code::trained(x, {.dim = 3, .bits = 3});
  CHECK(code.bytes(12000) == 4000 * 3 / 8);
  CHECK(code.size_bytes() == 8 * 3 * 2 + 8);
  for (index_t k = 0; k < 8; ++k) {
    for (index_t d = 0; d < 3; ++d) CHECK(std::abs(code.value(0, k, d)) == Approx(2).margin(0.02));
  }
  CHECK(mse(x, back(code, x)) == Approx(0.01).epsilon(0.05));
}

TEST_CASE("quantizers: product codes of one value are a scalar quantizer as good as any", "[quantizers]") {
  const std::vector<float> x = sources::sample<float>(20000, sources::gauss);
  // Lloyd's iteration from Max's levels.
  std::array<double, 4> levels = {-1.51, -0.453, 0.453, 1.51};
  std::vector<float> y(x.size());
  for (int pass = 0; pass < 300; ++pass) {
    std::array<double, 4> sum{}, count{};
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double v = static_cast<double>(x[i]);
      std::size_t k = 0;
      while (k < 3 && v > (levels[k] + levels[k + 1]) / 2) ++k;
      y[i] = static_cast<float>(levels[k]);
      sum[k] += v;
      count[k] += 1;
    }
    for (std::size_t k = 0; k < 4; ++k) levels[k] = sum[k] / count[k];
  }
  const auto scalar = product_code::trained(x, {.dim = 1, .bits = 2, .passes = 200, .per_point = 5000});
  CHECK(mse(x, back(scalar, x)) == Approx(mse(x, y)).epsilon(1e-3));
  CHECK(mse(x, back(product_code::trained(x, {.dim = 2, .bits = 4, .per_point = 1000}), x)) < 0.111);
}

TEST_CASE("quantizers: every subspace has a codebook of its own", "[quantizers]") {
  sources::source source{std::mt19937_64{2}};
  std::vector<float> x;
  for (int i = 0; i < 500; ++i) {
    for (int d = 0; d < 6; ++d) {
      const int size = d < 2 ? 1 : d < 4 ? 10 : 100;
      x.push_back(static_cast<float>(size * (source.integer(2) * 2 - 1)));
    }
  }
  const product_code code = product_code::trained(x, {.dim = 2, .bits = 2, .subspaces = 3});
  CHECK(code.chunk() == 48);
  const std::vector<float> y = back(code, x);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, static_cast<double>(std::abs(x[i] - y[i])));
  CHECK(worst <= 100.0 / 8191);  // half a step, were it not for float
  CHECK(mse(x, back(product_code::trained(x, {.dim = 2, .bits = 2}), x)) > 10);
}

TEST_CASE("quantizers: fewer samples than points, equal samples, ragged ends", "[quantizers]") {
  const std::vector<float> few = {1, 2, 3, 4, 5};
  CHECK(mse(few, back(product_code::trained(few, {.dim = 2, .bits = 4}), few)) < 1e-6);
  CHECK(mse(few, back(product_code::trained(few, {.dim = 2, .bits = 4, .subspaces = 7}), few)) < 1e-6);
  const std::vector<float> same(100, 0.5f);
  CHECK(mse(same, back(product_code::trained(same, {.dim = 4, .bits = 8}), same)) < 1e-9);
  const std::vector<float> zeros(9, 0.0f);
  CHECK(back(product_code::trained(zeros), zeros) == zeros);
  const std::vector<float> one = {-3.5f};
  CHECK(mse(one, back(product_code::trained(one), one)) < 1e-6);
  CHECK(product_code::trained(one).bytes(0) == 0);
}

TEST_CASE("quantizers: product codes of a tensor follow from the seed", "[quantizers]") {
  const Eigen::MatrixXf x = matrices::uniform<Eigen::MatrixXf>(60, 70, -1, 1);
  const auto a = product_quantizer::trained(x, product_options{.dim = 4, .bits = 6});
  const auto q = a.quantize(x);
  CHECK(q == product_quantizer::trained(x, product_options{.dim = 4, .bits = 6}).quantize(x));
  CHECK_FALSE(q == product_quantizer::trained(x, product_options{.dim = 4, .bits = 6, .seed = 2}).quantize(x));
  CHECK(q.size_bytes() == 60 * 70 / 4 * 6 / 8 + 1 + 16 + 64 * 4 * 2 + 8);
  CHECK((a.dequantize(q) - x).squaredNorm() / 4200 < 1.0f / 3 / 6);
}

TEST_CASE("quantizers: what product codes cannot be", "[quantizers]") {
  const std::vector<float> x(10, 1.0f);
  CHECK_THROWS_WITH(product_code::trained(x, {.dim = 9}), says("9 values"));
  CHECK_THROWS_WITH(product_code::trained(x, {.bits = 13}), says("13 bits"));
  CHECK_THROWS_WITH(product_code::trained(x, {.subspaces = 0}), says("0 subspaces"));
  CHECK_THROWS_WITH(product_code::trained(x, {.per_point = 0}), says("0 samples per point"));
  CHECK_THROWS_WITH(product_code::trained({}), says("no samples"));
}
