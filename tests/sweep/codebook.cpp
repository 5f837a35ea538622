// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "sources.hpp"

#include <equant/formats/nf4.hpp>
#include <equant/sweep/codebook.hpp>

namespace {

using namespace equant;
using Eigen::VectorXf;

template <int Bits>
std::vector<sweep::row> rows_of(const VectorXf& x) {
  sweep::table t;
  sweep::codebook_rows{}(view<const float>(bridge<VectorXf>::look(x)), std::integral_constant<int, Bits>{}, t);
  return t.rows;
}

}  // namespace

TEST_CASE("sweep: codebooks per tensor, at what they take with their levels", "[sweep]") {
  const auto sample = sources::sample<float>(4000, [](auto& s) { return s.laplace(); });
  const VectorXf x = Eigen::Map<const VectorXf>(sample.data(), 4000);
  const std::vector<sweep::row> rows = rows_of<4>(x);
  REQUIRE(rows.size() == 7);
  const char* names[] = {"Lloyd-Max",    "compander",           "mu-law",       "A-law",
                         "power of two", "sum of powers of two", "entropy-coded"};
  for (std::size_t i = 0; i < 7; ++i) {
    INFO(names[i]);
    CHECK(rows[i].quantizer == names[i]);
    CHECK((rows[i].bits == 4 && rows[i].granularity == "per tensor"));
    CHECK(rows[i].bits_per_value == Approx(8.0 * static_cast<double>(rows[i].bytes) / 4000));
    CHECK(rows[i].sqnr_db == Approx(10 * std::log10(x.cast<double>().squaredNorm() / 4000 / rows[i].mse)));
    if (i > 0 && i < 6) CHECK(rows[i].mse > rows[0].mse);
  }
  CHECK(rows[0].mse == Approx(metrics::mse(x, lloyd_max<4>(x).fake_quantize(x))));
  CHECK(rows[0].bytes == 2000 + 8 + 16 * 4);
  CHECK(rows[1].bytes == rows[0].bytes);
  CHECK(rows[2].bytes == rows[0].bytes);
  CHECK(rows[4].bytes == 2000 + 8);
  CHECK(rows[6].mse < rows[0].mse / 2);  // 5 dB less at the same rate
  CHECK(rows[6].bits_per_value == Approx(4).margin(0.2));
  CHECK(rows_of<1>(x).size() == 3);
  CHECK(rows_of<8>(x).size() == 6);
  CHECK(rows_of<9>(x).empty());
}

TEST_CASE("best_scale: better than any of many others, and 1 for zeros", "[sweep]") {
  const auto sample = sources::sample<float>(3000, sources::gauss);
  const VectorXf x = Eigen::Map<const VectorXf>(sample.data(), 3000);
  const auto error = [&](float scale) {
    return (uniform_quantizer<power_of_two<4>>(affine{scale, 0}).fake_quantize(x) - x).squaredNorm();
  };
  const float best = best_scale<power_of_two<4>>(sorted_values(x));
  for (float scale = 0.2f; scale < 8; scale *= 1.13f) CHECK(error(scale) > error(best) * 0.98f);
  CHECK(best_scale<nf4>(sorted_values(VectorXf::Zero(3).eval())) == 1);
}
