// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "golden.hpp"

#include <equant/calibration/mse.hpp>
#include <equant/compare.hpp>
#include <equant/dequantize.hpp>
#include <equant/quantize.hpp>
#include <equant/storage/ggml.hpp>

namespace {

using namespace equant;
using rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

rows golden_input() {
  const std::string bytes = golden::read("ggml_input_f32.bin");
  rows x(8, 256);
  std::memcpy(x.data(), bytes.data(), 2048 * sizeof(float));
  return x;
}

/// The bytes of ggml's own encoder. Codes of blocks that are all zero are not compared where ggml leaves them as its
/// memory was (their scale is zero).
template <class Scheme>
void check_bytes(const std::string& name, bool zero_blocks = true) {
  INFO(name);
  const rows x = golden_input();
  const std::string expected = golden::read("ggml_" + name + "_bytes.bin");
  constexpr std::size_t size = ggml::layout<Scheme>::bytes;
  constexpr index_t values = ggml::layout<Scheme>::values;
  const auto check = [&](const std::vector<std::uint8_t>& bytes) {
    REQUIRE(bytes.size() == expected.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const auto block = static_cast<index_t>(i / size);
      const bool zero = (Eigen::Map<const Eigen::ArrayXf>(x.data() + block * values, values) == 0).all();
      if (zero && !zero_blocks && i % size >= 2) continue;
      if (bytes[i] != static_cast<std::uint8_t>(expected[i])) FAIL("byte " << i % size << " of block " << block);
    }
  };
  check(to_bytes(quantize<Scheme>(x)));
  check(to_bytes(quantize<Scheme>(Eigen::MatrixXf(x))));
  check(to_bytes(quantize<Scheme>(Eigen::MatrixXd(x.cast<double>()))));
}

}  // namespace

TEST_CASE("block quantizer: the bytes of ggml's encoders", "[quantizers]") {
  check_bytes<q4_0>("Q4_0");
  check_bytes<q4_1>("Q4_1");
  check_bytes<q5_0>("Q5_0");
  check_bytes<q5_1>("Q5_1");
  check_bytes<q8_0>("Q8_0");
  check_bytes<iq4_nl>("IQ4_NL", false);
  check_bytes<mxfp4>("MXFP4");
  check_bytes<tq2_0>("TQ2_0");
}

namespace {

/// Values of every kind a block may meet, in lines that blocks do not divide.
rows varied(index_t lines, index_t length) {
  rows x(lines, length);
  builders::random_numbers random(5);
  for (index_t i = 0; i < lines; ++i) {
    const double size = std::exp2(random.uniform(-6, 6));
    for (index_t j = 0; j < length; ++j) x(i, j) = static_cast<float>(size * random.uniform(-1, 1));
  }
  return x;
}

template <class Scheme>
rows there_and_back(const rows& x) {
  return dequantize<rows>(quantize<Scheme>(x));
}

/// What a scheme must keep to on any data: ragged ends, layouts, and values that are no usual ones.
template <class Scheme>
void check_scheme(const char* name, double least_db) {
  INFO(name);
  const rows x = varied(21, 3 * 256 + 45);
  const auto q = quantize<Scheme>(x);
  CHECK(quantize<Scheme>(Eigen::MatrixXf(x)) == q);
  CHECK(quantize<Scheme>(x, non_finite::skip) == q);
  const auto report = compare(x, q);
  CHECK(report.sqnr_db > least_db);
  CHECK(report.mse == Approx(compare(x, dequantize(q)).mse));
  CHECK(compare(x, quantize<Scheme>(x, searched{})).sqnr_db >= report.sqnr_db);
  CHECK(quantize<Scheme>(rows(x * 3)).size_bytes() == q.size_bytes());

  const rows one = x.row(0);  // lines do not know of each other, but where a parameter is the whole tensor's
  if constexpr (!std::same_as<Scheme, nvfp4>) CHECK((there_and_back<Scheme>(one) == there_and_back<Scheme>(x).row(0)));
  CHECK((there_and_back<Scheme>(rows::Zero(2, 300)).array() == 0).all());
  for (const float size : {1e-42f, 1e-20f, 1e20f, 3.4e38f}) {
    CHECK(there_and_back<Scheme>(rows(one / one.cwiseAbs().maxCoeff() * size)).allFinite());
    const rows constant = rows::Constant(2, 300, -size);
    CHECK(there_and_back<Scheme>(constant).allFinite());
    CHECK(dequantize<rows>(quantize<Scheme>(constant, searched{})).allFinite());
  }
}

}  // namespace

TEST_CASE("block quantizer: every scheme on ragged, tiny, huge and constant lines", "[quantizers]") {
  check_scheme<q4_0>("q4_0", 19);
  check_scheme<q5_1>("q5_1", 27);
  check_scheme<q8_0>("q8_0", 43);
  check_scheme<iq4_nl>("iq4_nl", 19);
  check_scheme<mxfp4>("mxfp4", 15);
  check_scheme<mxint8>("mxint8", 38);
  check_scheme<nvfp4>("nvfp4", 17);
  check_scheme<nf4_blocks>("nf4", 18);
  check_scheme<nf4_double>("nf4, double quantization", 15);
  check_scheme<q2_k>("q2_k", 10);
  check_scheme<q3_k>("q3_k", 14);
  check_scheme<q4_k>("q4_k", 22);
  check_scheme<q6_k>("q6_k", 33);
}

TEST_CASE("block quantizer: minifloats in blocks keep their precision", "[quantizers]") {
  const rows x = varied(8, 256);
  const auto db = [&](const auto& q) { return compare(x, q).sqnr_db; };
  CHECK(db(quantize<mxfp8_e4m3>(x)) > 29);
  CHECK(db(quantize<mxfp8_e5m2>(x)) > 24);
  CHECK(db(quantize<mxfp6_e2m3>(x)) > 28);
  CHECK(db(quantize<mxfp6_e3m2>(x)) > 24);
  CHECK(db(quantize<iq4_xs>(x)) > 19);
  CHECK(quantize<mxfp4>(x, mse{}) == quantize<mxfp4>(x, searched{}));
  const rows wide = varied(2, 4096);  // lines longer than what is gone through at a time
  CHECK(compare(wide, quantize<q4_k>(wide)).sqnr_db > 22);
}

TEST_CASE("block quantizer: what is not finite is refused with its place, or left out", "[quantizers]") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  rows x = varied(3, 100);
  const rows clean = x;
  x(1, 40) = std::numeric_limits<float>::quiet_NaN();
  x(2, 70) = infinity;
  x(2, 71) = -infinity;
  CHECK_THROWS_WITH(quantize<q4_0>(x), Catch::Contains("row 1, column 40"));
  CHECK_THROWS_WITH(quantize<nvfp4>(Eigen::MatrixXf(x)), Catch::Contains("row 1, column 40"));
  const auto check = [&](auto q, auto without) {
    const rows y = dequantize<rows>(q), z = dequantize<rows>(without);
    CHECK(std::abs(y(1, 40)) <= 0.1f * y.row(1).cwiseAbs().maxCoeff());  // the level nearest to zero
    CHECK(y(2, 70) == y.row(2).segment(64, 32).maxCoeff());
    CHECK(y(2, 71) == y.row(2).segment(64, 32).minCoeff());
    CHECK(y.row(0) == z.row(0));
  };
  check(quantize<q4_0>(x, non_finite::skip), quantize<q4_0>(clean));
  check(quantize<q4_1>(x, non_finite::skip), quantize<q4_1>(clean));
  check(quantize<mxfp4>(x, non_finite::skip, searched{}), quantize<mxfp4>(clean, searched{}));
  rows none = rows::Constant(1, 32, infinity);
  CHECK(dequantize<rows>(quantize<q4_0>(none, non_finite::skip)).allFinite());
}

TEST_CASE("block quantizer: blocks run along the last axis that is longer than one", "[quantizers]") {
  const Eigen::VectorXf v = varied(1, 80).row(0);
  const auto q = quantize<q8_0>(v);
  CHECK(q.scales().size() == line_table{1, 3});
  CHECK(quantize<q8_0>(Eigen::RowVectorXf(v)).scales() == q.scales());
  CHECK(dequantize<Eigen::VectorXf>(q).size() == 80);
  CHECK_THROWS_AS(dequantize_into(q, rows(3, 3)), std::invalid_argument);
  CHECK(quantize<q8_0>(Eigen::MatrixXf(0, 4)).count() == 0);
  CHECK(quantize<block<int8, raw<>, whole>>(v).scales().size() == line_table{1, 1});
  CHECK(compare(v, quantize<block<int8, raw<>, whole>>(v)).sqnr_db > 40);
}
