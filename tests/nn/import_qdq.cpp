// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "nn/onnx_models.hpp"

using namespace onnx_models;
using reals = std::vector<float>;

namespace {

void refused(const model& m, const std::string& what) {
  CHECK_THROWS_WITH(m.read(), says("file: node ") && says(what));
}

template <class T>
io::onnx::tensor codes(std::string name, data_type type, std::vector<std::int64_t> dims, const std::vector<T>& values) {
  return tensor(std::move(name), type, std::move(dims), values);
}

/// A model whose nodes may use the grid s, z: 0.5 (code - 3), uint8; and another, t.
model gridded() {
  return model({-1, 4})
      .with(floats("s", {}, {0.5f}))
      .with(floats("t", {}, {0.25f}))
      .with(codes<std::uint8_t>("z", data_type::uint8, {}, {3}));
}
const nn::grid half{0.5f, 3, {0, 255}}, quarter{0.25f, 3, {0, 255}};

index_t copies(const nn::graph& g) {
  index_t n = 0;
  for (const nn::node& node : g.nodes) n += std::holds_alternative<nn::copy>(node.layer) ? 1 : 0;
  return n;
}
const nn::dense& dense_of(const nn::graph& g) { return std::get<nn::dense>(g.nodes.at(0).layer); }

}  // namespace

TEST_CASE("import_qdq: a pair is the grid of the value between") {
  const nn::graph g = gridded()
                          .node("Relu", {"x"}, "r")
                          .node("QuantizeLinear", {"r", "s", "z"}, "q")
                          .node("DequantizeLinear", {"q", "s", "z"}, "d")
                          .node("Neg", {"d"}, "y")
                          .read();
  REQUIRE(g.nodes.size() == 2);
  CHECK(*g.at(g.nodes[0].output).grid == half);
  CHECK(g.at(g.nodes[0].output).name == "d");
  CHECK(g.nodes[1].inputs[0] == g.nodes[0].output);
  CHECK_FALSE(g.at(g.outputs[0]).grid);
}

TEST_CASE("import_qdq: pairs at the inputs and at the outputs") {
  const model m = gridded()
                      .node("QuantizeLinear", {"x", "s", "z"}, "q")
                      .node("DequantizeLinear", {"q", "s", "z"}, "d")
                      .node("Relu", {"d"}, "r")
                      .node("QuantizeLinear", {"r", "t", "z"}, "p")
                      .node("DequantizeLinear", {"p", "t", "z"}, "y");
  const nn::graph g = m.read();
  CHECK(g.nodes.size() == 1);
  CHECK(*g.at(g.inputs[0].value).grid == half);
  CHECK(g.at(g.inputs[0].value).name == "x");
  CHECK(*g.at(g.outputs[0]).grid == quarter);
  CHECK(g.at(g.outputs[0]).name == "y");
  // 1.3 / 0.5 = 2.6 is code 3; -9 is code 0, -1.5.
  CHECK(nn::evaluate(g, std::vector<nn::tensor>{{{1, 4}, {1.3f, -9, 0.2f, 300}}})[0].values == reals{1.5f, 0, 0, 63});
}

TEST_CASE("import_qdq: a value that is read with and without its grid has a copy") {
  model m = gridded()
                .node("Relu", {"x"}, "r")
                .node("QuantizeLinear", {"r", "s", "z"}, "q")
                .node("DequantizeLinear", {"q", "s", "z"}, "d")
                .node("Sub", {"d", "r"}, "y");
  CHECK(copies(m.read()) == 1);
  CHECK(m.of({1, 4}).values == reals{0, 0, 0, 0});
  CHECK(nn::evaluate(m.read(), std::vector<nn::tensor>{{{1, 4}, {0.3f, 1.3f, 2, 0}}})[0].values[1] == 1.5f - 1.3f);
  // The float is an output of the network; or is read under another name.
  model out = gridded()
                  .node("Relu", {"x"}, "r")
                  .node("QuantizeLinear", {"r", "s", "z"}, "q")
                  .node("DequantizeLinear", {"q", "s", "z"}, "y");
  out.m.graph.outputs.push_back({"r", data_type::float32, false, {}});
  CHECK(copies(out.read()) == 1);
  CHECK_FALSE(out.read().at(out.read().outputs[1]).grid);
  model alias = gridded()
                    .node("Relu", {"x"}, "r")
                    .node("Identity", {"r"}, "i")
                    .node("QuantizeLinear", {"i", "s", "z"}, "q")
                    .node("DequantizeLinear", {"q", "s", "z"}, "d")
                    .node("Sub", {"d", "r"}, "y");
  CHECK(copies(alias.read()) == 1);
}

TEST_CASE("import_qdq: one pair for each reader is one grid, where they are the same") {
  const auto twice = [](const std::string& second) {
    return gridded()
        .node("Relu", {"x"}, "r")
        .node("QuantizeLinear", {"r", "s", "z"}, "q")
        .node("DequantizeLinear", {"q", "s", "z"}, "d")
        .node("QuantizeLinear", {"r", second, "z"}, "p")
        .node("DequantizeLinear", {"p", second, "z"}, "e")
        .node("Add", {"d", "e"}, "y");
  };
  CHECK(copies(twice("s").read()) == 0);
  CHECK(twice("s").read().nodes.size() == 2);
  CHECK(copies(twice("t").read()) == 2);
  // A value on a grid that is put on it again, and on another.
  const auto chain = [](const std::string& second) {
    return gridded()
        .node("Relu", {"x"}, "r")
        .node("QuantizeLinear", {"r", "s", "z"}, "q")
        .node("DequantizeLinear", {"q", "s", "z"}, "d")
        .node("QuantizeLinear", {"d", second, "z"}, "p")
        .node("DequantizeLinear", {"p", second, "z"}, "e")
        .node("Neg", {"e"}, "y");
  };
  CHECK(copies(chain("s").read()) == 0);
  CHECK(copies(chain("t").read()) == 1);
}

TEST_CASE("import_qdq: constant codes are weights, whatever their type and the way they lie") {
  const auto weights = [](model m, std::vector<io::onnx::attribute> with = {}, const std::string& op = "Gemm") {
    with.push_back(integer("transB", 1));
    m.m.graph.nodes.back().attributes.push_back(integer("axis", 0));
    return dense_of(m.node(op, {"x", "w"}, "y", with).read()).weights;
  };
  const model base = model({-1, 2}).with(floats("one", {}, {0.5f})).with(floats("two", {2}, {0.5f, 2}));
  const std::vector<std::int8_t> eight{1, -2, 3, -128};
  const auto w =
      weights(model(base).with(codes("c", data_type::int8, {2, 2}, eight)).node("DequantizeLinear", {"c", "two"}, "w"));
  CHECK(w.codes == eight);
  CHECK(w.scales == reals{0.5f, 2});
  CHECK(w.zero_points.empty());
  CHECK(w.bits == 8);
  CHECK(w.values == nn::tensor({2, 2}, {0.5f, -1, 6, -256}));
  // uint8 moves to int8, its zero point with it.
  const auto u = weights(model(base)
                             .with(codes<std::uint8_t>("c", data_type::uint8, {2, 2}, {0, 128, 130, 255}))
                             .with(codes<std::uint8_t>("z", data_type::uint8, {}, {130}))
                             .node("DequantizeLinear", {"c", "one", "z"}, "w"));
  CHECK(u.codes == std::vector<std::int8_t>{-128, 0, 2, 127});
  CHECK(u.zero_points == std::vector<std::int32_t>{2});
  CHECK(u.values == nn::tensor({2, 2}, {-65, -1, 0, 62.5f}));
  // int4, two to a byte.
  model small = base;
  small.m.opsets[0].version = 21;
  const auto f = weights(small.with(codes<std::uint8_t>("c", data_type::int4, {2, 2}, {0x8f, 0x71}))
                             .node("DequantizeLinear", {"c", "two"}, "w"));
  CHECK(f.codes == std::vector<std::int8_t>{-1, -8, 1, 7});
  CHECK(f.bits == 4);
  // I x O for MatMul, with a scale per column; turned by a Transpose.
  model product = model(base)
                      .with(codes("c", data_type::int8, {2, 2}, eight))
                      .node("DequantizeLinear", {"c", "two"}, "w", {integer("axis", 1)})
                      .node("MatMul", {"x", "w"}, "y");
  CHECK(dense_of(product.read()).weights.codes == std::vector<std::int8_t>{1, 3, -2, -128});
  CHECK(dense_of(product.read()).weights.scales == reals{0.5f, 2});
  model turned = model(base)
                     .with(codes("c", data_type::int8, {2, 2}, eight))
                     .node("DequantizeLinear", {"c", "two"}, "v", {integer("axis", 0)})
                     .node("Transpose", {"v"}, "w")
                     .node("MatMul", {"x", "w"}, "y");
  CHECK(dense_of(turned.read()).weights.codes == eight);
  CHECK(dense_of(turned.read()).weights.scales == reals{0.5f, 2});
  // A scale per input is none of outputs: what is kept are the values.
  model across = model(base)
                     .with(codes("c", data_type::int8, {2, 2}, eight))
                     .node("DequantizeLinear", {"c", "two"}, "w", {integer("axis", 0)})
                     .node("MatMul", {"x", "w"}, "y");
  CHECK_FALSE(dense_of(across.read()).weights.quantized());
  CHECK(dense_of(across.read()).weights.values == nn::tensor({2, 2}, {0.5f, 6, -1, -256}));
}

TEST_CASE("import_qdq: codes in blocks of inputs keep them, whatever the way they lie") {
  const std::vector<std::int8_t> rows{1, -2, 3, 4, -5, 6, 7, 8, -8, 1};  // 2 outputs of 5 inputs
  const reals means{0.5f, -1, 6, 8, -15, 3, 3.5f, 80, -80, 20};
  const auto check = [&](const nn::weights& w) {
    CHECK(w.codes == rows);
    CHECK(w.group == 2);
    CHECK(w.scales == reals{0.5f, 2, 3, 0.5f, 10, 20});
    CHECK(w.zero_points.empty());
    CHECK(w.bits == 8);
    CHECK(w.values == nn::tensor({2, 5}, means));
  };
  const model outputs_first = model({-1, 5}, 21)
                                  .with(codes("c", data_type::int8, {2, 5}, rows))
                                  .with(floats("s", {2, 3}, {0.5f, 2, 3, 0.5f, 10, 20}));
  const std::vector<io::onnx::attribute> second{integer("axis", 1), integer("block_size", 2)},
      first{integer("axis", 0), integer("block_size", 2)};
  check(dense_of(model(outputs_first)
                     .node("DequantizeLinear", {"c", "s"}, "w", second)
                     .node("Gemm", {"x", "w"}, "y", {integer("transB", 1)})
                     .read())
            .weights);
  check(dense_of(model(outputs_first)
                     .node("DequantizeLinear", {"c", "s"}, "v", second)
                     .node("Transpose", {"v"}, "w")
                     .node("MatMul", {"x", "w"}, "y")
                     .read())
            .weights);
  const std::vector<std::int8_t> columns{1, 6, -2, 7, 3, 8, 4, -8, -5, 1};
  check(dense_of(model({-1, 5}, 21)
                     .with(codes("c", data_type::int8, {5, 2}, columns))
                     .with(floats("s", {3, 2}, {0.5f, 0.5f, 2, 10, 3, 20}))
                     .node("DequantizeLinear", {"c", "s"}, "w", first)
                     .node("MatMul", {"x", "w"}, "y")
                     .read())
            .weights);
  // uint4 with a zero point to each block: both move down by 8.
  const auto w = dense_of(model({-1, 4}, 21)
                              .with(codes<std::uint8_t>("c", data_type::uint4, {4, 2}, {0x10, 0xf8, 0x97, 0x2a}))
                              .with(floats("s", {2, 2}, {1, 10, 0.5f, 2}))
                              .with(codes<std::uint8_t>("z", data_type::uint4, {2, 2}, {0x28, 0x17}))
                              .node("DequantizeLinear", {"c", "s", "z"}, "w", first)
                              .node("MatMul", {"x", "w"}, "y")
                              .read())
                     .weights;
  CHECK(w.bits == 4);
  CHECK(w.codes == std::vector<std::int8_t>{-8, 0, -1, 2, -7, 7, 1, -6});
  CHECK(w.scales == reals{1, 0.5f, 10, 2});
  CHECK(w.zero_points == std::vector<std::int32_t>{0, -1, -6, -7});
  CHECK(w.values == nn::tensor({2, 4}, {-8, 0, 0, 1.5f, -10, 130, 16, 2}));
  // Blocks of zeros may have a scale of 0, and others one below.
  const auto odd = [&](reals scales) {
    return model({-1, 5}, 21)
        .with(codes("c", data_type::int8, {2, 5}, rows))
        .with(floats("s", {2, 3}, scales))
        .node("DequantizeLinear", {"c", "s"}, "w", second)
        .node("Gemm", {"x", "w"}, "y", {integer("transB", 1)});
  };
  const nn::weights below = dense_of(odd({0, -2, 1, 1, 1, 1}).read()).weights;
  CHECK(below.values == nn::tensor({2, 5}, {0, 0, -6, -8, -5, 6, 7, 8, -8, 1}));
  CHECK(below.codes == rows);
  refused(odd({1, 1, 1, 1, std::numeric_limits<float>::infinity(), 1}), "a scale of inf");
  // Blocks of outputs are no groups of inputs, and reshaped ones are none any more.
  const nn::weights other = dense_of(model({-1, 5}, 21)
                                         .with(codes("c", data_type::int8, {2, 5}, rows))
                                         .with(floats("s", {1, 5}, {1, 2, 3, 4, 5}))
                                         .node("DequantizeLinear", {"c", "s"}, "w", first)
                                         .node("Gemm", {"x", "w"}, "y", {integer("transB", 1)})
                                         .read())
                                .weights;
  CHECK_FALSE(other.quantized());
  CHECK(other.values == nn::tensor({2, 5}, {1, -4, 9, 16, -25, 6, 14, 24, -32, 5}));
  const nn::weights flat = dense_of(model({-1, 10}, 21)
                                        .with(codes("c", data_type::int8, {2, 5}, rows))
                                        .with(floats("s", {2, 3}, {0.5f, 2, 3, 0.5f, 10, 20}))
                                        .with(longs("sizes", {2}, {1, 10}))
                                        .node("DequantizeLinear", {"c", "s"}, "v", second)
                                        .node("Reshape", {"v", "sizes"}, "w")
                                        .node("Gemm", {"x", "w"}, "y", {integer("transB", 1)})
                                        .read())
                               .weights;
  CHECK_FALSE(flat.quantized());
  CHECK(flat.values == nn::tensor({1, 10}, means));
}

TEST_CASE("import_qdq: MatMulNBits is a dense layer in groups") {
  // 2 outputs of 11 inputs in blocks of 8: 16 codes to a row, 8 bytes; the last five stand for nothing.
  const std::vector<std::uint8_t> bytes{0x10, 0x32, 0x54, 0x76, 0x98, 0xfa, 0, 0,  //
                                        0xff, 0x0f, 0x88, 0x88, 0x79, 0x08, 9, 9};
  const auto with = [&](std::vector<std::string> in, std::int64_t inputs = 11, std::int64_t block = 8) {
    model m = model({-1, 11}, 21)
                  .with(codes("c", data_type::uint8, {2, 2, 4}, bytes))
                  .with(floats("s", {4}, {1, 0.5f, -2, 10}))
                  .with(codes<std::uint8_t>("z", data_type::uint8, {2}, {0x80, 0x9f}))
                  .with(codes<std::uint8_t>("g", data_type::int32, {4}, {0, 0, 0, 0}))
                  .with(floats("b", {2}, {3, 4}));
    m.node("MatMulNBits", in, "y", {integer("K", inputs), integer("N", 2), integer("block_size", block)});
    m.m.graph.nodes.back().domain = "com.microsoft";
    return m;
  };
  const nn::dense plain = dense_of(with({"x", "c", "s"}).read());
  CHECK(plain.weights.codes == std::vector<std::int8_t>{-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2,  //
                                                        7, 7, 7, -8, 0, 0, 0, 0, 1, -1, 0});
  CHECK(plain.weights.group == 8);
  CHECK(plain.weights.bits == 4);
  CHECK(plain.weights.zero_points.empty());
  CHECK(plain.weights.scales == reals{1, 0.5f, -2, 10});
  CHECK(plain.weights.values == nn::tensor({2, 11}, {-8, -7, -6, -5, -4, -3, -2, -1, 0, 0.5f, 1,  //
                                                     -14, -14, -14, 16, 0, 0, 0, 0, 10, -10, 0}));
  const nn::dense d = dense_of(with({"x", "c", "s", "z", "", "b"}).read());
  CHECK(d.weights.codes == plain.weights.codes);
  CHECK(d.weights.zero_points == std::vector<std::int32_t>{-8, 0, 7, 1});
  CHECK(d.weights.values == nn::tensor({2, 11}, {0, 1, 2, 3, 4, 5, 6, 7, 0, 0.5f, 1,  //
                                                 0, 0, 0, 30, 14, 14, 14, 14, 0, -20, -10}));
  CHECK(d.bias.values == reals{3, 4});

  refused(with({"x", "c", "s"}, 17), "16 bytes of codes where 24 are wanted");
  refused(with({"x", "c", "s"}, 11, 12), "2 x 11, 4 bits in blocks of 12");
  refused(with({"x", "c", "s"}, -1), "2 x -1, 4 bits");
  refused(with({"x", "c", "s"}, std::int64_t{1} << 40), "in blocks of 8");
  refused(with({"x", "c", "b"}), "2 scales where 4 are wanted");
  refused(with({"x", "s", "s"}), "codes that are no stored uint8");
  refused(with({"x", "c", "s", "c"}), "16 bytes of zero points where 2 are wanted");
  refused(with({"x", "c", "s", "", "g"}), "g_idx");
  refused(with({"x", "c", "s", "", "", "s"}), "a bias of 4 values for 2 outputs");
  refused(with({"x", "c", "s"}, 10), "'y' (MatMulNBits)");
}

TEST_CASE("import_qdq: codes of no outputs are read") {
  const model none = model({-1, 4})
                         .with(codes<std::int8_t>("c", data_type::int8, {0, 4}, {}))
                         .with(floats("s", {}, {0.5f}))
                         .node("DequantizeLinear", {"c", "s"}, "w")
                         .node("Gemm", {"x", "w"}, "y", {integer("transB", 1)});
  CHECK(none.of({3, 4}).sizes == shape{3, 0});
}

TEST_CASE("import_qdq: blocks that do not go with their scales are named") {
  const model base = model({-1, 5}, 21)
                         .with(codes("c", data_type::int8, {2, 5}, std::vector<std::int8_t>(10, 1)))
                         .with(floats("good", {2, 3}, reals(6, 1)))
                         .with(floats("turned", {3, 2}, reals(6, 1)))
                         .with(floats("flat", {6}, reals(6, 1)))
                         .with(floats("few", {2, 2}, reals(4, 1)))
                         .with(codes("z", data_type::int8, {3, 2}, std::vector<std::int8_t>(6, 0)));
  const auto blocks = [&](const std::vector<std::string>& in, std::int64_t axis, std::int64_t size) {
    return model(base).node("DequantizeLinear", in, "y", {integer("axis", axis), integer("block_size", size)});
  };
  refused(blocks({"c", "turned"}, 1, 2),
          "'y' (DequantizeLinear): scales of 3 x 2 for 2 x 5 in blocks of 2 along axis 1, where 2 x 3 are wanted");
  refused(blocks({"c", "flat"}, 1, 2), "scales of 6 for");
  refused(blocks({"c", "few"}, 1, 2), "scales of 2 x 2 for");
  refused(blocks({"c", "good", "z"}, 1, 2), "zero points of 3 x 2 for");
  refused(blocks({"c", "good"}, 1, 3), "where 2 x 2 are wanted");
  refused(blocks({"c", "good"}, 0, 2), "along axis 0, where 1 x 5 are wanted");
  refused(blocks({"c", "good"}, 1, -2), "blocks of -2");
  refused(blocks({"c", "good"}, 1, std::numeric_limits<std::int64_t>::max()), "blocks of 9223372036854775807");
  refused(blocks({"c", "good"}, 2, 2), "axis 2 of 2");
}

TEST_CASE("import_qdq: weights that the file itself rounds") {
  const model m = model({-1, 2})
                      .with(floats("v", {2, 2}, {0.25f, 0.75f, 100, -3}))
                      .with(floats("s", {2}, {0.5f, 1}))
                      .with(codes<std::int8_t>("z", data_type::int8, {2}, {0, 0}))
                      .node("QuantizeLinear", {"v", "s", "z"}, "c", {integer("axis", 0)})
                      .node("DequantizeLinear", {"c", "s", "z"}, "w", {integer("axis", 0)})
                      .node("Gemm", {"x", "w"}, "y", {integer("transB", 1)});
  CHECK(dense_of(m.read()).weights.codes == std::vector<std::int8_t>{0, 2, 100, -3});  // ties to even
  CHECK(dense_of(m.read()).weights.values == nn::tensor({2, 2}, {0, 1, 100, -3}));
}

TEST_CASE("import_qdq: a bias keeps codes that mean what the layer's sums do") {
  const auto with_bias = [](reals scales) {
    return gridded()
        .with(codes<std::int8_t>("c", data_type::int8, {2, 4}, std::vector<std::int8_t>(8, 1)))
        .with(floats("ws", {2}, {2, 4}))
        .with(codes<std::int32_t>("b", data_type::int32, {2}, {7, 100000}))
        .with(floats("bs", {2}, scales))
        .node("QuantizeLinear", {"x", "s", "z"}, "q")
        .node("DequantizeLinear", {"q", "s", "z"}, "d")
        .node("DequantizeLinear", {"c", "ws"}, "w", {integer("axis", 0)})
        .node("DequantizeLinear", {"b", "bs"}, "bias", {integer("axis", 0)})
        .node("Gemm", {"d", "w", "bias"}, "y", {integer("transB", 1)})
        .read();
  };
  CHECK(dense_of(with_bias({1, 2})).bias.codes == std::vector<std::int32_t>{7, 100000});
  CHECK(dense_of(with_bias({1, 2})).bias.values == reals{7, 200000});
  CHECK(dense_of(with_bias({1, 3})).bias.codes.empty());
  CHECK(dense_of(with_bias({1, 3})).bias.values == reals{7, 300000});
}

TEST_CASE("import_qdq: what cannot be is named") {
  const model q = gridded().node("QuantizeLinear", {"x", "s", "z"}, "q");
  refused(model(q).node("DequantizeLinear", {"q", "t", "z"}, "y"),
          "'y' (DequantizeLinear): its scale or zero point is not that of the QuantizeLinear");
  refused(model(q).node("Relu", {"q"}, "y"), "'y' (Relu): reads the codes of 'q'");
  refused(model(q).node("DequantizeLinear", {"x", "s", "z"}, "y"), "'x' are no codes");
  refused(gridded().with(floats("zero", {}, {0})).node("QuantizeLinear", {"x", "zero", "z"}, "y"), "a scale of 0");
  refused(gridded().with(floats("many", {2}, {1, 2})).node("QuantizeLinear", {"x", "many", "z"}, "y"),
          "a value with 2 scales");
  refused(gridded()
              .with(codes<std::uint16_t>("wide", data_type::uint16, {}, {3}))
              .node("QuantizeLinear", {"x", "s", "wide"}, "y"),
          "codes of uint16");
  const model w = gridded()
                      .with(codes<std::int8_t>("c", data_type::int8, {2, 4}, std::vector<std::int8_t>(8, 1)))
                      .with(floats("three", {3}, {1, 2, 3}));
  refused(model(w).node("DequantizeLinear", {"c", "three"}, "y"), "3 scales for 2 x 4 where 4 are wanted");
  refused(model(w).node("DequantizeLinear", {"c", "three"}, "y", {integer("axis", 2)}), "axis 2 of 2");
  refused(model(w)
              .with(codes<std::int32_t>("far", data_type::int32, {}, {128}))
              .node("DequantizeLinear", {"c", "s", "far"}, "y"),
          "a zero point of 128");
  refused(gridded()
              .with(codes<std::int8_t>("none", data_type::int8, {std::int64_t{1} << 50, 1, 0}, {}))
              .node("DequantizeLinear", {"none", "s"}, "y"),
          "an empty constant");
  model codes_out = q;
  codes_out.m.graph.outputs[0].name = "q";
  CHECK_THROWS_WITH(codes_out.read(), says("the output 'q' is no computed float"));
}
