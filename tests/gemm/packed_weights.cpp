// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "core/says.hpp"

#include <equant/gemm/packed_weights.hpp>

namespace {

using namespace equant;
using gemm::packed_weights;

/// K x N signed codes in column-major order, with scales 0.5 and 2 in turn and zero points of the group's number.
struct arrays {
  index_t depth, columns, group;
  std::vector<std::int8_t> codes, zeros;
  std::vector<std::uint16_t> scales;

  arrays(index_t k, index_t n, index_t g, int bits) : depth(k), columns(n), group(g) {
    builders::random_numbers random;
    for (index_t i = 0; i < k * n; ++i) {
      codes.push_back(static_cast<std::int8_t>(random.below(1 << bits) - (1 << (bits - 1))));
    }
    for (index_t i = 0; i < groups() * n; ++i) {
      scales.push_back(i % 2 == 0 ? 0x3800 : 0x4000);
      zeros.push_back(static_cast<std::int8_t>(i / n % 3 - 1));
    }
  }
  index_t groups() const { return (depth + group - 1) / group; }
  view<const std::int8_t> code_view() const { return {codes.data(), {depth, columns}, {1, depth}}; }
  view<const std::uint16_t> scale_view() const { return {scales.data(), {groups(), columns}, {columns, 1}}; }
  view<const std::int8_t> zero_view() const { return {zeros.data(), {groups(), columns}, {columns, 1}}; }
};

}  // namespace

TEST_CASE("packed weights give back every code, scale and zero point, saved or not", "[gemm]") {
  for (int bits : {2, 4, 8}) {
    for (bool zeros : {false, true}) {
      for (index_t depth : {1, 7, 64, 100}) {
        for (index_t columns : {1, 31, 32, 33, 70}) {
          for (index_t group : {1, 8, 20, 32, 1000}) {
            const arrays a(depth, columns, std::min(group, depth), bits);
            const packed_weights w(a.code_view(), bits, group, a.scale_view(),
                                   zeros ? a.zero_view() : view<const std::int8_t>{});
            const auto loaded = packed_weights::load(w.save());
            bool same = w == loaded && w.save() == loaded.save();
            for (index_t n = 0; n < columns; ++n) {
              for (index_t k = 0; k < depth; ++k) {
                const index_t g = k / a.group, i = g * columns + n;
                const int zero = zeros ? static_cast<int>(g % 3) - 1 : 0;
                const float scale = i % 2 == 0 ? 0.5f : 2.0f;
                const int code = a.codes[static_cast<std::size_t>(n * depth + k)];
                same = same && loaded.scale(g, n) == scale && loaded(k, n) == static_cast<float>(code - zero) * scale &&
                       loaded.code(k, n) - loaded.zero_point(g, n) == code - zero;
              }
            }
            INFO(bits << " bits, " << depth << " x " << columns << ", group " << group << ", zero points " << zeros);
            CHECK(same);
          }
        }
      }
    }
  }
}

TEST_CASE("packed weights of 4 bits take half a byte each, and two a scale", "[gemm]") {
  const arrays a(64, 64, 32, 4);
  CHECK(packed_weights(a.code_view(), 4, 32, a.scale_view()).size_bytes() == 64 * 64 / 2 + 2 * 64 * 2);
}

TEST_CASE("packed weights refuse what does not fit, and say it", "[gemm]") {
  arrays a(16, 3, 8, 4);
  CHECK_THROWS_WITH(packed_weights(a.code_view(), 3, 8, a.scale_view()), says("3 bits"));
  CHECK_THROWS_WITH(packed_weights(a.code_view(), 4, 0, a.scale_view()), says("groups of 0"));
  CHECK_THROWS_WITH(packed_weights(a.code_view(), 4, 4, a.scale_view()), says("scales of 2 x 3 for 4 groups"));
  CHECK_THROWS_WITH(packed_weights(a.code_view(), 2, 8, a.scale_view()), says("does not fit 2 bits"));
  a.scales[4] = 0x7c00;
  CHECK_THROWS_WITH(packed_weights(a.code_view(), 4, 8, a.scale_view()), says("scale (1, 1) is not finite"));
  a.scales[4] = 0x3800;
  a.zeros[2] = -9;
  CHECK_THROWS_WITH(packed_weights(a.code_view(), 4, 8, a.scale_view(), a.zero_view()),
                    says("zero point -9 at (0, 2)"));
}

TEST_CASE("packed weights refuse a saved state that is cut or changed", "[gemm]") {
  const arrays a(16, 3, 8, 4);
  const std::string saved = packed_weights(a.code_view(), 4, 8, a.scale_view()).save();
  for (std::size_t size = 0; size < saved.size(); ++size) {
    CHECK_THROWS_AS(packed_weights::load(saved.substr(0, size)), std::runtime_error);
  }
  CHECK_THROWS_AS(packed_weights::load(saved + "x"), std::runtime_error);
  for (std::size_t byte = 0; byte < saved.size(); ++byte) {
    std::string changed = saved;
    changed[byte] = static_cast<char>(changed[byte] ^ 0x40);
    try {
      static_cast<void>(packed_weights::load(changed));
    } catch (const std::runtime_error&) {
    }
  }
}
