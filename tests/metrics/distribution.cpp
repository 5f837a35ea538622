// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"

#include <equant/formats/integer.hpp>
#include <equant/metrics/distribution.hpp>

namespace {

using namespace equant;
using Eigen::RowVectorXf;
using counts = std::vector<index_t>;

double divergence(const std::vector<double>& p, const std::vector<double>& q) {
  return metrics::kl_divergence(std::span<const double>(p), std::span<const double>(q));
}

}  // namespace

TEST_CASE("distribution: bins by hand", "[distribution]") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const RowVectorXf x{{-1, -0.5f, -0.51f, 0, 0.49f, 0.99f, 1, 1.01f, -1.01f, inf, -inf, nan}};
  const metrics::bin_counts h = metrics::histogram_of(x, interval{-1, 1}, 4);
  CHECK(h.counts == counts{2, 1, 2, 2});
  CHECK((h.below == 2 && h.above == 2 && h.nans == 1 && h.total() == 7));
  CHECK(h.middle(0) == -0.75);
  // a strided source, transposed
  Eigen::MatrixXf m(2, 3);
  m << 0, 1, 2, 3, 4, 5;
  CHECK(metrics::histogram_of(m.transpose(), interval{0, 6}, 3).counts == counts{2, 2, 2});
  const RowVectorXf y{{0, 0.25f, 2}}, z{{0.5f, 0, 2}};
  CHECK(metrics::error_histogram(y, z, interval{-1, 1}, 2).counts == counts{1, 2});
}

TEST_CASE("distribution: divergence by hand", "[distribution]") {
  CHECK(divergence({1, 1}, {5, 5}) == 0);
  CHECK(divergence({1, 0}, {1, 1}) == Approx(1));  // one bit lost
  CHECK(divergence({3, 1}, {1, 1}) == Approx(0.75 * std::log2(1.5) + 0.25 * std::log2(0.5)));
  CHECK(std::isinf(divergence({1, 1}, {1, 0})));
  const RowVectorXf x{{0, 0.1f, 0.9f, 1}}, y{{0, 0, 0, 1}}, constant{{2, 2, 2, 2}};
  CHECK(metrics::kl_divergence(x, x, 8) == 0);
  CHECK(metrics::kl_divergence(x, y, 2) == Approx(0.5 * std::log2(2.0 / 3) + 0.5 * std::log2(2.0)));
  CHECK(metrics::kl_divergence(constant, constant, 3) == 0);
}

TEST_CASE("distribution: entropy of the codes by hand", "[distribution]") {
  quantized<unsigned_integer<3>> q(shape{8}, axis_order::row_major(), affine{});
  const std::uint8_t codes[] = {0, 0, 0, 0, 5, 5, 7, 1};
  pack<3>(q.bytes().data(), 0, codes, 8);
  CHECK(metrics::code_counts(q) == counts{4, 1, 0, 0, 0, 2, 0, 1});
  CHECK(metrics::code_entropy(q) == Approx(0.5 + 0.5 + 2 * 3.0 / 8));
  CHECK(metrics::entropy_bits(std::span<const double>()) == 0);
}

TEST_CASE("distribution: refuses what is none", "[distribution]") {
  const RowVectorXf x{{0, 1}};
  CHECK_THROWS_WITH(metrics::histogram_of(x, interval{1, 1}, 4), says("4 bins over [1, 1]"));
  CHECK_THROWS_WITH(metrics::histogram_of(x, interval{0, 1}, 0), says("0 bins"));
  CHECK_THROWS_WITH(metrics::error_histogram(x, RowVectorXf(x.head(1)), interval{0, 1}, 2),
                    says("1 x 2 beside one of 1 x 1"));
  CHECK_THROWS_WITH(divergence({0, 0}, {1, 1}), says("all 0"));
  CHECK_THROWS_WITH(divergence({1, -1}, {1, 1}), says("weights -1 and 1"));
  CHECK_THROWS_WITH(divergence({1}, {1, 1}), says("1 weights beside 2"));
}
