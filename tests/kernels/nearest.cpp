// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/nearest.hpp>

namespace {

using namespace equant;

/// Points in rows, and as the kernel takes them.
struct cloud {
  std::vector<std::vector<int>> points;
  std::vector<std::int16_t> values;
  std::vector<std::int32_t> squares;
  index_t pairs;

  cloud(index_t count, index_t dim, int most, builders::random_numbers& random) : pairs((dim + 1) / 2) {
    const index_t padded = (count + kernels::nearest_lanes - 1) / kernels::nearest_lanes * kernels::nearest_lanes;
    values.resize(static_cast<std::size_t>(2 * pairs * padded));
    squares.assign(static_cast<std::size_t>(padded), kernels::nearest_never);
    for (index_t k = 0; k < count; ++k) {
      points.push_back({});
      int square = 0;
      for (index_t d = 0; d < dim; ++d) {
        const int v = random.below(2 * most + 1) - most;
        points.back().push_back(v);
        values[static_cast<std::size_t>(2 * (d / 2 * padded + k) + d % 2)] = static_cast<std::int16_t>(v);
        square += v * v;
      }
      squares[static_cast<std::size_t>(k)] = square;
    }
  }

  index_t nearest(const std::vector<std::int16_t>& x) const {
    index_t best = 0;
    long least = 1L << 60;
    for (std::size_t k = 0; k < points.size(); ++k) {
      long d = 0;
      for (std::size_t i = 0; i < points[k].size(); ++i) d += long{x[i] - points[k][i]} * (x[i] - points[k][i]);
      if (d < least) best = static_cast<index_t>(k);
      least = std::min(least, d);
    }
    return best;
  }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("kernels: the nearest of many points, the first of equals", "[kernels]", isa::compiled) {
  builders::random_numbers random(5);
  for (const index_t count : {1, 2, 15, 16, 17, 64, 255}) {
    for (index_t dim = 1; dim <= 8; ++dim) {
      for (const int most : {2, 8191}) {  // many equal distances; the largest sums
        const cloud c(count, dim, most, random);
        const builders::exact_copy<std::int16_t> values(c.values.data(), index_t(c.values.size()), 1);
        const builders::exact_copy<std::int32_t> squares(c.squares.data(), index_t(c.squares.size()), 1);
        for (int trial = 0; trial < 8; ++trial) {
          std::vector<std::int16_t> x(static_cast<std::size_t>(2 * c.pairs));
          for (index_t d = 0; d < dim; ++d) {
            const int v = trial == 0 ? -most : trial == 1 ? most : random.below(2 * most + 1) - most;
            x[static_cast<std::size_t>(d)] = static_cast<std::int16_t>(v);
          }
          INFO(count << " points of " << dim << " coordinates up to " << most);
          const kernels::nearest_points points{values.data(), squares.data(), index_t(c.squares.size()), c.pairs};
          CHECK(kernels::nearest<TestType>(x.data(), points) == c.nearest(x));
        }
      }
    }
  }
}
