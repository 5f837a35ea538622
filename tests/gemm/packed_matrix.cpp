// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "gemm/oracle.hpp"

#include <equant/gemm/packed_matrix.hpp>

namespace {

using namespace equant;

template <class... Isa, class F>
void for_each(isa::list<Isa...>, F f) {
  (f(Isa{}), ...);
}

template <class T>
void check(index_t rows, index_t columns) {
  using layout = typename oracle::matrix<T>::layout;
  const oracle::matrix<T> b(rows, columns, layout::columns, static_cast<std::uint64_t>(rows * 100 + columns));
  std::vector<std::int32_t> zeros;
  for (index_t n = 0; n < columns; ++n) zeros.push_back(static_cast<std::int32_t>(n % 7));
  std::string first;
  for_each(isa::compiled{}, [&]<class Isa>(Isa) {
    INFO(Isa::name << ", " << rows << " x " << columns);
    const gemm::packed_matrix<Isa> packed(b.get(), zeros);
    const std::string saved = packed.save();
    const auto loaded = gemm::packed_matrix<Isa>::load(saved);
    CHECK(packed.rows() == rows);
    CHECK(packed.columns() == columns);
    for (index_t k = 0; k < rows; ++k) {
      for (index_t n = 0; n < columns; ++n) {
        REQUIRE(packed.code(k, n) == b.at(k, n));
        REQUIRE(loaded.code(k, n) == b.at(k, n));
      }
    }
    CHECK(loaded.save() == saved);
    CHECK(packed.size_bytes() >= static_cast<std::size_t>(rows * columns));
    // The same bytes whatever the machine.
    if (first.empty()) first = saved;
    CHECK(saved == first);
  });
}

}  // namespace

TEST_CASE("packed_matrix: holds every code, and is saved the same everywhere") {
  for (index_t rows : {1, 2, 3, 4, 5, 17}) {
    for (index_t columns : {1, 7, 8, 15, 16, 17, 33, 64, 65, 100}) {
      check<std::int8_t>(rows, columns);
      check<std::uint8_t>(rows, columns);
    }
  }
}

TEST_CASE("packed_matrix: what cannot be packed or loaded") {
  const std::vector<std::int8_t> codes(12);
  const view<const std::int8_t> b{codes.data(), {4, 3}, {3, 1}}, cube{codes.data(), {2, 2, 3}, {6, 3, 1}};
  const std::vector<std::int32_t> two(2);
  CHECK_THROWS_WITH(gemm::packed_matrix<>(b, two), says("2 zero points for 3 columns"));
  CHECK_THROWS_WITH(gemm::packed_matrix<>(cube), says("2 x 2 x 3"));

  const std::string saved = gemm::packed_matrix<>(b).save();
  for (std::size_t n = 0; n < saved.size(); ++n) {
    CHECK_THROWS_WITH(gemm::packed_matrix<>::load(saved.substr(0, n)), says("saved state of packed_matrix"));
  }
  CHECK_THROWS_WITH(gemm::packed_matrix<>::load(saved + "x"), says("too many"));
}
