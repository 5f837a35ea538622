// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/compare.hpp>
#include <equant/core/contiguous.hpp>
#include <equant/core/tensor.hpp>
#include <equant/dequantize.hpp>
#include <equant/quantize.hpp>

#include <set>

namespace {

using namespace equant;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using matrices::row_major;

Approx near(double x, double relative = 1e-12) { return Approx(x).epsilon(relative); }

/// Every measure of two matrices, by Eigen in double.
void check(const error_report& r, const MatrixXd& x, const MatrixXd& y, double relative = 1e-12) {
  const MatrixXd e = y - x;
  const double range = x.maxCoeff() - x.minCoeff(), mse = e.squaredNorm() / static_cast<double>(e.size());
  CHECK(r.count == x.size());
  CHECK(r.mse == near(mse, relative));
  CHECK(r.rmse == near(std::sqrt(mse), relative));
  CHECK(r.mae == near(e.cwiseAbs().mean(), relative));
  CHECK(r.max_abs == near(e.cwiseAbs().maxCoeff(), relative));
  CHECK(r.mean == near(e.mean(), 1000 * relative));
  CHECK(r.sqnr_db == near(10 * std::log10(x.squaredNorm() / e.squaredNorm()), relative));
  CHECK(r.psnr == near(10 * std::log10(range * range / mse), relative));
  CHECK(r.cosine == near(x.cwiseProduct(y).sum() / (x.norm() * y.norm()), relative));
}

/// Two matrices whose float difference is exact, so that double arithmetic must find the same.
MatrixXf grid(Eigen::Index rows, Eigen::Index cols, std::uint64_t seed) {
  return (matrices::uniform<MatrixXf>(rows, cols, -3, 3, seed) * 4096).array().round() / 4096;
}

/// What a report says of why, counted element by element from codes and parameters.
template <class Format, class Map>
void check_causes(const MatrixXf& x, const quantized<Format, dynamic_size, Map>& q, const quantization_report& r) {
  double clipped = 0, square = 0, clipped_square = 0;
  std::set<int> used;
  const shape blocks = q.blocks().counts(q.sizes());
  auto block = [&](int axis, Eigen::Index i) {
    return q.blocks().lengths[axis] == 0 ? 0 : i / q.blocks().lengths[axis];
  };
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    for (Eigen::Index j = 0; j < x.cols(); ++j) {
      const Map map = q.params()[q.params().single() ? 0 : block(0, i) * blocks[1] + block(1, j)];
      const double s = static_cast<double>(map.scale), z = static_cast<double>(map.zero_point);
      const int code = Format::value(q.code({i, j}));
      const double unclamped = std::is_integral_v<decltype(map.zero_point)>
                                   ? std::nearbyint(static_cast<double>(x(i, j) / float(map.scale))) + z
                                   : std::nearbyint(static_cast<double>(x(i, j) / float(map.scale) + float(z)));
      const double e = static_cast<double>(static_cast<float>((code - z) * s) - x(i, j));
      square += e * e;
      used.insert(code);
      if (unclamped < Format::range.lowest || unclamped > Format::range.highest) {
        ++clipped;
        clipped_square += e * e;
      }
    }
  }
  const double n = static_cast<double>(x.size());
  CHECK(r.mse == Approx(square / n).epsilon(1e-5));
  CHECK(r.clipped == clipped / n);
  CHECK(r.mse_clipping == Approx(clipped_square / n).epsilon(1e-5));
  CHECK(r.mse_rounding == Approx((square - clipped_square) / n).epsilon(1e-5));
  CHECK(r.mse_clipping + r.mse_rounding == near(r.mse));
  CHECK(r.codes_used == index_t(used.size()));
  CHECK(r.codes == index_t{1} << Format::bits);
}

/// Parameters too tight for the data, so that some of it is clipped.
template <class Format>
void clips_and_rounds() {
  const auto x = matrices::uniform<MatrixXf>(31, 45, -3, 3);
  const row_major rows = x;
  const double tight = 4.0 / ((1 << Format::bits) - 1);
  for (const blocking& where : {blocking{{0, 0}}, blocking{{1, 0}}, blocking{{1, 8}}, blocking{{4, 1}}}) {
    builders::random_numbers random(9);
    std::vector<float> scales;
    std::vector<std::int32_t> zeros;
    for (index_t n = where.counts({31, 45}).count(); n > 0; --n) {
      scales.push_back(static_cast<float>(tight * random.uniform(0.6, 1.4)));
      zeros.push_back((Format::range.lowest + Format::range.highest) / 2 + random.below(2));
    }
    const parameters<affine> p = scales.size() == 1 ? parameters(affine{scales[0], zeros[0]})
                                                    : parameters<affine>(where, scales, zeros);
    const auto q = uniform_quantizer<Format>(p).quantize(x);
    const quantization_report r = compare(x, q);
    INFO(Format::bits << " bits, " << to_string(where));
    CHECK((r.clipped > 0.05 && r.clipped < 0.9));
    check_causes(x, q, r);
    check(r, x.cast<double>(), uniform_quantizer<Format>(p).fake_quantize(x).template cast<double>(), 1e-7);
    check_causes(x, q, compare(rows, q));
  }
}

}  // namespace

TEST_CASE("compare: two tensors equal Eigen's arithmetic in double, in every pair of layouts") {
  const MatrixXf x = grid(37, 70, 1), y = grid(37, 70, 2);
  const MatrixXd a = x.cast<double>(), b = y.cast<double>();
  const row_major u = x, v = y;
  for (const error_report& r : {compare(x, y), compare(u, v), compare(x, v), compare(u, y), compare(a, b),
                                compare(x, b), compare(a, v), compare(x + MatrixXf::Zero(37, 70), y)}) {
    check(r, a, b);
  }
  check(compare(x.block(3, 4, 20, 30), y.transpose().block(4, 3, 30, 20).transpose()), a.block(3, 4, 20, 30),
        b.block(3, 4, 20, 30));
  check(compare(x.row(3), v.row(3)), a.row(3), b.row(3));
}

TEST_CASE("compare: all element types, and mixed") {
  const MatrixXf x = grid(20, 30, 1), y = grid(20, 30, 2);
  const auto h = x.cast<fp16>().eval();
  const auto k = y.cast<bf16>().eval();
  const MatrixXd a = h.cast<float>().cast<double>(), b = k.cast<float>().cast<double>();
  check(compare(h, k), a, b);
  check(compare(k, h), b, a);
  check(compare(h, y), a, y.cast<double>());
  check(compare(a, k), a, b);
  const MatrixXd precise = x.cast<double>().array() + 1e-9;
  CHECK(compare(x, precise).mean == Approx(1e-9));
}

TEST_CASE("compare: tensors of other ranks") {
  const MatrixXf x = grid(24, 5, 1), y = grid(24, 5, 2);
  const MatrixXd a = x.cast<double>(), b = y.cast<double>();
  const std::vector<float> u(x.data(), x.data() + 120), v(y.data(), y.data() + 120);
  check(compare(u, v), a, b);
  const Eigen::TensorMap<const Eigen::Tensor<float, 3>> t(x.data(), 4, 6, 5), s(y.data(), 4, 6, 5);
  check(compare(t, s), a, b);
  check(compare(t, Eigen::Tensor<float, 3, Eigen::RowMajor>(s.swap_layout().shuffle(std::array{2, 1, 0}))), a, b);
}

TEST_CASE("compare: shapes that differ are refused, both named") {
  const MatrixXf x = MatrixXf::Zero(3, 4);
  CHECK_THROWS_AS(compare(x, MatrixXf::Zero(4, 3)), std::invalid_argument);
  CHECK_THROWS_WITH(compare(x, MatrixXf::Zero(4, 3)), says("3 x 4 with one of 4 x 3"));
  CHECK_THROWS_WITH(compare(std::vector<float>(12), x), says("12 with one of 3 x 4"));
  const auto q = quantize<int8>(x);
  CHECK_THROWS_AS(compare(x.transpose(), q), std::invalid_argument);
  CHECK_THROWS_WITH(compare(x.transpose(), q), says("4 x 3 with one of 3 x 4"));
}

TEST_CASE("compare: what is clipped and what is rounded add up to the error") {
  clips_and_rounds<int8>();
  clips_and_rounds<uint4>();
  clips_and_rounds<int3>();
  clips_and_rounds<int10>();
}

TEST_CASE("compare: clipping by hand, and with a real zero point") {
  const uniform_quantizer<int4> u(affine{1, 0});  // -8 to 7
  const Eigen::RowVectorXf x{{0.25f, 7.5f, 9, -8.5f, -8.75f, 3}};
  const quantization_report r = compare(x, u.quantize(x));
  CHECK(r.clipped == 3.0 / 6);  // 7.5 rounds to 8, -8.5 to -8
  CHECK(r.mse_clipping == near((0.5 * 0.5 + 2 * 2 + 0.75 * 0.75) / 6));
  CHECK(r.mse_rounding == near((0.25 * 0.25 + 0.5 * 0.5) / 6));
  CHECK(r.codes_used == 4);  // 0, 7, -8, 3
  const auto y = matrices::uniform<MatrixXf>(13, 17, -3, 3);
  const uniform_quantizer<int3, convention::standard, real_affine<float>> midrise(real_affine<float>{0.5f, -0.5f});
  check_causes(y, midrise.quantize(y), compare(y, midrise.quantize(y)));
}

TEST_CASE("compare: NaN and infinity in the original reach every figure they touch") {
  const uniform_quantizer<int8> u(affine{1, 0});
  Eigen::RowVectorXf x{{0.25f, 1, std::numeric_limits<float>::quiet_NaN()}};
  quantization_report r = compare(x, u.quantize(x));
  for (double v : {r.mse, r.max_abs, r.sqnr_db, r.mse_clipping, r.mse_rounding}) CHECK(std::isnan(v));
  CHECK(r.clipped == 1.0 / 3);
  x[2] = HUGE_VALF;
  r = compare(x, u.quantize(x));
  CHECK((std::isinf(r.mse) && std::isinf(r.mse_clipping) && r.sqnr_db != r.sqnr_db));
  CHECK(r.mse_rounding != 0);  // it is not known
}

TEST_CASE("compare: one bit has two levels, and clips beyond them") {
  const Eigen::RowVectorXf x{{-2, -1, 0.5f, 2}};
  const quantization_report r = compare(x, quantize<int1>(x));
  CHECK(r.codes_used == 2);
  CHECK(r.codes == 2);
  CHECK(r.mse == near((0 + 1 + 1.5 * 1.5 + 0) / 4));
  CHECK(r.clipped == 0);
}

TEST_CASE("compare: bits per value count codes and parameters") {
  const auto x = matrices::uniform<MatrixXf>(16, 64, -3, 3);
  CHECK(compare(x, quantize<int8>(x)).bits_per_value == 8 + 64.0 / 1024);
  CHECK(compare(x, quantize<int8>(x, per_axis{0})).bits_per_value == 8 + 16 * 64.0 / 1024);
  CHECK(compare(x, quantize<int4>(x, per_group{1, 32}, symmetric)).bits_per_value == 4 + (32 * 32 + 32) / 1024.0);
  CHECK(compare(x, quantize<int3>(x, mid_rise)).bits_per_value == 3 + 64.0 / 1024);
  const MatrixXf odd = x.topLeftCorner(3, 3);  // 27 bits of codes take 4 bytes
  CHECK(compare(odd, quantize<int3>(odd)).bits_per_value == near((4 + 8) * 8.0 / 9));
}

TEST_CASE("compare: a quantized tensor against doubles, halves and expressions") {
  const auto x = matrices::uniform<MatrixXd>(9, 40, -3, 3);
  const auto q = quantize<int8>(x, per_axis{0});
  check(compare(x, q), x, dequantize<MatrixXd>(q));
  const auto h = x.cast<float>().cast<fp16>().eval();
  const auto p = quantize<int8>(h);
  check(compare(h, p), h.cast<float>().cast<double>(), dequantize<MatrixXf>(p).cast<double>());
  CHECK(compare(2 * x, q).mse == near((dequantize<MatrixXd>(q) - 2 * x).squaredNorm() / 360));
}

TEST_CASE("compare: the measures by name") {
  const MatrixXf x = grid(5, 6, 1), y = grid(5, 6, 2);
  const error_report r = compare(x, y);
  CHECK(metrics::mse(x, y) == r.mse);
  CHECK(metrics::rmse(x, y) == r.rmse);
  CHECK(metrics::mae(x, y) == r.mae);
  CHECK(metrics::max_abs(x, y) == r.max_abs);
  CHECK(metrics::mean_error(x, y) == r.mean);
  CHECK(metrics::sqnr_db(x, y) == r.sqnr_db);
  CHECK(metrics::psnr(x, y) == r.psnr);
  CHECK(metrics::cosine(x, y) == r.cosine);
}
