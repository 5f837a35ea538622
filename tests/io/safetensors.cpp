// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>

#include <equant/io/safetensors.hpp>

using namespace equant;

namespace {

std::string with_header(const std::string& header, const std::string& data = "") {
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size() % 256);
  bytes[1] = static_cast<char>(header.size() / 256);
  return bytes + header + data;
}

void refuses(const std::string& bytes, const std::string& why) {
  CHECK_THROWS_WITH(io::parse_safetensors(bytes, "x"), says(why));
}

std::string one(const std::string& type, const std::string& sizes, const std::string& offsets) {
  return R"({"a":{"dtype":")" + type + R"(","shape":)" + sizes + R"(,"data_offsets":)" + offsets + "}}";
}

}  // namespace

TEST_CASE("A safetensors file as others write it is read") {
  const std::string header = R"({"__metadata__":{"format":"pt"},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},)"
                             R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}  )";
  const auto file = io::parse_safetensors(with_header(header, std::string("\0\0\x80\x3f\x05\x06", 6)), "x");
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].name == "a");
  CHECK(file.tensors[0].sizes.rank == 0);
  CHECK(file.find("b")->bytes == "\x05\x06");
  CHECK(file.find("c") == nullptr);
  CHECK(file.metadata == std::vector<std::pair<std::string, std::string>>{{"format", "pt"}});
  CHECK(io::parse_safetensors(io::safetensors_bytes(file), "y") == file);
}

TEST_CASE("What is written starts data at a multiple of eight") {
  const io::safetensors_file file{{{"w", "I8", shape{1, 3}, "abc"}}, {}};
  const std::string bytes = io::safetensors_bytes(file);
  CHECK(bytes.size() % 8 == 3);
  CHECK(bytes.substr(8) == R"({"w":{"dtype":"I8","shape":[1,3],"data_offsets":[0,3]}} abc)");
  CHECK_THROWS_WITH(io::safetensors_bytes({{{"w", "F32", shape{2}, "abc"}}, {}}), says("'w'"));
  CHECK_THROWS_WITH(io::safetensors_bytes({{file.tensors[0], file.tensors[0]}, {}}), says("two tensors"));
  CHECK_THROWS_WITH(io::safetensors_bytes({{{"__metadata__", "U8", shape{0}, ""}}, {}}), says("'__metadata__'"));
  CHECK_THROWS_WITH(io::safetensors_bytes({{}, {{"a", "1"}, {"a", "2"}}}), says("'a' twice"));
  CHECK_THROWS_AS(io::safetensors_bytes({{{"\xff", "U8", shape{0}, ""}}, {}}), std::invalid_argument);
}

TEST_CASE("Hostile safetensors are refused and the reason is told") {
  refuses("abc", "ends inside the header's length");
  refuses(std::string(8, '\xff'), "a header of 18446744073709551615 bytes");
  refuses(with_header("{"), "no JSON");
  refuses(with_header("[]"), "no JSON object");
  refuses(with_header(R"({"a":1})"), "tensor 'a': it needs dtype");
  refuses(with_header(one("F31", "[1]", "[0,4]"), "1234"), "its dtype is not known");
  refuses(with_header(one("U8", "[-1]", "[0,4]"), "1234"), "no size");
  refuses(with_header(one("F64", "[4294967296,4294967296,0]", "[0,0]")), "too large");
  refuses(with_header(one("U8", "[5]", "[0,5]"), "1234"), "not within 4");
  refuses(with_header(one("U8", "[2]", "[4,2]"), "1234"), "not within 4");
  refuses(with_header(one("U8", "[3]", "[0,4]"), "1234"), "4 bytes, its shape needs 3");
  refuses(with_header(one("U8", "[3]", "[1,4]"), "1234"), "begins at 1, not at 0");
  refuses(with_header(one("U8", "[3]", "[0,3]"), "1234"), "1 bytes of data belong to no tensor");
  refuses(with_header(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}})"), "'a' twice");
  refuses(with_header(std::string(3000, '[')), "nested too deep");
}
