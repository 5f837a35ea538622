// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "nn/qdq_models.hpp"

using namespace onnx_models;

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
