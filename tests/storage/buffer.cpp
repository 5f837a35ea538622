// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/storage/buffer.hpp>

#include "catch.hpp"

#include <type_traits>

using namespace equant;

namespace {

byte_buffer counted(std::size_t size) {
  byte_buffer b(size);
  for (std::size_t i = 0; i < size; ++i) b.data()[i] = static_cast<std::uint8_t>(i * 7);
  return b;
}

}  // namespace

TEST_CASE("byte_buffer: bytes on a cache line's boundary", "[storage]") {
  for (std::size_t size : {1u, 2u, 63u, 64u, 65u, 4096u}) {
    byte_buffer b = counted(size);
    CHECK(b.size() == size);
    CHECK(reinterpret_cast<std::uintptr_t>(b.data()) % 64 == 0);
    CHECK(b.data()[size - 1] == static_cast<std::uint8_t>((size - 1) * 7));
  }
  for (const byte_buffer& empty : {byte_buffer(), byte_buffer(0)}) {
    CHECK(empty.size() == 0);
    CHECK(empty.data() == nullptr);
    CHECK(empty == byte_buffer());
  }
}

TEST_CASE("byte_buffer: a copy is its own, a moved one leaves nothing", "[storage]") {
  const byte_buffer first = counted(100);
  byte_buffer copy = first;
  CHECK(copy == first);
  copy.data()[50] ^= 1;
  CHECK_FALSE(copy == first);
  CHECK(first == counted(100));
  const std::uint8_t* memory = copy.data();
  byte_buffer moved = std::move(copy);
  CHECK(moved.data() == memory);
  CHECK(copy.size() == 0);  // NOLINT: what is left is defined
  CHECK(copy == byte_buffer());
  moved = first;
  CHECK(moved == first);
  CHECK(moved.data() != first.data());
  moved = *&moved;
  CHECK(moved == first);
  copy = std::move(moved);
  CHECK(copy == first);
  CHECK(moved.size() == 0);  // NOLINT
  moved = byte_buffer(copy);
  CHECK(moved == first);
  const byte_buffer copied_empty = byte_buffer();
  moved = copied_empty;
  CHECK(moved.size() == 0);
  CHECK(std::is_nothrow_move_constructible_v<byte_buffer>);
}

TEST_CASE("byte_buffer: equal by size and content", "[storage]") {
  CHECK(counted(10) == counted(10));
  CHECK_FALSE(counted(10) == counted(11));
  byte_buffer last = counted(10);
  last.data()[9] ^= 128;
  CHECK_FALSE(last == counted(10));
}

TEST_CASE("byte_buffer: large ones begin on a huge page's boundary", "[storage]") {
  constexpr std::size_t large = std::size_t{4} << 20;
  for (std::size_t size : {large - 1, large, large + 12345}) {
    const byte_buffer b = counted(size);
    CHECK(reinterpret_cast<std::uintptr_t>(b.data()) % (size < large ? 64 : byte_buffer::huge_page) == 0);
    byte_buffer copy = b;
    CHECK(copy == b);
    byte_buffer small = counted(10);
    std::swap(copy, small);  // either is given back as it was made
    CHECK(small == b);
    CHECK(copy == counted(10));
    small = counted(3);
    CHECK(small == counted(3));
  }
}
