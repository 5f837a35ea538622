// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"

#include <equant/formats/formats.hpp>
#include <equant/storage/quantized.hpp>

namespace {

using namespace equant;

const axis_order rows_first = axis_order::row_major(), columns_first = axis_order::column_major(2);

/// The 2 x 3 codes 1 2 3 / 4 5 6 in an order.
template <class Format>
quantized<Format> one_to_six(const axis_order& order, parameters<affine> p = affine{0.5f, 1}) {
  quantized<Format> q(shape{2, 3}, order, std::move(p));
  const shape step = q.strides();
  for (index_t i = 0; i < 2; ++i) {
    for (index_t j = 0; j < 3; ++j) {
      const auto code = static_cast<code_word<Format::bits>>(3 * i + j + 1);
      put_code<Format::bits>(q.bytes().data(), i * step[0] + j * step[1], code);
    }
  }
  return q;
}

}  // namespace

TEST_CASE("quantized: sizes, strides and bytes", "[storage]") {
  const auto rows = one_to_six<uint4>(rows_first);
  CHECK(rows.sizes() == shape{2, 3});
  CHECK(rows.count() == 6);
  CHECK(rows.strides() == shape{3, 1});
  CHECK(std::vector<std::uint8_t>(rows.bytes().begin(), rows.bytes().end()) ==
        std::vector<std::uint8_t>{0x21, 0x43, 0x65});
  CHECK(rows.size_bytes() == 3 + 4 + 4);
  CHECK(rows.bits_per_value() == Approx(8.0 * 11 / 6));
  CHECK(rows.scales()[0] == 0.5f);
  CHECK(rows.zero_points()[0] == 1);
  const auto columns = one_to_six<uint4>(columns_first);
  CHECK(columns.strides() == shape{1, 2});
  CHECK(std::vector<std::uint8_t>(columns.bytes().begin(), columns.bytes().end()) ==
        std::vector<std::uint8_t>{0x41, 0x52, 0x63});
}

TEST_CASE("quantized: parameters count, a shared zero point once", "[storage]") {
  const blocking where{{1, 0}};
  CHECK(one_to_six<int8>(rows_first, {where, {1, 2}, {3, 4}}).size_bytes() == 6 + 2 * 4 + 2 * 4);
  CHECK(one_to_six<int8>(rows_first, {where, {1, 2}}).size_bytes() == 6 + 2 * 4 + 4);
  CHECK(one_to_six<int8>(rows_first, {where, {1, 2}}).blocks() == where);
  CHECK_THROWS_AS(one_to_six<int8>(rows_first, {where, {1, 2, 3}}), std::invalid_argument);
}

TEST_CASE("quantized: codes at logical places", "[storage]") {
  const auto rows = one_to_six<int5>(rows_first), columns = one_to_six<int5>(columns_first);
  for (index_t i = 0; i < 2; ++i) {
    for (index_t j = 0; j < 3; ++j) {
      CHECK(rows.code({i, j}) == 3 * i + j + 1);
      CHECK(columns.code({i, j}) == 3 * i + j + 1);
    }
  }
  CHECK(rows.code(1) == 2);
  CHECK(columns.code(1) == 4);  // by position in storage
  CHECK_THROWS_WITH(rows.code(shape{1}), says("coordinates of rank 1 in a tensor of 2 x 3"));
  CHECK_THROWS_WITH(rows.code({2, 0}), says("position 2 on axis 0 of a tensor of 2 x 3"));
  CHECK_THROWS_WITH(rows.code({0, -1}), says("position -1 on axis 1"));
}

TEST_CASE("quantized: codes as a matrix, in place where a code is a byte or a word", "[storage]") {
  const Eigen::Matrix<int, 2, 3> expected{{1, 2, 3}, {4, 5, 6}};
  for (const axis_order& order : {rows_first, columns_first}) {
    CHECK(one_to_six<int3>(order).codes().cast<int>() != expected);  // 4 to 6 are negative
    CHECK(one_to_six<uint3>(order).codes().cast<int>() == expected);
    CHECK(one_to_six<integer<12>>(order).codes().cast<int>() == expected);
    const auto bytes = one_to_six<int8>(order);
    CHECK(bytes.codes().cast<int>() == expected);
    CHECK(reinterpret_cast<const std::uint8_t*>(bytes.codes().data()) == bytes.bytes().data());
    const auto words = one_to_six<uint16>(order);
    CHECK(words.codes().cast<int>() == expected);
    CHECK(reinterpret_cast<const std::uint8_t*>(words.codes().data()) == words.bytes().data());
  }
  CHECK(one_to_six<int3>(rows_first).codes().cast<int>().row(1) == Eigen::RowVector3i(-4, -3, -2));
  const auto kept = one_to_six<int8>(rows_first).codes();  // of a temporary: holds them itself
  STATIC_REQUIRE(std::is_same_v<std::decay_t<decltype(kept)>, Eigen::Matrix<std::int8_t, -1, -1>>);
  CHECK(kept.cast<int>() == expected);
  const quantized<int8> cube(shape{2, 1, 2}, rows_first, affine{});
  CHECK_THROWS_WITH(cube.codes(), says("2 x 1 x 2: a matrix has rank 2"));
}

TEST_CASE("quantized: equal are the same codes with the same meaning at the same places", "[storage]") {
  const auto q = one_to_six<int4>(rows_first);
  CHECK(q == one_to_six<int4>(rows_first));
  CHECK(q == one_to_six<int4>(columns_first));
  CHECK(one_to_six<int4>(columns_first) == q);
  CHECK(!(q == one_to_six<int4>(rows_first, affine{0.25f, 1})));
  CHECK(!(q == one_to_six<int4>(rows_first, affine{0.5f, 2})));
  auto other = one_to_six<int4>(columns_first);
  put_code<4>(other.bytes().data(), 5, std::uint8_t{7});
  CHECK(!(q == other));
  CHECK(!(quantized<int4>(shape{6}, rows_first, affine{}) == quantized<int4>(shape{2, 3}, rows_first, affine{})));
}

TEST_CASE("quantized: unused bits of the last byte do not tell tensors apart", "[storage]") {
  quantized<int3> a(shape{3}, rows_first, affine{}), b(shape{3}, rows_first, affine{});
  for (index_t i = 0; i < 3; ++i) {
    put_code<3>(a.bytes().data(), i, std::uint8_t{5});
    put_code<3>(b.bytes().data(), i, std::uint8_t{5});
  }
  CHECK(a.bytes().size() == 2);
  CHECK(a == b);
}

TEST_CASE("quantized: empty, and sizes no memory holds", "[storage]") {
  const quantized<int8> nothing;
  CHECK(nothing.count() == 0);
  CHECK(nothing.bytes().empty());
  CHECK(nothing.bits_per_value() == 0);
  CHECK(nothing == quantized<int8>(shape{0}, rows_first, affine{}));
  CHECK(quantized<int4>(shape{0, 3}, columns_first, affine{}).codes().cols() == 3);
  const index_t huge = index_t{1} << 40;
  CHECK_THROWS_WITH(quantized<int8>(shape{huge, huge}, rows_first, affine{}), says("is too large"));
  CHECK_THROWS_WITH(quantized<int8>(shape{2, -1}, rows_first, affine{}), says("-1"));
}

TEST_CASE("quantized: the literal form", "[storage]") {
  constexpr quantized<uint4, 3, affine> q({1, 2, 15}, affine{0.5f, 1});
  STATIC_REQUIRE(q.count() == 3);
  STATIC_REQUIRE(q.bytes().size() == 2);
  STATIC_REQUIRE(q.bytes()[0] == 0x21);
  STATIC_REQUIRE(q.bytes()[1] == 0x0f);
  STATIC_REQUIRE(q.code(2) == 15);
  STATIC_REQUIRE(q.scale() == 0.5f);
  STATIC_REQUIRE(q.zero_point() == 1);
  STATIC_REQUIRE(q.map() == affine{0.5f, 1});
  STATIC_REQUIRE(q.size_bytes() == 2 + sizeof(affine));
  STATIC_REQUIRE(q == quantized<uint4, 3, affine>({1, 2, 15}, affine{0.5f, 1}));
  STATIC_REQUIRE(!(q == quantized<uint4, 3, affine>({1, 2, 14}, affine{0.5f, 1})));
}
