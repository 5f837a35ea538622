// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "golden.hpp"

#include <equant/quantizers/block_values.hpp>
#include <equant/storage/ggml.hpp>

namespace {

using namespace equant;

std::vector<std::uint8_t> bytes_of(const std::string& file) {
  const std::string text = golden::read(file);
  return {text.begin(), text.end()};
}

/// ggml's bytes give ggml's values, and themselves back.
template <class Scheme>
void check(const std::string& name) {
  INFO(name);
  const std::vector<std::uint8_t> bytes = bytes_of("ggml_" + name + "_bytes.bin");
  const std::vector<std::uint8_t> values = bytes_of("ggml_" + name + "_deq_f32.bin");
  std::vector<float> expected(values.size() / sizeof(float));
  std::memcpy(expected.data(), values.data(), values.size());
  for (const shape& sizes : {shape{1, 2048}, shape{2, 4, 256}}) {
    const auto q = from_bytes<Scheme>(bytes, sizes);
    CHECK(to_bytes(q) == bytes);
    std::vector<float> y(2048);
    for (index_t line = 0; line < q.size().lines; ++line) {
      block_values::decode(q, line, 0, q.size().length, y.data() + line * q.size().length);
    }
    const index_t i = builders::first_difference(expected.data(), static_cast<const float*>(y.data()), 2048);
    if (i < 2048) FAIL("value " << i << " is " << y[std::size_t(i)] << ", expected " << expected[std::size_t(i)]);
  }
}

}  // namespace

TEST_CASE("ggml: bytes of one level stand for the golden values", "[storage]") {
  check<q4_0>("Q4_0");
  check<q4_1>("Q4_1");
  check<q5_0>("Q5_0");
  check<q5_1>("Q5_1");
  check<q8_0>("Q8_0");
  check<iq4_nl>("IQ4_NL");
  check<mxfp4>("MXFP4");
  check<tq2_0>("TQ2_0");
}

TEST_CASE("ggml: bytes of two levels stand for the golden values", "[storage]") {
  check<nvfp4>("NVFP4");
  check<iq4_xs>("IQ4_XS");
  check<q2_k>("Q2_K");
  check<q3_k>("Q3_K");
  check<q4_k>("Q4_K");
  check<q5_k>("Q5_K");
  check<q6_k>("Q6_K");
}

TEST_CASE("ggml: bits per value are those of ggml's blocks", "[storage]") {
  const auto bits = [](auto scheme) {
    return quantized_blocks<decltype(scheme)>(shape{4, 512}).bits_per_value();
  };
  CHECK(bits(q4_0{}) == 4.5);
  CHECK(bits(mxfp4{}) == 4.25);
  CHECK(bits(q2_k{}) == 2.625);
  CHECK(bits(q3_k{}) == 3.4375);
  CHECK(bits(q6_k{}) == 6.5625);
  CHECK(bits(tq2_0{}) == 2.0625);
  CHECK(bits(nf4_double{}) == 4 + 8.0 / 64 + 64.0 / (64 * 8));  // a line has 8 scales, which share two floats
}

TEST_CASE("ggml: what does not fit is refused", "[storage]") {
  const std::vector<std::uint8_t> bytes(18 * 4);
  CHECK_NOTHROW(from_bytes<q4_0>(bytes, shape{4, 32}));
  CHECK_THROWS_AS(from_bytes<q4_0>(bytes, shape{5, 32}), std::runtime_error);
  CHECK_THROWS_AS(from_bytes<q4_0>(bytes, shape{4, 40}), std::invalid_argument);
  CHECK_THROWS_AS(to_bytes(quantized_blocks<q4_0>(shape{3, 33})), std::invalid_argument);
  auto q = from_bytes<nvfp4>(std::vector<std::uint8_t>(36), shape{64});
  q.scales().scales().values()[0] = 2;
  CHECK_THROWS_AS(to_bytes(q), std::invalid_argument);
}
