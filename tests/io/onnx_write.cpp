// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "io/onnx_files.hpp"

using namespace onnx_files;
using io::onnx::data_type;

namespace {

io::onnx::attribute kind(int type) {
  io::onnx::attribute a;
  a.name = "of kind " + std::to_string(type);
  a.type = type;
  a.f = 0.5f;
  a.i = -3;
  a.s = "text";
  a.t = {"", data_type::int8, {2}, "ab"};
  a.floats = {1, 2.5f};
  a.ints = {-1, 1000000};
  return a;
}

io::onnx::model example() {
  io::onnx::model m;
  m.ir_version = 8;
  m.producer_name = "test";
  m.opsets = {{"", 13}, {"com.example", 1}};
  m.graph.name = "net";
  m.graph.inputs = {{"x", data_type::float32, true, {-1, 3}}, {"z", data_type::int64, false, {}}};
  m.graph.outputs = {{"y", data_type::float32, true, {-1}}};
  m.graph.initializers = {{"w", data_type::float32, {}, "1234"}, {"v", data_type::int4, {3}, "12"}};
  m.graph.nodes = {
      {"n", "Op", "com.example", {"x", "", "w"}, {"y"}, {kind(1), kind(2), kind(3), kind(4), kind(6), kind(7)}}};
  return m;
}

}  // namespace

TEST_CASE("onnx_write: what is written is read again") {
  const io::onnx::model m = example(), again = io::onnx::read(io::onnx::write(m), "written");
  CHECK(again.ir_version == 8);
  CHECK(again.producer_name == "test");
  REQUIRE(again.opsets.size() == 2);
  CHECK(again.opsets[1].domain == "com.example");
  CHECK(again.opsets[1].version == 1);
  CHECK(again.graph.name == "net");
  REQUIRE(again.graph.inputs.size() == 2);
  CHECK(again.graph.inputs[0].name == "x");
  CHECK(again.graph.inputs[0].dims == std::vector<std::int64_t>{-1, 3});
  CHECK_FALSE(again.graph.inputs[1].has_shape);
  CHECK(again.graph.inputs[1].type == data_type::int64);
  REQUIRE(again.graph.initializers.size() == 2);
  CHECK(again.graph.initializers[0].data == "1234");
  CHECK(again.graph.initializers[1].type == data_type::int4);
  CHECK(again.graph.initializers[1].dims == std::vector<std::int64_t>{3});
  REQUIRE(again.graph.nodes.size() == 1);
  const io::onnx::node& n = again.graph.nodes[0];
  CHECK(n.name == "n");
  CHECK(n.op_type == "Op");
  CHECK(n.domain == "com.example");
  CHECK(n.inputs == m.graph.nodes[0].inputs);
  CHECK(n.outputs == m.graph.nodes[0].outputs);
  CHECK(n.real("of kind 1", 0) == 0.5f);
  CHECK(n.integer("of kind 2", 0) == -3);
  CHECK(n.find("of kind 3")->s == "text");
  CHECK(n.find("of kind 4")->t.data == "ab");
  CHECK(n.find("of kind 6")->floats == std::vector<float>{1, 2.5f});
  CHECK(n.integers("of kind 7") == std::vector<std::int64_t>{-1, 1000000});
  CHECK(io::onnx::write(again) == io::onnx::write(m));
}

TEST_CASE("onnx_write: bytes as protocol buffers have them") {
  io::onnx::model m;
  m.ir_version = 8;
  m.producer_name = "p";
  m.opsets = {{"", 13}};
  m.graph.name = "g";
  m.graph.initializers = {{"w", data_type::uint8, {2}, "ab"}};
  const std::string t = protobuf::bytes(1, protobuf::varint(2)) + protobuf::number(2, 2) + protobuf::bytes(8, "w") +
                        protobuf::bytes(9, "ab");
  CHECK(io::onnx::write(m) == protobuf::number(1, 8) + protobuf::bytes(2, "p") +
                                  protobuf::bytes(8, protobuf::bytes(1, "") + protobuf::number(2, 13)) +
                                  protobuf::bytes(7, protobuf::bytes(2, "g") + protobuf::bytes(5, t)));
}

TEST_CASE("onnx_write: files appear whole or not at all") {
  const folder here;
  io::onnx::save(here / "net.onnx", example());
  CHECK(here.names() == std::vector<std::string>{"net.onnx"});
  CHECK(io::onnx::load(here / "net.onnx").graph.nodes.size() == 1);
  CHECK_THROWS_WITH(io::onnx::save(here / "no/net.onnx", example()), says("no/net.onnx: cannot be written"));
  io::onnx::model bad = example();
  bad.graph.nodes[0].attributes[0].type = 5;
  CHECK_THROWS_WITH(io::onnx::write(bad), says("'of kind 1' of kind 5 is not written"));
}
