// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "core/says.hpp"
#include "vector_codes.hpp"

#include <equant/quantizers/trellis_code.hpp>

namespace {

using namespace equant;
using vector_codes::back;
using vector_codes::mse;

std::vector<float> gaussian(index_t n, std::uint64_t seed) {
  builders::random_numbers random(seed);
  std::vector<float> x(static_cast<std::size_t>(n));
  for (float& v : x) {
    const double radius = std::sqrt(-2 * std::log(random.uniform(0, 1) + 0x1p-60));
    v = static_cast<float>(radius * std::cos(6.283185307179586 * random.uniform(0, 1)));
  }
  return x;
}

}  // namespace

TEST_CASE("quantizers: trellis values are the quantiles of a Gaussian, each once", "[quantizers]") {
  const trellis_code<2> code(8);
  std::vector<double> v;
  for (std::size_t s = 0; s < 256; ++s) v.push_back(static_cast<double>(code.value(s)));
  std::sort(v.begin(), v.end());
  const double deviation = std::sqrt(1 - 1.1 / 16);
  for (std::size_t i = 0; i < 256; ++i) {
    CHECK(std::erfc(-v[i] / deviation / std::sqrt(2.0)) / 2 == Approx((double(i) + 0.5) / 256).margin(1e-4));
    CHECK(v[i] == -v[255 - i]);
  }
}

TEST_CASE("quantizers: a trellis decodes by the last bits of a circular stream", "[quantizers]") {
  // Length 4, 2 bits: the state at a value is the two symbols that end there. Two values: 1 then 2.
  std::vector<float> table(16);
  for (std::size_t s = 0; s < 16; ++s) table[s] = static_cast<float>(s) / 8;
  const trellis_code<2> code(4, table);
  REQUIRE(code.bytes(3) == 1);
  const std::uint8_t stream = 1 | 2 << 2 | 3 << 4;
  float y[3];
  code.decode(&stream, 3, y);
  CHECK(y[0] == 13.0f / 8);  // 3 before 1
  CHECK(y[1] == 6.0f / 8);
  CHECK(y[2] == 11.0f / 8);
}

TEST_CASE("quantizers: a circular path is nearly as good as the best of all", "[quantizers]") {
  const trellis_code<2> code(4);
  double found = 0, best = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<float> x = gaussian(6, seed);
    found += mse(x, back(code, x));
    double least = 1e9;
    for (std::uint32_t word = 0; word < 1u << 12; ++word) {
      const std::uint8_t stream[] = {static_cast<std::uint8_t>(word), static_cast<std::uint8_t>(word >> 8)};
      std::vector<float> y(6);
      code.decode(stream, 6, y.data());
      least = std::min(least, mse(x, y));
    }
    best += least;
  }
  CHECK(found >= best - 1e-6);
  CHECK(found <= 1.05 * best);
}

TEST_CASE("quantizers: a trellis comes nearer to a Gaussian than any scalar quantizer", "[quantizers]") {
  const std::vector<float> x = gaussian(32 * 256, 5);
  CHECK(mse(x, back(trellis_code<1>(8), x)) < 0.295);     // Lloyd-Max 0.3634
  CHECK(mse(x, back(trellis_code<2>(8), x)) < 0.081);     // 0.1175
  CHECK(mse(x, back(trellis_code<3>(8), x)) < 0.0225);    // 0.03455
  CHECK(mse(x, back(trellis_code<4>(10), x)) < 0.00545);  // 0.009501
}

TEST_CASE("quantizers: a trellis trained on other samples of the same kind does better", "[quantizers]") {
  const std::vector<float> x = gaussian(64 * 256, 5);
  const auto trained = trellis_code<2>::trained(gaussian(64 * 256, 6), 6);
  CHECK(mse(x, back(trained, x)) < 0.97 * mse(x, back(trellis_code<2>(6), x)));
  CHECK(trained.size_bytes() == 2 * 64 + 8);
  CHECK(trellis_code<2>(6).size_bytes() == 0);
  CHECK(trained == trellis_code<2>::trained(gaussian(64 * 256, 6), 6));
  CHECK_FALSE(trained == trellis_code<2>(6));
}

TEST_CASE("quantizers: a table fitted to long tails reaches into them", "[quantizers]") {
  std::vector<float> x = gaussian(32 * 256, 7);
  for (std::size_t i = 0; i < x.size(); i += 64) x[i] *= 5;
  const auto trained = trellis_code<3>::trained(x, 7, 4);
  float largest = 0;
  for (std::size_t s = 0; s < 128; ++s) largest = std::max(largest, trained.value(s));
  CHECK(largest > 5);
  CHECK(mse(x, back(trained, x)) < 0.4 * mse(x, back(trellis_code<3>(7), x)));
  const std::vector<float> table(16, 20.0f);
  CHECK(back(trellis_code<2>(4, table, 32), {20, 20, 20}) == std::vector<float>{20, 20, 20});
}

TEST_CASE("quantizers: a trellis takes runs of every length", "[quantizers]") {
  const trellis_code<3> code(8);
  for (const index_t n : {0, 1, 2, 3, 8, 255, 256, 257, 511, 512, 700}) {
    INFO(n << " values");
    const std::vector<float> x = gaussian(n, 3);
    CHECK(code.bytes(n) == std::size_t(n == 0 ? 0 : (std::max(n, index_t{3}) * 3 + 7) / 8));
    const std::vector<float> y = back(code, x);
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::abs(x[i] - y[i]) < 1.5f);
  }
}

TEST_CASE("quantizers: what a trellis cannot be", "[quantizers]") {
  CHECK_THROWS_WITH(trellis_code<2>(3), says("a trellis of 2 bits has a length of 4 to 16, not 3"));
  CHECK_THROWS_WITH(trellis_code<2>(17), says("not 17"));
  CHECK_THROWS_WITH(trellis_code<2>(4, std::vector<float>(15)), says("has 16 values, not 15"));
  std::vector<float> table(16);
  table[3] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(trellis_code<2>(4, table), says("state 3"));
  CHECK_THROWS_WITH(trellis_code<2>::trained({}, 4), says("no samples"));
  CHECK_THROWS_WITH(trellis_code<2>(4, std::vector<float>(16), 0), says("range 0"));
}
