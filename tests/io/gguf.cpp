// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <catch.hpp>
#include <core/says.hpp>
#include <golden.hpp>

#include <equant/io/gguf.hpp>
#include <equant/storage/ggml.hpp>

using namespace equant;

namespace {

/// A number's bytes, and a text's behind its length, as the specification says.
std::string n(std::uint64_t x, int bytes) {
  std::string s;
  for (int i = 0; i < bytes; ++i) s.push_back(static_cast<char>(x >> 8 * i & 255));
  return s;
}
std::string t(const std::string& text) { return n(text.size(), 8) + text; }

/// One metadata string and one tensor of 2 x 32 Q4_0, byte by byte.
std::string example() {
  std::string s = "GGUF" + n(3, 4) + n(1, 8) + n(1, 8) + n(4, 8) + "name" + n(8, 4) + n(2, 8) + "me";
  s += n(1, 8) + "w" + n(2, 4) + n(32, 8) + n(2, 8) + n(2, 4) + n(0, 8);
  s.append((32 - s.size() % 32) % 32, '\0');
  s += std::string(36, 'q');
  return s + std::string(28, '\0');
}

/// ggml's golden blocks of 2048 values, by ggml's names and numbers for their types.
struct golden_type {
  std::string name;
  std::uint32_t number;
  std::size_t values, bytes;  ///< of a block
};
const golden_type golden_types[] = {
    {"Q4_0", 2, 32, 18},    {"Q4_1", 3, 32, 20},   {"Q5_0", 6, 32, 22},    {"Q5_1", 7, 32, 24},
    {"Q8_0", 8, 32, 34},    {"Q2_K", 10, 256, 84}, {"Q3_K", 11, 256, 110}, {"Q4_K", 12, 256, 144},
    {"Q5_K", 13, 256, 176}, {"Q6_K", 14, 256, 210}, {"IQ4_NL", 20, 32, 18}, {"IQ4_XS", 23, 256, 136},
    {"TQ2_0", 35, 256, 66}, {"MXFP4", 39, 32, 17}, {"NVFP4", 40, 64, 36}};

/// A file of all of them as 8 x 256, and of what they were made from, put together from the specification alone.
std::string golden_file() {
  std::string head = "GGUF" + n(3, 4) + n(std::size(golden_types) + 1, 8) + n(4, 8), data;
  head += t("general.architecture") + n(8, 4) + t("llama");
  head += t("llama.block_count") + n(4, 4) + n(1, 4);
  head += t("tokens") + n(9, 4) + n(8, 4) + n(2, 8) + t("a") + t("bc");
  head += t("scale") + n(6, 4) + n(0x3fc00000, 4);  // 1.5
  const auto put = [&](const std::string& name, std::uint32_t type, const std::string& bytes) {
    head += t(name) + n(2, 4) + n(256, 8) + n(8, 8) + n(type, 4) + n(data.size(), 8);
    data += bytes;
    data.append((32 - data.size() % 32) % 32, '\0');
  };
  put("input", 0, golden::read("ggml_input_f32.bin"));
  for (const golden_type& g : golden_types) put(g.name, g.number, golden::read("ggml_" + g.name + "_bytes.bin"));
  head.append((32 - head.size() % 32) % 32, '\0');
  return head + data;
}

/// A tensor as blocks of the library, and those as a tensor.
template <class Scheme>
io::gguf_tensor through_blocks(const io::gguf_tensor& from) {
  const std::vector<std::uint8_t> bytes(from.bytes.begin(), from.bytes.end());
  const auto again = to_bytes(from_bytes<Scheme>(bytes, from.sizes));
  return {from.name, from.type, from.sizes, {again.begin(), again.end()}};
}

}  // namespace

TEST_CASE("A GGUF file of all block types is what the specification makes of ggml's blocks") {
  const std::string bytes = golden_file();
  const io::gguf_file file = io::parse_gguf(bytes, "x");
  REQUIRE(file.tensors.size() == 16);
  CHECK(file.metadata.size() == 4);
  CHECK(file.tensors[0].bytes == golden::read("ggml_input_f32.bin"));
  for (const golden_type& g : golden_types) {
    const auto size = io::gguf::size_of(g.number);
    CHECK(size.values == g.values);
    CHECK(size.bytes == g.bytes);
    CHECK(2048 / g.values * g.bytes == golden::read("ggml_" + g.name + "_bytes.bin").size());
  }
  io::gguf_file blocks{file.metadata, {file.tensors[0]}};
  const auto add = [&]<class... Schemes>(std::type_identity<Schemes>...) {
    std::size_t i = 1;
    (blocks.tensors.push_back(through_blocks<Schemes>(file.tensors[i++])), ...);
  };
  add(std::type_identity<q4_0>{}, std::type_identity<q4_1>{}, std::type_identity<q5_0>{}, std::type_identity<q5_1>{},
      std::type_identity<q8_0>{}, std::type_identity<q2_k>{}, std::type_identity<q3_k>{}, std::type_identity<q4_k>{},
      std::type_identity<q5_k>{}, std::type_identity<q6_k>{}, std::type_identity<iq4_nl>{},
      std::type_identity<iq4_xs>{}, std::type_identity<tq2_0>{}, std::type_identity<mxfp4>{},
      std::type_identity<nvfp4>{});
  CHECK((io::gguf_bytes(blocks) == bytes));
}

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
  const std::string complete = example();
  for (std::size_t length = 0; length + 28 < complete.size(); ++length) {
    CHECK_THROWS_AS(io::parse_gguf(complete.substr(0, length), "x"), std::runtime_error);
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

TEST_CASE("An alignment of other than four bytes is not written") {
  const std::string eight("\x20\0\0\0\0\0\0\0", 8);
  CHECK_NOTHROW(io::gguf_bytes({{{"general.alignment", 4, eight.substr(0, 4)}}, {}}));
  CHECK_THROWS_WITH(io::gguf_bytes({{{"general.alignment", 4, eight}}, {}}), says("an alignment of 32"));
}
