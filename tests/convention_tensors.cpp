// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// Whole tensors from data to parameters, codes and back, as PyTorch and numpy give them.
#include "catch.hpp"
#include "golden.hpp"

#include <equant/calibration/granular.hpp>
#include <equant/equant.hpp>

#include <array>
#include <cmath>

namespace {

using namespace equant;

/// Per tensor, affine: parameters, codes, values.
template <class Format>
void equals_torch(const std::string& name) {
  using code_type = typename Format::code_type;
  const Eigen::VectorXf x = golden::npy<float>("rand_x.npy");
  const golden::row params = golden::named(golden::csv("rand_qparams.csv"), name);
  const auto wanted_codes = golden::npy<code_type>("rand_q" + name.substr(1) + "_q.npy");
  const Eigen::VectorXf wanted_values = golden::npy<float>("rand_q" + name.substr(1) + "_deq.npy");

  const auto q = quantize<Format>(x, convention::torch{});
  CHECK(q.params().single());
  CHECK(q.scales()[0] == params.real("scale"));
  CHECK(q.zero_points()[0] == params.integer("zero_point"));
  CHECK(q.codes() == wanted_codes);
  CHECK(dequantize<Eigen::VectorXf>(q) == wanted_values);

  min_max observer;
  observer.observe(x);
  const uniform_quantizer<Format, convention::torch> quantizer(
      observer.params<Format>(asymmetric, convention::torch{}));
  CHECK(quantizer.quantize(x) == q);
  CHECK(quantizer.fake_quantize(x) == wanted_values);
  CHECK(quantizer.template dequantize<Eigen::VectorXf>(q) == wanted_values);
}

/// Per axis, symmetric, with W in either storage order.
template <class Matrix>
void equals_torch_per_channel() {
  const Matrix w = golden::npy<float>("perchannel_W.npy");
  const Eigen::VectorXf scales = golden::npy<float>("perchannel_scale.npy");
  const auto zero_points = golden::npy<std::int64_t>("perchannel_zp.npy");
  const auto codes = golden::npy<std::int8_t>("perchannel_q.npy");
  const Eigen::MatrixXf values = golden::npy<float>("perchannel_deq.npy");
  REQUIRE(scales.size() == 8);
  REQUIRE(zero_points.isZero());

  const auto q = quantize<int8>(w, convention::torch{}, per_axis{0}, symmetric);
  CHECK(Eigen::Map<const Eigen::VectorXf>(q.scales().data(), Eigen::Index(q.scales().size())) == scales);
  CHECK(q.zero_points().size() == 1);
  CHECK(q.zero_points()[0] == 0);
  CHECK(q.codes() == codes);
  CHECK(dequantize(q) == values);

  const uniform_quantizer<int8, convention::torch> quantizer(q.params());
  CHECK(quantizer.fake_quantize(w) == values);

  granular rows(min_max{}, per_axis{-2});
  rows.observe(w);
  CHECK(rows.template params<int8>(symmetric, convention::torch{}) == q.params());
}

}  // namespace

TEST_CASE("conventions: a tensor in quint8 equals torch") { equals_torch<uint8>("quint8"); }

TEST_CASE("conventions: a tensor in qint8 equals torch") { equals_torch<int8>("qint8"); }

TEST_CASE("conventions: a weight per channel equals torch") {
  equals_torch_per_channel<Eigen::MatrixXf>();
  equals_torch_per_channel<golden::matrix<float>>();
}

TEST_CASE("conventions: fake quantization and its gradient equal torch") {
  const Eigen::VectorXf x = golden::npy<float>("fakequant_s0.5_z3_0_15_x.npy");
  const Eigen::VectorXf y = golden::npy<float>("fakequant_s0.5_z3_0_15_y.npy");
  const Eigen::VectorXf mask = golden::npy<float>("fakequant_s0.5_z3_0_15_grad.npy");
  const uniform_quantizer<uint4, convention::torch> quantizer(affine{0.5f, 3});
  const Eigen::VectorXf got = quantizer.fake_quantize(x);
  const Eigen::VectorXf back = quantizer.dequantize<Eigen::VectorXf>(quantizer.quantize(x));
  REQUIRE(x.size() == 42);
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    INFO("x = " << x[i]);
    // The reciprocal makes the largest float infinite, which torch wraps to the lowest code.
    const bool wraps = x[i] == std::numeric_limits<float>::max();
    if (wraps) CHECK(y[i] == -1.5f);
    CHECK(got[i] == (wraps ? 6.0f : y[i]));
    CHECK(back[i] == got[i]);
  }
  CHECK(quantizer.gradient_mask(x) == mask);
}

// numpy 1.24 prints, for x = np.array([0.1, 0.5, 0.9, 1.5, 2.0]):
//   scale = (x.max() - x.min()) / 255          0.00745098
//   zero_point = -x.min() / scale              -13.42105263
//   q = np.clip(np.round(x / scale + zero_point), 0, 255)
//                                              0. 54. 107. 188. 255.
//   (q - zero_point) * scale                   0.1  0.50235294  0.8972549  1.50078431  2.
TEST_CASE("conventions: numpy's example in double") {
  const std::array<double, 5> data{0.1, 0.5, 0.9, 1.5, 2.0};
  const std::array<int, 5> codes{0, 54, 107, 188, 255};
  const std::array<double, 5> printed{0.1, 0.50235294, 0.8972549, 1.50078431, 2.0};
  const auto near = [](double got, double wanted) { return std::abs(got - wanted) <= 1e-15 * std::abs(wanted); };
  const double scale = (2.0 - 0.1) / 255, zero_point = -0.1 / scale;

  const Eigen::VectorXd x = Eigen::Map<const Eigen::VectorXd>(data.data(), 5);
  const auto q = quantize<uint8>(x, convention::numpy{});
  const Eigen::VectorXd back = dequantize<Eigen::VectorXd>(q);
  CHECK(near(q.scales()[0], scale));
  CHECK(near(q.scales()[0], 0.0074509803921568628));
  CHECK(near(q.zero_points()[0], zero_point));
  CHECK(near(q.zero_points()[0], -13.421052631578949));
  for (int i = 0; i < 5; ++i) {
    const std::size_t k = static_cast<std::size_t>(i);
    INFO("x = " << data[k]);
    CHECK(int(q.code(i)) == codes[k]);
    CHECK(near(back[i], (codes[k] - zero_point) * scale));
    CHECK(std::abs(back[i] - printed[k]) < 0.5e-8);
  }

  min_max observer;
  observer.observe(x);
  const uniform_quantizer<uint8, convention::numpy, real_affine<double>> quantizer(
      observer.params<uint8, double>(asymmetric, convention::numpy{}));
  CHECK(quantizer.quantize(x) == q);
  CHECK(quantizer.fake_quantize(x) == back);

  constexpr auto table = quantize<uint8>(std::array{0.1, 0.5, 0.9, 1.5, 2.0}, convention::numpy{});
  static_assert(table.code(0) == 0 && table.code(1) == 54 && table.code(2) == 107 && table.code(3) == 188 &&
                table.code(4) == 255);
  CHECK(table.scale() == q.scales()[0]);
  CHECK(table.zero_point() == q.zero_points()[0]);
}

TEST_CASE("conventions: numpy's example in float") {
  const std::array<float, 5> data{0.1f, 0.5f, 0.9f, 1.5f, 2.0f};
  const std::array<int, 5> codes{0, 54, 107, 188, 255};
  const float scale = (2.0f - 0.1f) / 255.0f, zero_point = -0.1f / scale;

  const Eigen::VectorXf x = Eigen::Map<const Eigen::VectorXf>(data.data(), 5);
  const auto q = quantize<uint8>(x, convention::numpy{});
  const Eigen::VectorXf back = dequantize<Eigen::VectorXf>(q);
  CHECK(q.scales()[0] == scale);
  CHECK(q.zero_points()[0] == zero_point);
  for (int i = 0; i < 5; ++i) {
    const std::size_t k = static_cast<std::size_t>(i);
    INFO("x = " << data[k]);
    CHECK(int(q.code(i)) == codes[k]);
    CHECK(float(q.code(i)) == std::nearbyint(data[k] / scale + zero_point));
    CHECK(back[i] == (static_cast<float>(codes[k]) - zero_point) * scale);
  }
  const uniform_quantizer<uint8, convention::numpy, real_affine<float>> quantizer(q.params());
  CHECK(quantizer.quantize(x) == q);
  CHECK(quantizer.fake_quantize(x) == back);
}
