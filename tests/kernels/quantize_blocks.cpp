// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/quantize_blocks.hpp>

namespace {

using namespace equant;

/// Blocks of 32 of every kind: random ones of all sizes, numbers at and around the ties of a grid, zeros, denormals,
/// huge ones.
std::vector<float> varied(index_t blocks) {
  builders::random_numbers random(3);
  std::vector<float> x;
  for (index_t b = 0; b < blocks; ++b) {
    const int kind = random.below(8);
    const double size = kind == 0 ? 0 : std::exp2(random.uniform(-150, 127));
    for (int i = 0; i < 32; ++i) {
      const double grid = std::exp2(std::floor(std::log2(size == 0 ? 1 : size)) - 4) * (random.below(33) - 16);
      const float v = static_cast<float>(kind < 4 ? size * random.uniform(-1, 1) : grid);
      x.push_back(kind == 5 ? builders::neighbour(v, random.below(3) - 1) : v);
    }
  }
  return x;
}

/// An instruction set against the specification, the rules' own code, block by block.
template <class Isa, class Rule, class Format>
void check(Rule rule, Format format) {
  INFO(Isa::name);
  const std::vector<float> x = varied(400);
  for (const index_t length : {32, 16}) {
    for (const index_t n : {index_t{0}, index_t{2}, index_t{32}, index_t{64 + 30}, index_t{96}, index_t(x.size())}) {
      const builders::exact_copy<float> in(x.data(), n, n % 3);
      builders::guarded<std::uint8_t> codes(n / 2, n % 3);
      const index_t blocks = (n + length - 1) / length;
      builders::guarded<float> scale(blocks), offset(blocks);
      REQUIRE(kernels::quantize_blocks<Isa>(rule, format, length, in.data(), n, nibbles<std::uint8_t>{codes.data()},
                                            scale.data(), offset.data()));
      for (index_t b = 0; b < blocks; ++b) {
        std::uint8_t words[33] = {};
        const index_t m = std::min(length, n - b * length);
        const auto p = kernels::fit(rule, format, x.data() + b * length, m, words);
        for (index_t i = 0; i < m; i += 2) {
          const int expected = words[i] | words[i + 1] << 4;
          if (codes.data()[(b * length + i) / 2] != expected) FAIL("code " << i << " of block " << b);
        }
        if (!builders::same_bits(&p.scale, scale.data() + b, 1)) FAIL("scale of block " << b);
        if (!builders::same_bits(&p.offset, offset.data() + b, 1)) FAIL("offset of block " << b);
      }
      CHECK((codes.intact() && scale.intact() && offset.intact()));
    }
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: quantize blocks", "[kernels]", isa::compiled) {
  check<TestType>(rules::signed_ggml{}, int4{});
  check<TestType>(rules::power_of_two_ggml{}, fp4_e2m1{});
  check<TestType>(rules::range_ggml{}, uint4{});
}

TEMPLATE_LIST_TEST_CASE("kernels: quantize blocks sees what is not finite", "[kernels]", isa::compiled) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    for (std::size_t place = 0; place < 96; ++place) {
      std::array<float, 96> x{};
      x[place] = bad;
      std::array<std::uint8_t, 48> codes{};
      std::array<float, 3> scale{}, offset{};
      const nibbles<std::uint8_t> out{codes.data()};
      CHECK_FALSE(kernels::quantize_blocks<TestType>(rules::signed_ggml{}, int4{}, index_t{32}, x.data(), index_t{96},
                                                     out, scale.data(), offset.data()));
      CHECK_FALSE(kernels::quantize_blocks<TestType>(rules::power_of_two_ggml{}, fp4_e2m1{}, index_t{32}, x.data(),
                                                     index_t{96}, out, scale.data(), offset.data()));
    }
  }
}
