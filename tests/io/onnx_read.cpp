// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "io/onnx_files.hpp"

#include <cstdlib>

using namespace onnx_files;
using io::onnx::data_type;

TEST_CASE("onnx_read: a model with all that is read of it") {
  const std::string size = protobuf::bytes(1, protobuf::number(1, 3)) + protobuf::bytes(1, protobuf::bytes(2, "N"));
  const std::string type = protobuf::bytes(1, protobuf::number(1, 1) + protobuf::bytes(2, size));
  const std::string attributes =
      protobuf::bytes(5, protobuf::bytes(1, "alpha") + protobuf::real(2, 0.5f) + protobuf::number(20, 1)) +
      protobuf::bytes(5, protobuf::bytes(1, "axis") + protobuf::number(3, -1) + protobuf::number(20, 2)) +
      protobuf::bytes(5, protobuf::bytes(1, "mode") + protobuf::bytes(4, "edge") + protobuf::number(20, 3)) +
      protobuf::bytes(5, protobuf::bytes(1, "pads") + protobuf::bytes(8, protobuf::varint(1) + protobuf::varint(300)) +
                             protobuf::number(20, 7)) +
      protobuf::bytes(
          5, protobuf::bytes(1, "ends") + protobuf::number(8, 4) + protobuf::number(8, 5) + protobuf::number(20, 7));
  const std::string node = protobuf::bytes(1, "x") + protobuf::bytes(1, "") + protobuf::bytes(2, "y") +
                           protobuf::bytes(3, "first") + protobuf::bytes(4, "Conv") + attributes +
                           protobuf::bytes(6, "a comment") + protobuf::bytes(7, "ai.onnx");
  const io::onnx::model m =
      io::onnx::read(model(protobuf::bytes(1, node) + protobuf::bytes(2, "net") +
                           protobuf::bytes(11, protobuf::bytes(1, "x") + protobuf::bytes(2, type)) +
                           protobuf::bytes(12, protobuf::bytes(1, "y"))) +
                         protobuf::bytes(2, "somebody"),
                     "file");
  CHECK(m.ir_version == 8);
  CHECK(m.producer_name == "somebody");
  REQUIRE(m.opsets.size() == 1);
  CHECK(m.opsets[0].version == 13);
  CHECK(m.graph.name == "net");
  REQUIRE(m.graph.nodes.size() == 1);
  const io::onnx::node& n = m.graph.nodes[0];
  CHECK(n.name == "first");
  CHECK(n.op_type == "Conv");
  CHECK(n.domain == "ai.onnx");
  CHECK(n.inputs == std::vector<std::string>{"x", ""});
  CHECK(n.outputs == std::vector<std::string>{"y"});
  CHECK(n.real("alpha", 1) == 0.5f);
  CHECK(n.integer("axis", 1) == -1);
  CHECK(n.integer("group", 7) == 7);
  REQUIRE(n.find("mode") != nullptr);
  CHECK(n.find("mode")->s == "edge");
  CHECK(n.integers("pads") == std::vector<std::int64_t>{1, 300});
  CHECK(n.integers("ends") == std::vector<std::int64_t>{4, 5});
  REQUIRE(m.graph.inputs.size() == 1);
  CHECK(m.graph.inputs[0].name == "x");
  CHECK(m.graph.inputs[0].type == data_type::float32);
  CHECK(m.graph.inputs[0].dims == std::vector<std::int64_t>{3, -1});
  CHECK(m.graph.outputs.at(0).name == "y");
  CHECK_FALSE(m.graph.outputs[0].has_shape);
}

TEST_CASE("onnx_read: tensors in raw data and in fields of their type") {
  CHECK(io::onnx::floats(only(tensor("a", 1, {2}, protobuf::bytes(9, protobuf::raw(1.5f) + protobuf::raw(-2.0f))))) ==
        std::vector<float>{1.5f, -2});
  CHECK(io::onnx::floats(only(tensor("a", 1, {2}, protobuf::bytes(4, protobuf::raw(1.5f) + protobuf::raw(-2.0f))))) ==
        std::vector<float>{1.5f, -2});
  CHECK(io::onnx::floats(only(tensor("a", 1, {2}, protobuf::real(4, 1.5f) + protobuf::real(4, -2)))) ==
        std::vector<float>{1.5f, -2});
  CHECK(io::onnx::floats(only(tensor("a", 11, {}, protobuf::bytes(10, protobuf::raw(0.25))))) ==
        std::vector<float>{0.25f});
  // Half floats: one, the least denormal, minus infinity; in int32_data.
  const std::string halves =
      protobuf::bytes(5, protobuf::varint(0x3c00) + protobuf::varint(1) + protobuf::varint(0xfc00));
  CHECK(io::onnx::floats(only(tensor("a", 10, {3}, halves))) ==
        std::vector<float>{1, 0x1p-24f, -std::numeric_limits<float>::infinity()});
  CHECK(io::onnx::floats(only(tensor("a", 16, {1}, protobuf::bytes(9, std::string("\x80\x3f", 2))))) ==
        std::vector<float>{1});
  const auto ints = [](int type, std::int64_t n, const std::string& rest) {
    return io::onnx::integers(only(tensor("a", type, {n}, rest)));
  };
  using numbers = std::vector<std::int64_t>;
  const std::string minus_one_and_two = protobuf::varint(~std::uint64_t{0}) + protobuf::varint(2);
  CHECK(ints(7, 2, protobuf::bytes(7, minus_one_and_two)) == numbers{-1, 2});
  CHECK(ints(6, 2, protobuf::bytes(5, minus_one_and_two)) == numbers{-1, 2});
  CHECK(ints(5, 2, protobuf::bytes(5, minus_one_and_two)) == numbers{-1, 2});
  CHECK(ints(3, 2, protobuf::bytes(5, minus_one_and_two)) == numbers{-1, 2});
  CHECK(ints(2, 2, protobuf::bytes(5, protobuf::varint(255) + protobuf::varint(2))) == numbers{255, 2});
  CHECK(ints(4, 1, protobuf::number(5, 65535)) == numbers{65535});
  CHECK(ints(9, 2, protobuf::bytes(9, std::string("\1\0", 2))) == numbers{1, 0});
  CHECK(ints(12, 1, protobuf::number(11, 4000000000)) == numbers{4000000000});
  CHECK(ints(13, 1, protobuf::number(11, 5)) == numbers{5});
  CHECK(ints(22, 3, protobuf::bytes(9, "\x8f\x07")) == numbers{-1, -8, 7});
  CHECK(ints(21, 3, protobuf::bytes(9, "\x8f\x07")) == numbers{15, 8, 7});
  CHECK(ints(22, 3, protobuf::bytes(5, protobuf::varint(0x8f) + protobuf::varint(7))) == numbers{-1, -8, 7});
  CHECK(ints(7, 0, "").empty());
}

TEST_CASE("onnx_read: sizes that lie are refused with the tensor's name") {
  const auto refused = [](const std::string& t, const std::string& what) {
    CHECK_THROWS_WITH(only(t), says("file: tensor 'w'") && says(what));
  };
  refused(tensor("w", 1, {2}, protobuf::bytes(9, "abcd")), "should have 8 bytes, but has 4");
  refused(tensor("w", 1, {1}, protobuf::bytes(7, protobuf::varint(1))), "but has 0");  // numbers of another type
  refused(tensor("w", 1, {std::int64_t{1} << 62}, protobuf::bytes(9, "abcd")), "a size of");
  refused(tensor("w", 1, {std::int64_t{1} << 40, std::int64_t{1} << 40}, ""), "a size of");
  refused(tensor("w", 1, {0, std::int64_t{1} << 40, std::int64_t{1} << 40}, ""), "a size of");
  refused(tensor("w", 1, {-1}, ""), "a size of -1");
  refused(tensor("w", 8, {1}, protobuf::bytes(6, "text")), "of string (8), which is not read");
  refused(tensor("w", 99, {1}, protobuf::bytes(9, "x")), "which is not read");
  refused(tensor("w", 1, std::vector<std::int64_t>(17, 1), protobuf::bytes(9, "abcd")), "17 axes");
}

TEST_CASE("onnx_read: bytes that are no model") {
  const auto refused = [](const std::string& bytes) {
    CHECK_THROWS_WITH(io::onnx::read(bytes, "file"), says("file: no ONNX model"));
  };
  refused("");
  refused("\x93NUMPY");
  refused(protobuf::number(1, 8));
  refused(protobuf::number(7, 1));                 // the graph as a number
  refused(model(protobuf::number(5, 3)));          // a tensor as a number
  refused(model_with(protobuf::bytes(2, "abc")));  // its type as text
  refused(model_with(protobuf::bytes(4, "abc")));  // floats of three bytes
  const std::string whole = model_with(tensor("w", 1, {2}, protobuf::bytes(9, "12345678")));
  CHECK_NOTHROW(io::onnx::read(whole, "file"));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    CHECK_THROWS_AS(io::onnx::read(whole.substr(0, n), "file"), std::runtime_error);
  }
  CHECK_THROWS_WITH(io::onnx::load("/no/such.onnx"), says("/no/such.onnx: cannot be read"));
}

TEST_CASE("onnx_read: tensors in a file beside the model") {
  const folder here;
  io::write_file(here / "weights.bin", "....abcdefgh");
  const auto beside = [&](const std::string& location, const std::string& offset, const std::string& length) {
    const auto entry = [](const std::string& key, const std::string& value) {
      return value.empty() ? value : protobuf::bytes(13, protobuf::bytes(1, key) + protobuf::bytes(2, value));
    };
    return tensor(
        "w", 2, {8},
        entry("location", location) + entry("offset", offset) + entry("length", length) + protobuf::number(14, 1));
  };
  const std::string at = here / "";
  CHECK(only(beside("weights.bin", "4", "8"), at).data == "abcdefgh");
  CHECK(only(beside("weights.bin", "4", ""), at).data == "abcdefgh");
  io::write_file(here / "model.onnx", model_with(beside("./weights.bin", "4", "8")));
  CHECK(io::onnx::load(here / "model.onnx").graph.initializers.at(0).data == "abcdefgh");

  const auto refused = [&](const std::string& t, const std::string& what) {
    CHECK_THROWS_WITH(only(t, at), says(what));
  };
  refused(beside("weights.bin", "5", "8"), "tensor 'w' lies at 5 to 13 of 'weights.bin', which has 12 bytes");
  refused(beside("weights.bin", "13", ""), "which has 12 bytes");
  refused(beside("weights.bin", "4", "7"), "should have 8 bytes, but has 7");
  refused(beside("weights.bin", "-4", "8"), "lies at '-4'");
  refused(beside("weights.bin", "99999999999999999999", "8"), "lies at '99999999999999999999'");
  refused(beside("nothing.bin", "0", "8"), "nothing.bin: cannot be read");
  refused(beside(".", "0", "8"), "no regular file");
  refused(beside("../weights.bin", "4", "8"), "'../weights.bin', outside the model's folder");
  refused(beside("a/../../weights.bin", "4", "8"), "outside the model's folder");
  refused(beside("/etc/passwd", "0", "8"), "outside the model's folder");
  refused(beside("", "0", "8"), "outside the model's folder");
  CHECK_THROWS_WITH(only(beside("weights.bin", "4", "8")), says("lies in another file, 'weights.bin'"));
}

TEST_CASE("onnx_read: a file of another library") {
  const char* data = std::getenv("EQUANT_DATA");
  if (data == nullptr) EQUANT_SKIP("EQUANT_DATA is not set");
  const io::onnx::model m = io::onnx::load(std::string(data) + "/ic_tflite_int8.onnx");
  CHECK(m.ir_version == 7);
  CHECK(m.producer_name == "tfl2onnx");
  CHECK(m.graph.nodes.size() == 74);
  CHECK(m.graph.inputs.at(0).dims == std::vector<std::int64_t>{-1, 3, 32, 32});
  CHECK(m.graph.nodes[2].op_type == "DequantizeLinear");
  CHECK(m.graph.nodes[2].inputs ==
        std::vector<std::string>{"conv0.weight_quantized", "conv0.weight_scale", "conv0.weight_zero_point"});
}
