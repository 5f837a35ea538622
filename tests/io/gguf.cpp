// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>

#include <equant/io/gguf.hpp>

using namespace equant;

namespace {

/// One metadata string and one tensor of 2 x 32 Q4_0, byte by byte as the specification says.
std::string example() {
  const auto n = [](std::uint64_t x, int bytes) {
    std::string s;
    for (int i = 0; i < bytes; ++i) s.push_back(static_cast<char>(x >> 8 * i & 255));
    return s;
  };
  std::string s = "GGUF" + n(3, 4) + n(1, 8) + n(1, 8) + n(4, 8) + "name" + n(8, 4) + n(2, 8) + "me";
  s += n(1, 8) + "w" + n(2, 4) + n(32, 8) + n(2, 8) + n(2, 4) + n(0, 8);
  s.append((32 - s.size() % 32) % 32, '\0');
  s += std::string(36, 'q');
  return s + std::string(28, '\0');
}

}  // namespace

TEST_CASE("A GGUF file is read and written to the same bytes") {
  const auto file = io::parse_gguf(example(), "x");
  REQUIRE(file.tensors.size() == 1);
  CHECK(file.tensors[0].name == "w");
  CHECK(file.tensors[0].type == 2);
  CHECK(file.tensors[0].sizes == shape{2, 32});
  CHECK(file.tensors[0].bytes == std::string(36, 'q'));
  CHECK(file.metadata[0].key == "name");
  CHECK(io::gguf_bytes(file) == example());
}

TEST_CASE("A GGUF file cut short is refused wherever it ends") {
  const std::string whole = example();
  for (std::size_t length = 0; length + 28 < whole.size(); ++length) {
    CHECK_THROWS_AS(io::parse_gguf(whole.substr(0, length), "x"), std::runtime_error);
  }
}

TEST_CASE("Hostile GGUF files are refused and the reason is told") {
  const auto changed = [](std::size_t at, char to) {
    std::string s = example();
    s[at] = to;
    return s;
  };
  CHECK_THROWS_WITH(io::parse_gguf(changed(0, 'X'), "x"), says("not a GGUF"));
  CHECK_THROWS_WITH(io::parse_gguf(changed(4, 9), "x"), says("version 9"));
  CHECK_THROWS_WITH(io::parse_gguf(changed(31, '\x7f'), "x"), says("the file ends here"));
  CHECK_THROWS_WITH(io::parse_gguf(changed(36, 77), "x"), says("a value of type 77"));
  CHECK_THROWS_WITH(io::parse_gguf(changed(59, 99), "x"), says("99 axes"));
  CHECK_THROWS_WITH(io::parse_gguf(changed(63, 33), "x"), says("is not possible"));
  CHECK_THROWS_WITH(io::gguf_bytes({{}, {{"w", 2, shape{2, 32}, "abc"}}}), says("with 3 bytes"));
}
