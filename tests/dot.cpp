// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"

#include <equant/dequantize.hpp>
#include <equant/dot.hpp>
#include <equant/equant.hpp>

namespace {

using namespace equant;
using bytes = Eigen::Matrix<std::int8_t, Eigen::Dynamic, 1>;
using unsigned_bytes = Eigen::Matrix<std::uint8_t, Eigen::Dynamic, 1>;

}  // namespace

TEST_CASE("dot and squared_distance take Eigen vectors, std::vector and std::span") {
  const bytes a = (bytes(4) << -128, 127, 3, -4).finished();
  const unsigned_bytes b = (unsigned_bytes(4) << 255, 2, 0, 7).finished();
  CHECK(dot(a, b) == -128 * 255 + 254 - 28);
  CHECK(dot(b, a) == -128 * 255 + 254 - 28);
  CHECK(dot(a, a) == 16384 + 16129 + 9 + 16);
  CHECK(dot(a.tail(3), b.head(3)) == 127 * 255 + 6);
  CHECK(squared_distance(a.head(2), a.tail(2)) == 131 * 131 + 131 * 131);
  const std::vector<std::int8_t> v = {1, 2, 3, 4};
  CHECK(dot(v, a) == -128 + 254 + 9 - 16);
  CHECK(dot(std::span<const std::int8_t>(v), v) == 30);
  CHECK(dot(bytes(), bytes()) == 0);
  const Eigen::RowVector<std::uint8_t, 3> r(1, 2, 255);
  CHECK(dot(r, r) == 65030);
}

TEST_CASE("dot is exact beyond 32 bits") {
  const unsigned_bytes big = unsigned_bytes::Constant(200001, 255);
  const bytes low = bytes::Constant(200001, -128);
  CHECK(dot(big, big) == std::int64_t{65025} * 200001);
  CHECK(dot(big, low) == std::int64_t{-32640} * 200001);
  CHECK(squared_distance(big, unsigned_bytes::Zero(200001).eval()) == std::int64_t{65025} * 200001);
}

TEST_CASE("dot refuses lengths that differ, matrices and steps") {
  const bytes a = bytes::Zero(4), b = bytes::Zero(5);
  CHECK_THROWS_WITH(dot(a, b), says("4 and 5"));
  CHECK_THROWS_WITH(squared_distance(a, b), says("4 and 5"));
  Eigen::Matrix<std::int8_t, 3, 4> m;
  m.setZero();
  CHECK_THROWS_WITH(dot(m, a), says("3 x 4"));
  CHECK_THROWS_WITH(dot(m.row(0), a), says("step of 3"));
}

TEST_CASE("the dot product of quantized vectors is that of their real values") {
  const Eigen::VectorXf x = Eigen::VectorXf::LinSpaced(501, -1.f, 3.f), y = Eigen::VectorXf::LinSpaced(501, 2.f, -0.7f);
  const auto check = [&](const auto& a, const auto& b) {
    const Eigen::VectorXd u = dequantize<Eigen::VectorXd>(a), v = dequantize<Eigen::VectorXd>(b);
    CHECK(dot(a, b) == Approx(u.dot(v)).epsilon(1e-12));
  };
  check(quantize<int8>(x), quantize<int8>(y));
  check(quantize<uint8>(x), quantize<int8>(y, symmetric));
  check(quantize<int8>(x, symmetric), quantize<uint8>(y));
  check(quantize<uint8>(x), quantize<uint8>(y));
  CHECK_THROWS_WITH(dot(quantize<int8>(x), quantize<int8>(y.head(7).eval())), says("501 x 1 and 7 x 1"));
  CHECK_THROWS_WITH(dot(quantize<int8>(x, per_group{0, 50}), quantize<int8>(y)), says("11 and 1 scales"));
}
