// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "gemm/oracle.hpp"

#include <equant/core/thread_pool.hpp>
#include <equant/gemm/gemm.hpp>

using namespace equant;

namespace {

/// A product on the threads of a pool, again and again, against three loops.
void same_on_threads(index_t rows, index_t columns, index_t depth) {
  using byte = oracle::matrix<std::uint8_t>;
  using code = oracle::matrix<std::int8_t>;
  const byte a(rows, depth, byte::layout::rows, 1, false);
  const code b(depth, columns, code::layout::rows, 2, false);
  const std::vector<std::int32_t> za(static_cast<std::size_t>(rows), 3), zb(1, -5);
  const auto wanted = oracle::product(a, za, b, zb, {});
  const gemm::packed_matrix<> packed(b.get(), zb);
  for (int threads : {1, 2, 3, 7}) {
    INFO(rows << " x " << columns << " x " << depth << " on " << threads << " threads");
    Eigen::ThreadPool pool(threads);
    for (int turn = 0; turn < 10; ++turn) {
      std::vector<std::int32_t> got(static_cast<std::size_t>(rows * columns), 77);
      const auto store = gemm::pipeline<gemm::store<std::int32_t>>{{gemm::store<std::int32_t>(got.data(), columns)}};
      gemm::multiply(a.get(), packed, gemm::terms{za, {}}, store, pool_executor(pool));
      CHECK(got == wanted);
    }
  }
}

}  // namespace

TEST_CASE("gemm: the threads of a pool give what one gives") {
  same_on_threads(391, 260, 130);
  same_on_threads(1, 1500, 200);
  same_on_threads(500, 5, 70);
  same_on_threads(3, 3, 3);
}
