// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/codebook.hpp>

#include <algorithm>
#include <bit>

namespace {

using namespace equant;

constexpr float some_scales[] = {1, 0.1f, 3e-5f, 7.3f, 1e-40f, 1e38f, std::numeric_limits<float>::max(), 0.0f,
                                 std::numeric_limits<float>::denorm_min()};

/// A table of random levels, some of them equal, or of fewer levels than codes.
template <int Bits>
level_table<Bits> random_table(builders::random_numbers& random, int number) {
  std::vector<float> levels(std::size_t{1} << Bits);
  for (float& v : levels) v = static_cast<float>(std::pow(random.uniform(-2, 2), number % 2 == 0 ? 1 : 5));
  if (number % 3 == 1) levels[0] = levels.back();
  if (number % 4 == 3) levels.resize(levels.size() / 2);
  std::sort(levels.begin(), levels.end());
  return level_table<Bits>(levels);
}

/// Around the thresholds and beyond the ends, and any bits at all.
template <int Bits>
float hostile(builders::random_numbers& random, const level_table<Bits>& table, float scale) {
  const float node = table.node[1 + static_cast<std::size_t>(random.below((1 << Bits) - 1))];
  switch (random.below(6)) {
    case 0:
    case 1: return builders::neighbour(node * scale, random.below(5) - 2);
    case 2: return std::bit_cast<float>(static_cast<std::uint32_t>(random.bits()));
    case 3: {
      const auto& special = builders::special_values<float>();
      return special[static_cast<std::size_t>(random.below(static_cast<int>(special.size())))];
    }
    default: return static_cast<float>(random.uniform(-3, 3)) * scale;
  }
}

template <class Isa, int Bits>
void check_codebook() {
  builders::random_numbers random(Bits);
  int number = 0;
  for (index_t n = 0; n <= 200; n = n < 70 ? n + 1 : n + 13) {
    for (const index_t step : {0, 1}) {
      const index_t longer = n == 200 ? 5000 : n;  // long enough for scaled tables
      const auto table = random_table<Bits>(random, ++number);
      std::vector<float> scale, x;
      for (index_t i = 0; i < longer; ++i) {
        if (i == 0 || step == 1) scale.push_back(some_scales[static_cast<std::size_t>(number + i) % 9]);
        x.push_back(hostile(random, table, scale.back()));
      }
      if (scale.empty()) scale.push_back(1);
      const index_t offset = n % 4;
      const builders::exact_copy<float> from(x.data(), longer, offset), scales(scale.data(), step == 1 ? longer : 1);
      const std::int32_t zero = 0;
      const run_parameters<affine> p{scales.data(), &zero, step, 0};
      std::vector<std::uint8_t> codes, packed(static_cast<std::size_t>((longer + 1) / 2), 0);
      std::vector<float> reals;
      for (index_t i = 0; i < longer; ++i) {
        const float s = scale[static_cast<std::size_t>(i * step)];
        codes.push_back(table.encode(x[static_cast<std::size_t>(i)] / s));
        reals.push_back(table.level[codes.back()] * s);
        packed[static_cast<std::size_t>(i / 2)] |= static_cast<std::uint8_t>((codes.back() & 15) << (i % 2 * 4));
      }
      INFO(Isa::name << ", " << Bits << " bits, " << longer << " values, step " << step << ", scale " << scale[0]);
      const auto same = [&](const char* what, const auto* wanted, auto& got, index_t size) {
        const index_t i = builders::first_difference(wanted, +got.data(), size);
        if (i < size) FAIL(what << " " << i << ": " << +got.data()[i] << " instead of " << +wanted[i]);
        if (!got.intact()) FAIL(what << ": written outside");
      };
      for (const bool streamed_out : {false, true}) {
        builders::guarded<std::uint8_t> bytes(longer, offset);
        builders::guarded<float> values(longer, offset);
        const builders::exact_copy<std::uint8_t> places(codes.data(), longer, offset);
        if (streamed_out) {
          kernels::find_levels<Isa>(table, from.data(), longer, p, streamed<std::uint8_t*>{bytes.data()});
          kernels::take_levels<Isa>(table, places.data(), longer, p, streamed<float*>{values.data()});
        } else {
          kernels::find_levels<Isa>(table, from.data(), longer, p, bytes.data());
          kernels::take_levels<Isa>(table, places.data(), longer, p, values.data());
        }
        same("code", static_cast<const std::uint8_t*>(codes.data()), bytes, longer);
        same("value", static_cast<const float*>(reals.data()), values, longer);
        if constexpr (Bits == 4) {
          const index_t size = (longer + 1) / 2;
          builders::guarded<std::uint8_t> halves(size, offset);
          builders::guarded<float> again(longer, offset);
          const builders::exact_copy<std::uint8_t> pairs(packed.data(), size, offset);
          const nibbles<std::uint8_t> to{halves.data()};
          const nibbles<const std::uint8_t> back{pairs.data()};
          if (streamed_out) {
            kernels::find_levels<Isa>(table, from.data(), longer, p, streamed<nibbles<std::uint8_t>>{to});
            kernels::take_levels<Isa>(table, back, longer, p, streamed<float*>{again.data()});
          } else {
            kernels::find_levels<Isa>(table, from.data(), longer, p, to);
            kernels::take_levels<Isa>(table, back, longer, p, again.data());
          }
          same("pair", static_cast<const std::uint8_t*>(packed.data()), halves, size);
          same("value of a nibble", static_cast<const float*>(reals.data()), again, longer);
        }
      }
    }
  }
  CHECK(number > 0);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: codebooks equal their table, near every threshold", "[kernels]", isa::compiled) {
  check_codebook<TestType, 1>();
  check_codebook<TestType, 2>();
  check_codebook<TestType, 3>();
  check_codebook<TestType, 4>();
  check_codebook<TestType, 5>();
  check_codebook<TestType, 6>();
  check_codebook<TestType, 7>();
  check_codebook<TestType, 8>();
}

TEST_CASE("kernels: a table's scaled thresholds part the same floats as division does", "[kernels]") {
  builders::random_numbers random;
  for (float s : some_scales) {
    if (s == 0) continue;
    const auto table = random_table<4>(random, 3);
    std::array<float, 16> node{};
    kernels::scale_nodes(table, s, node);
    for (std::size_t i = 1; i < 16; ++i) {
      INFO("scale " << s << ", threshold " << table.node[i]);
      CHECK_FALSE(node[i] / s > table.node[i]);
      const float above = builders::neighbour(node[i], 1);
      if (node[i] < std::numeric_limits<float>::infinity()) CHECK(above / s > table.node[i]);
    }
  }
}
