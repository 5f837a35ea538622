// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/core/contiguous.hpp>
#include <equant/core/tensor.hpp>
#include <equant/sweep/recommend.hpp>

#include <set>

namespace {

using namespace equant;
using Eigen::MatrixXf;

/// 64 x 40 values with a density, so that there is a bound.
MatrixXf numbers() { return matrices::uniform<MatrixXf>(64, 40, -1, 1); }

/// The rows of the uniform quantizers alone.
sweep::table uniform(sweep::table t) {
  std::erase_if(t.rows, [](const sweep::row& r) { return !r.quantizer.starts_with("uniform "); });
  return t;
}

std::set<std::string> granularities(const sweep::table& t) {
  std::set<std::string> names;
  for (const sweep::row& r : t.rows) names.insert(r.granularity);
  return names;
}

/// A family of one's own: a row per width, and two at four bits.
struct made_up {
  template <class T, int Bits>
  void operator()(const view<const T>& x, std::integral_constant<int, Bits>, sweep::table& out) const {
    sweep::row r;
    r.bits = Bits;
    r.quantizer = "made up";
    r.bits_per_value = Bits;
    r.bytes = static_cast<std::size_t>(x.count());
    out.rows.push_back(r);
    if constexpr (Bits == 4) out.rows.push_back(r);
  }
};

}  // namespace

TEST_CASE("sweep: a row per width, granularity and quantizer, in this order", "[sweep]") {
  const sweep::table t = uniform(sweep_bits(numbers(), 3, 5));
  CHECK(t.sizes == shape{64, 40});
  REQUIRE(t.rows.size() == 3 * 3 * 3);
  for (std::size_t i = 0; i < t.rows.size(); ++i) {
    CHECK(t.rows[i].bits == 3 + static_cast<int>(i) / 9);
    CHECK(t.rows[i].granularity == t.rows[i % 9].granularity);
    CHECK(t.rows[i].quantizer == t.rows[i % 3].quantizer);
  }
  CHECK(t.rows[0].granularity == "per tensor");
  CHECK(t.rows[3].granularity == "per axis 0");
  CHECK(t.rows[6].granularity == "per group of 32 on axis 1");
  CHECK(uniform(sweep_bits(numbers(), 1, 16)).rows.size() == 16 * 9);
  CHECK(uniform(sweep_bits(numbers(), 7, 7)).rows.size() == 9);
}

TEST_CASE("sweep: the figures are those of quantize and compare", "[sweep]") {
  const MatrixXf x = numbers();
  const sweep::table t = sweep_bits(x, 4, 4);
  const auto same = [&](const sweep::row& r, const auto& q) {
    const auto report = compare(x, q);
    CHECK(r.mse == report.mse);
    CHECK(r.sqnr_db == report.sqnr_db);
    CHECK(r.max_abs == report.max_abs);
    CHECK(r.bytes == q.size_bytes());
    CHECK(r.bits_per_value == report.bits_per_value);
  };
  same(t.rows[0], quantize<int4>(x, symmetric));
  same(t.rows[1], quantize<int4>(x, asymmetric));
  same(t.rows[2], quantize<int4>(x, mid_rise));
  same(t.rows[4], quantize<int4>(x, per_axis{0}));
  same(t.rows[8], quantize<int4>(x, per_group{1, 32}, mid_rise));
}

TEST_CASE("sweep: ratio, bound and gap", "[sweep]") {
  const MatrixXf x = numbers();
  const sweep::table t = sweep_bits(x, 1, 8);
  CHECK(t.power == Approx(x.cast<double>().squaredNorm() / 2560));
  REQUIRE(t.entropy);
  CHECK(*t.entropy == Approx(1).margin(0.05));  // uniform on an interval of length 2: log2(2)
  for (const sweep::row& r : t.rows) {
    INFO(r.bits << " bits, " << r.quantizer << ", " << r.granularity);
    CHECK(r.ratio == Approx(4.0 * 2560 / static_cast<double>(r.bytes)));
    // Shannon: the error is at least 2^(2 (h - R)) / (2 pi e).
    const double least = std::pow(2, 2 * (*t.entropy - r.bits_per_value)) / (2 * 3.14159265358979 * 2.71828182845905);
    REQUIRE(r.bound_db);
    CHECK(*r.bound_db == Approx(10 * std::log10(t.power / least)));
    CHECK(*r.gap_db() == Approx(*r.bound_db - r.sqnr_db));
    CHECK(*r.gap_db() > 0);
  }
}

TEST_CASE("sweep: discrete values have no bound, and may come out exact", "[sweep]") {
  const MatrixXf x = (numbers().array() * 7).round();  // -7 to 7
  const sweep::table t = sweep_bits(x, 4, 4);
  CHECK(!t.entropy);
  for (const sweep::row& r : t.rows) CHECK(!r.bound_db);
  CHECK(t.rows[0].max_abs == 0);
  CHECK(t.rows[0].sqnr_db == std::numeric_limits<double>::infinity());
  CHECK_THAT(to_string(t), says("exact"));
}

TEST_CASE("sweep: granularities of the caller's", "[sweep]") {
  const MatrixXf x = numbers();
  const sweep::table t = uniform(sweep_bits(x, 8, 8, per_axis{1}, per_group{0, 16}, blocking{{16, 0}}));
  CHECK(granularities(t) == std::set<std::string>{"per axis 1", "per group of 16 on axis 0", "per block of 16 x all"});
  CHECK(t.rows.size() == 9);
  CHECK(t.rows[0].bytes == 2560 + 40 * 4 + 4);     // symmetric: a scale per column, one zero point
  CHECK(t.rows[4].bytes == 2560 + 160 * (4 + 4));  // asymmetric
  CHECK(t.rows[6].bytes == 2560 + 4 * 4 + 4);
}

TEST_CASE("sweep: tensors of other ranks and types", "[sweep]") {
  const MatrixXf x = numbers();
  const Eigen::TensorMap<const Eigen::Tensor<float, 3>> cube(x.data(), 8, 8, 40);
  const auto of_cube = sweep_bits(cube, 8, 8);
  CHECK(granularities(uniform(of_cube)) ==
        std::set<std::string>{"per tensor", "per axis 0", "per group of 32 on axis 2"});
  CHECK(of_cube.rows[0].mse == sweep_bits(x, 8, 8).rows[0].mse);
  const std::vector<float> line(x.data(), x.data() + x.size());
  CHECK(granularities(uniform(sweep_bits(line, 8, 8))) ==
        std::set<std::string>{"per tensor", "per group of 32 on axis 0"});
  const float one = 1.5f;
  CHECK(granularities(uniform(sweep_bits(view<const float>{&one, {}, {}}, 8, 8))) ==
        std::set<std::string>{"per tensor"});
  CHECK(sweep_bits(x.cast<double>(), 8, 8).rows[0].mse == Approx(of_cube.rows[0].mse).epsilon(1e-3));
  CHECK(sweep_bits(2 * x, 8, 8).rows[0].mse == 4 * of_cube.rows[0].mse);
}

TEST_CASE("sweep: families of the caller's", "[sweep]") {
  const MatrixXf x = numbers();
  const auto v = view<const float>(bridge<MatrixXf>::look(x));
  const sweep::table own = sweep::run(v, 3, 5, made_up{});
  REQUIRE(own.rows.size() == 4);
  CHECK(own.rows[2].bits == 4);
  CHECK(own.rows[3].bits == 5);
  CHECK(own.rows[0].ratio == 4);  // a byte each
  CHECK(own.rows[0].bound_db);
  const sweep::table both =
      sweep::run(v, 3, 5, sweep::uniform_rows{{{"whole", normal_form(per_tensor, v.sizes)}}}, made_up{});
  REQUIRE(both.rows.size() == 9 + 4);
  CHECK(both.rows[3].quantizer == "made up");  // behind the others of its width
}

TEST_CASE("sweep: one value, constants, zeros, denormals and the largest floats", "[sweep]") {
  const auto finite = [](const MatrixXf& x) {
    INFO(x(0, 0));
    for (const sweep::row& r : sweep_bits(x, 1, 16).rows) {
      INFO(r.quantizer << ", " << r.bits << " bits");
      CHECK(std::isfinite(r.mse));
      CHECK(!std::isnan(r.sqnr_db));
      CHECK(!r.bound_db);
      CHECK(r.ratio > 0);
    }
  };
  for (const float value : {0.f, 1.f, -3.5f, 1e-40f, std::numeric_limits<float>::denorm_min(),
                            std::numeric_limits<float>::min(), std::numeric_limits<float>::max()}) {
    finite(MatrixXf::Constant(1, 1, value));
    finite(MatrixXf::Constant(3, 40, value));
    finite(MatrixXf::Identity(3, 40) * value);
    finite(MatrixXf::Identity(3, 40) * value - MatrixXf::Ones(3, 40) * (value / 2));
  }
}

TEST_CASE("sweep: recommend chooses of everything that is tried on a tensor", "[sweep]") {
  const MatrixXf x = numbers();
  const auto r = recommend(x, target_sqnr{30});
  REQUIRE(r);
  CHECK(r->sqnr_db >= 30);
  CHECK(r->bits_per_value < 6);
  CHECK(recommend(x, target_bytes{r->bytes})->sqnr_db >= r->sqnr_db);
  CHECK(!recommend(x, target_bytes{10}));
}

TEST_CASE("sweep: what cannot be swept is refused", "[sweep]") {
  const MatrixXf x = numbers();
  CHECK_THROWS_AS(sweep_bits(x, 0, 8), std::invalid_argument);
  CHECK_THROWS_WITH(sweep_bits(x, 0, 8), says("1 to 16 bits, not 0 to 8"));
  CHECK_THROWS_WITH(sweep_bits(x, 1, 17), says("not 1 to 17"));
  CHECK_THROWS_WITH(sweep_bits(x, 9, 8), says("not 9 to 8"));
  CHECK_THROWS_WITH(sweep_bits(MatrixXf(0, 3), 1, 8), says("0 x 3 has no values"));
  CHECK_THROWS_WITH(sweep_bits(x, 1, 8, per_axis{2}), says("axis 2 of a tensor of rank 2"));
  CHECK_THROWS_WITH(sweep_bits(x, 1, 8, per_group{-3, 4}), says("axis -3 of a tensor of rank 2"));
  CHECK_THROWS_WITH(sweep_bits(x, 1, 8, per_group{0, 0}), says("group size 0 is not positive"));
  CHECK(sweep_bits(x, 8, 8, per_group{1, 1000}).rows[0].bytes == sweep_bits(x, 8, 8, per_axis{0}).rows[0].bytes);
  MatrixXf bad = x;
  bad(3, 5) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(sweep_bits(bad, 1, 8), says("nan at row 3, column 5"));
}
