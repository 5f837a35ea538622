// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "quantizers/elementwise.hpp"

#include <equant/core/contiguous.hpp>

namespace {

using namespace equant;
using matrices::row_major;

/// A format from outside the library, whose meaning is a value: 16 levels `gap` apart around zero.
struct comb {
  static constexpr int bits = 4;
  static constexpr bool has_zero_point = false;
  float gap = 1;

  std::uint8_t encode(float r) const {
    float best = -8;
    for (float k = -8; k < 8; ++k) {
      if (std::abs(k * gap - r) < std::abs(best * gap - r)) best = k;
    }
    return static_cast<std::uint8_t>(best + 8);
  }
  float decode(std::uint8_t c) const { return gap * (static_cast<float>(c) - 8); }
  float largest() const { return 7 * gap; }
  bool contains(float r) const { return std::abs(r) <= largest(); }
  bool operator==(const comb&) const = default;
};

parameters<affine> per_row(std::vector<float> scales) { return {{{1, 0}}, std::move(scales)}; }

template <class Format>
void equal_across_orders() {
  const auto x = matrices::uniform<Eigen::MatrixXf>(23, 19, -5, 5);
  const row_major same = x;
  for (const blocking& where : elementwise::granularities({23, 19})) {
    const uniform_quantizer<Format> u(
        elementwise::some_parameters<affine>(where, {23, 19}, Format::range, 10.0 / Format::range.highest));
    const auto q = u.quantize(x), r = u.quantize(same);
    CHECK(q.order() != r.order());
    CHECK(q == r);
    CHECK(r == q);
    CHECK(q.codes() == r.codes());
    row_major other = same;
    other(17, 11) = same(17, 11) < 0 ? 5.f : -5.f;
    if (u.fake_quantize(other) != u.fake_quantize(same)) CHECK(!(q == u.quantize(other)));
    CHECK(dequantize(q) == dequantize(r));
  }
}

}  // namespace

TEST_CASE("uniform_quantizer: codes and values by hand") {
  const uniform_quantizer<int8> u(affine{0.5f, 3});
  const Eigen::RowVectorXf x{{0, 0.5f, 0.7f, 0.75f, 1.25f, -0.25f, -63, -70, 61.9f, 62.2f, 62.3f, 100}};
  const auto q = u.quantize(x);
  const std::vector<int> codes = {3, 4, 4, 5, 5, 3, -123, -128, 127, 127, 127, 127};
  const std::vector<float> values = {0, .5f, .5f, 1, 1, 0, -63, -65.5f, 62, 62, 62, 62};
  const std::vector<float> mask = {1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0};  // 62.2 / 0.5 rounds to 124, 62.3 to 125
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    INFO(x[i]);
    const auto k = static_cast<std::size_t>(i);
    CHECK(int(q.codes()(0, i)) == codes[k]);
    CHECK(u.fake_quantize(x)[i] == values[k]);
    CHECK(u.dequantize<Eigen::RowVectorXf>(q)[i] == values[k]);
    CHECK(u.gradient_mask(x)[i] == mask[k]);
  }
  CHECK(u.params()[0] == affine{0.5f, 3});
  CHECK(q.params() == u.params());
}

TEST_CASE("uniform_quantizer: double is not narrowed before the rounding") {
  // 2.5 + 1e-12 is nearer to 3; as a float it is a tie, which goes to the even 2.
  const Eigen::MatrixXd x = Eigen::MatrixXd::Constant(3, 40, 2.5 + 1e-12);
  const Eigen::MatrixXf narrowed = x.cast<float>();
  const uniform_quantizer<int8> u(affine{1, 0});
  CHECK((u.quantize(x).codes().cast<int>().array() == 3).all());
  CHECK((u.quantize(narrowed).codes().cast<int>().array() == 2).all());
  CHECK((u.fake_quantize(x).array() == 3).all());
  const uniform_quantizer<uint4> rows(per_row({1, 2, 0.5f}));
  CHECK(rows.quantize(x).codes()(0, 7) == 3);
  CHECK(rows.quantize(x).codes()(2, 7) == 5);
  const Eigen::Vector2d clipped(127.5 - 1e-12, 127.5 + 1e-12);
  CHECK(u.gradient_mask(clipped) == Eigen::Vector2d(1, 0));
}

TEST_CASE("uniform_quantizer: a real zero point, added before the rounding") {
  using midrise = uniform_quantizer<int4, convention::standard, real_affine<float>>;
  using precise = real_affine<double>;
  for (const blocking& where : elementwise::granularities({17, 9})) {
    const auto x = matrices::uniform<Eigen::MatrixXf>(17, 9, -5, 5);
    const Eigen::MatrixXd wide = x.cast<double>();
    CHECK(elementwise::difference<int4, real_affine<float>>(x, where, 0.5) == "");
    CHECK(elementwise::difference<int8, precise>(wide, where, 0.04) == "");
  }
  const midrise u(real_affine<float>{1, -0.5f});
  CHECK(u.fake_quantize(Eigen::Vector4f(0.2f, -0.2f, 1.7f, -100)) == Eigen::Vector4f(0.5f, -0.5f, 1.5f, -7.5f));
}

TEST_CASE("uniform_quantizer: a format from outside the library") {
  const uniform_quantizer<comb> u(per_row({1, 2, 0.5f}), comb{3});
  const auto x = matrices::uniform<Eigen::MatrixXf>(3, 50, -30, 30);
  const auto q = u.quantize(x);
  CHECK(dequantize(q) == u.fake_quantize(x));
  CHECK(u.quantize(row_major(x)) == q);
  for (Eigen::Index i = 0; i < 3; ++i) {
    for (Eigen::Index j = 0; j < 50; ++j) {
      const float s = u.params()[i].scale;
      CHECK(u.fake_quantize(x)(i, j) == comb{3}.decode(comb{3}.encode(x(i, j) / s)) * s);
      CHECK(u.gradient_mask(x)(i, j) == (std::abs(x(i, j) / s) <= 21 ? 1 : 0));
    }
  }
  auto again = uniform_quantizer<comb>(per_row({1, 2, 0.5f}), comb{1}).quantize(x);
  u.quantize_into(x, again);
  CHECK(again == q);
}

TEST_CASE("uniform_quantizer: quantize_into uses the memory again, where it fits") {
  const auto x = matrices::uniform<Eigen::MatrixXf>(30, 21, -5, 5),
             y = matrices::uniform<Eigen::MatrixXf>(30, 21, -5, 5, 9);
  const uniform_quantizer<int3> u(affine{1, 0});
  auto q = u.quantize(x);
  const std::uint8_t* memory = q.bytes().data();
  u.quantize_into(y, q);
  CHECK(q.bytes().data() == memory);
  CHECK(q == u.quantize(y));
  u.quantize_into(row_major(x), q);
  CHECK(q == u.quantize(x));
  u.quantize_into(x.leftCols(7), q);
  CHECK(q == u.quantize(x.leftCols(7)));
  const uniform_quantizer<int3> other(affine{0.5f, 1});
  other.quantize_into(x, q);
  CHECK(q == other.quantize(x));
  q = {};
  u.quantize_into(x, q);
  CHECK(q == u.quantize(x));
}

TEST_CASE("uniform_quantizer: quantize_into a result that was moved away") {
  const auto x = matrices::uniform<Eigen::MatrixXf>(6, 7, -5, 5);
  const uniform_quantizer<int8> u(affine{1, 0});
  auto q = u.quantize(x);
  const auto taken = std::move(q);
  u.quantize_into(x, q);  // NOLINT: a moved-from result may be assigned to
  CHECK(q == taken);
}

TEST_CASE("uniform_quantizer: fake_quantize_into any layout, and in place") {
  auto x = matrices::uniform<Eigen::MatrixXf>(8, 6, -5, 5);
  const uniform_quantizer<int4> u(affine{0.7f, -1});
  const Eigen::MatrixXf wanted = u.fake_quantize(x);
  row_major rows(8, 6);
  u.fake_quantize_into(x, rows);
  CHECK(rows == wanted);
  Eigen::MatrixXf large = Eigen::MatrixXf::Constant(10, 10, 99);
  u.fake_quantize_into(x, large.block(1, 2, 8, 6));
  CHECK(large.block(1, 2, 8, 6) == wanted);
  CHECK((large.array() == 99).count() == 100 - 48);
  std::vector<float> column(8);
  CHECK_THROWS_WITH(u.fake_quantize_into(x, rows.leftCols(5)), says("8 x 6 does not fit into one of 8 x 5"));
  CHECK_THROWS_AS(u.fake_quantize_into(x, column), std::invalid_argument);
  u.fake_quantize_into(x, x);
  CHECK(x == wanted);
}

TEST_CASE("uniform_quantizer: parameters that belong to another shape are refused") {
  const uniform_quantizer<int8> u(per_row({1, 2, 3}));
  CHECK_NOTHROW(u.quantize(Eigen::MatrixXf::Zero(3, 8)));
  auto q = u.quantize(Eigen::MatrixXf::Zero(3, 8));
  const Eigen::MatrixXf other = Eigen::MatrixXf::Zero(4, 8);
  CHECK_THROWS_AS(u.quantize(other), std::invalid_argument);
  CHECK_THROWS_WITH(u.quantize(other), says("4 x 8 has 4 blocks, but there are parameters for 3"));
  CHECK_THROWS_AS(u.quantize_into(other, q), std::invalid_argument);
  CHECK_THROWS_AS(u.fake_quantize(other), std::invalid_argument);
  CHECK_THROWS_AS(u.gradient_mask(other), std::invalid_argument);
  CHECK(q == u.quantize(Eigen::MatrixXf::Zero(3, 8)));
  CHECK_THROWS_WITH(u.quantize(std::vector<float>{1, 2, 3}), says("granularity of rank 2 does not fit a tensor of 3"));
  CHECK_THROWS_AS(u.quantize(std::array{1.0f, 2.0f}), std::invalid_argument);
}

TEST_CASE("uniform_quantizer: results are equal whatever the storage order") {
  equal_across_orders<int8>();
  equal_across_orders<uint4>();
  equal_across_orders<int3>();
  equal_across_orders<uint12>();
  equal_across_orders<unsigned_integer<1>>();
}

TEST_CASE("uniform_quantizer: at compile time") {
  static constexpr uniform_quantizer<int4> u(affine{0.5f, -1});
  constexpr auto q = u.quantize(std::array{0.0f, 0.25f, 0.75f, -100.0f, 100.0f});
  STATIC_REQUIRE(int4::value(q.code(0)) == -1);
  STATIC_REQUIRE(int4::value(q.code(1)) == -1);
  STATIC_REQUIRE(int4::value(q.code(2)) == 1);
  STATIC_REQUIRE(int4::value(q.code(3)) == -8);
  STATIC_REQUIRE(int4::value(q.code(4)) == 7);
  STATIC_REQUIRE(q.size_bytes() == 3 + sizeof(affine));
  constexpr uniform_quantizer<int8> fine(affine{1, 0});
  STATIC_REQUIRE(fine.quantize(std::array{2.5 + 1e-12}).code(0) == 3);
  STATIC_REQUIRE(fine.quantize(std::array{2.5f}).code(0) == 2);
  STATIC_REQUIRE(uniform_quantizer<int8, convention::tflite>(affine{1, 0}).quantize(std::array{2.5f}).code(0) == 3);
  CHECK(u.quantize(Eigen::RowVectorXf{{0, 0.25f, 0.75f, -100, 100}}).bytes()[1] == q.bytes()[1]);
}
