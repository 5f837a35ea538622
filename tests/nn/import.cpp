// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "nn/onnx_models.hpp"

using namespace onnx_models;
using reals = std::vector<float>;

namespace {

void refused(const model& m, const std::string& what) { CHECK_THROWS_WITH(m.read(), says("file: ") && says(what)); }

const io::onnx::tensor one_by_one = floats("w", {2, 1, 1, 1}, {1, 10});

}  // namespace

TEST_CASE("import: products in all their forms are dense layers") {
  const reals columns{1, 2, 3, 4, 5, 6}, rows{1, 3, 5, 2, 4, 6};  // 3 x 2, and the same as 2 x 3
  const reals wanted{1 * 1 + 2 * 3 + 3 * 5, 1 * 2 + 2 * 4 + 3 * 6};
  const auto check = [&](const model& m, const reals& y) {
    const nn::graph g = m.read();
    REQUIRE(g.nodes.size() == 1);
    REQUIRE(std::holds_alternative<nn::dense>(g.nodes[0].layer));
    CHECK(nn::weights_of(g.nodes[0].layer)->values == nn::tensor({2, 3}, rows));
    CHECK(g.at(g.outputs[0]).name == "y");
    CHECK(m.of({1, 3}).values == y);
  };
  check(model({-1, 3}).with(floats("w", {3, 2}, columns)).node("MatMul", {"x", "w"}, "y"), wanted);
  check(model({-1, 3}).with(floats("w", {3, 2}, columns)).node("Gemm", {"x", "w"}, "y"), wanted);
  check(model({-1, 3}).with(floats("w", {2, 3}, rows)).node("Gemm", {"x", "w"}, "y", {integer("transB", 1)}), wanted);
  check(model({-1, 3})
            .with(floats("v", {3, 1, 2}, columns))
            .with(longs("s", {2}, {3, 2}))
            .node("Reshape", {"v", "s"}, "w")
            .node("MatMul", {"x", "w"}, "y"),
        wanted);
  check(model({-1, 3}).with(floats("v", {2, 3}, rows)).node("Transpose", {"v"}, "w").node("MatMul", {"x", "w"}, "y"),
        wanted);
  const io::onnx::tensor b = floats("b", {2}, {10, 20});
  const reals moved{wanted[0] + 10, wanted[1] + 20};
  check(model({-1, 3}).with(floats("w", {3, 2}, columns)).with(b).node("Gemm", {"x", "w", "b"}, "y"), moved);
  const model product = model({-1, 3}).with(floats("w", {3, 2}, columns)).with(b).node("MatMul", {"x", "w"}, "p");
  check(model(product).node("Add", {"p", "b"}, "y"), moved);
  const model half = model({-1, 3}).with(floats("w", {3, 2}, {2, 4, 6, 8, 10, 12})).with(b);
  check(model(half).node("Gemm", {"x", "w", "b"}, "y", {real("alpha", 0.5f), real("beta", 2)}),
        {wanted[0] + 20, wanted[1] + 40});
  refused(model({-1, 3}).with(floats("w", {3, 2}, columns)).node("Gemm", {"x", "w"}, "y", {integer("transA", 1)}),
          "node 'y' (Gemm): transA");
  refused(model(half).node("Gemm", {"x", "w", "b"}, "y", {real("alpha", std::numeric_limits<float>::infinity())}),
          "node 'y' (Gemm): alpha of inf");
  refused(model(half).node("Gemm", {"x", "w", "b"}, "y", {real("alpha", 3e38f)}), "alpha of 3");
  refused(model(half).node("Gemm", {"x", "w", "b"}, "y", {real("beta", 3e38f)}), "beta of 3");
  refused(model({-1, 3}).with(floats("w", {2, 2}, {1, 2, 3, 4})).node("MatMul", {"x", "w"}, "y"), "node 'y' (MatMul)");
}

TEST_CASE("import: a product with the last axis of images goes through rows") {
  const model m = model({-1, 2, 1, 2}).with(floats("w", {2, 3}, {1, 0, 2, 0, 1, 10})).node("MatMul", {"x", "w"}, "y");
  CHECK(m.of({2, 2, 1, 2}) == nn::tensor({2, 2, 1, 3}, {1, 2, 22, 3, 4, 46, 5, 6, 70, 7, 8, 94}));
}

TEST_CASE("import: a constant added to a convolution is its bias where nobody else reads the sum's part") {
  const auto conv = [](std::vector<std::int64_t> dims) {
    return model({-1, 1, 1, 2})
        .with(one_by_one)
        .with(floats("b", std::move(dims), {0.5f, 0.25f}))
        .node("Conv", {"x", "w"}, "c");
  };
  for (const std::vector<std::int64_t>& dims : {std::vector<std::int64_t>{2, 1, 1}, {1, 2, 1, 1}}) {
    const model m = conv(dims).node("Add", {"b", "c"}, "y");
    CHECK(m.read().nodes.size() == 1);
    CHECK(m.of({1, 1, 1, 2}).values == reals{1.5f, 2.5f, 10.25f, 20.25f});
  }
  // Along the columns it is no bias.
  CHECK(conv({2}).node("Add", {"c", "b"}, "y").of({1, 1, 1, 2}).values == reals{1.5f, 2.25f, 10.5f, 20.25f});
  // Read under another name as well.
  model twice = conv({2, 1, 1}).node("Identity", {"c"}, "d").node("Add", {"d", "b"}, "e").node("Sub", {"e", "c"}, "y");
  CHECK(twice.of({1, 1, 1, 2}).values == reals{0.5f, 0.5f, 0.25f, 0.25f});
}

TEST_CASE("import: zero padding goes into the convolution that alone reads it") {
  const auto padded = [](const char* value) {
    return model({-1, 1, 2, 2})
        .with(one_by_one)
        .with(longs("p", {8}, {0, 0, 0, 1, 0, 0, 1, 0}))
        .with(floats(value, {}, {0}))
        .with(floats("other", {}, {3}))
        .node("Pad", {"x", "p", "zero"}, "q")
        .node("Conv", {"q", "w"}, "y");
  };
  const nn::graph g = padded("zero").read();
  REQUIRE(g.nodes.size() == 1);
  CHECK(std::get<nn::conv>(g.nodes[0].layer).window.pads == std::array<index_t, 4>{0, 1, 1, 0});
  CHECK(padded("zero").of({1, 1, 2, 2}).values == reals{0, 1, 2, 0, 3, 4, 0, 0, 0, 0, 10, 20, 0, 30, 40, 0, 0, 0});
  model shared = padded("zero");
  shared.m.graph.outputs.push_back({"q", data_type::float32, false, {}});
  CHECK(shared.read().nodes.size() == 2);
  model three = padded("zero");
  three.m.graph.nodes[0].inputs[2] = "other";
  CHECK(three.read().nodes.size() == 2);
}

TEST_CASE("import: padding by name, and by attributes of old") {
  const auto pads = [](std::vector<io::onnx::attribute> with) {
    with.push_back(integers("strides", {2, 2}));
    const nn::graph g =
        model({-1, 1, 5, 6}).with(floats("w", {1, 1, 3, 3}, reals(9, 1))).node("Conv", {"x", "w"}, "y", with).read();
    return std::get<nn::conv>(g.nodes[0].layer).window.pads;
  };
  using four = std::array<index_t, 4>;
  CHECK(pads({integers("pads", {4, 1, 5, 1})}) == four{4, 1, 5, 1});
  CHECK(pads({text("auto_pad", "SAME_UPPER")}) == four{1, 0, 1, 1});  // 3 places of 5, 3 of 6
  CHECK(pads({text("auto_pad", "SAME_LOWER")}) == four{1, 1, 1, 0});
  CHECK(pads({text("auto_pad", "VALID")}) == four{0, 0, 0, 0});
  const model unknown = model({-1, 1, -1, 6}).with(floats("w", {1, 1, 3, 3}, reals(9, 1)));
  refused(model(unknown).node("Conv", {"x", "w"}, "y", {text("auto_pad", "SAME_UPPER")}),
          "auto_pad 'SAME_UPPER' on images of unknown size");
  const nn::graph old = model({1, 1, 2, 2}, 8)
                            .node("Pad", {"x"}, "y", {integers("pads", {0, 0, 1, 0, 0, 0, 0, 2}), real("value", 7)})
                            .read();
  CHECK(std::get<nn::pad>(old.nodes[0].layer).before == std::vector<index_t>{0, 0, 1, 0});
  CHECK(std::get<nn::pad>(old.nodes[0].layer).after == std::vector<index_t>{0, 0, 0, 2});
  CHECK(std::get<nn::pad>(old.nodes[0].layer).value == 7);
}

TEST_CASE("import: clips, by attributes and by inputs, one-sided too") {
  const auto y = [](const model& m) { return m.of({1, 4}).values; };
  CHECK(y(model({-1, 4}, 8).node("Clip", {"x"}, "y", {real("min", 2), real("max", 3)})) == reals{2, 2, 3, 3});
  const model bounds = model({-1, 4}).with(floats("low", {}, {2})).with(floats("high", {1}, {3}));
  CHECK(y(model(bounds).node("Clip", {"x", "low", "high"}, "y")) == reals{2, 2, 3, 3});
  CHECK(y(model(bounds).node("Clip", {"x", "", "high"}, "y")) == reals{1, 2, 3, 3});
  CHECK(y(model(bounds).node("Clip", {"x", "low"}, "y")) == reals{2, 2, 3, 4});
  CHECK(y(model(bounds).node("Max", {"low", "x"}, "y")) == reals{2, 2, 3, 4});
  CHECK(y(model(bounds).node("Min", {"x", "high"}, "y")) == reals{1, 2, 3, 3});
  refused(model(bounds).node("Clip", {"x", "high", "low"}, "y"), "node 'y' (Clip): clips to [3, 2]");
}

TEST_CASE("import: arithmetic on shapes is done while reading") {
  // x.reshape(x.shape[0], -1), the way exporters write it.
  const model flat = model({-1, 2, 3})
                         .with(longs("zero", {}, {0}))
                         .with(longs("axes", {1}, {0}))
                         .with(longs("rest", {1}, {-1}))
                         .node("Shape", {"x"}, "s")
                         .node("Gather", {"s", "zero"}, "n")
                         .node("Unsqueeze", {"n", "axes"}, "n1")
                         .node("Concat", {"n1", "rest"}, "to", {integer("axis", 0)})
                         .node("Reshape", {"x", "to"}, "y");
  const nn::graph g = flat.read();
  REQUIRE(g.nodes.size() == 1);
  CHECK(std::get<nn::reshape>(g.nodes[0].layer).sizes == std::vector<index_t>{0, -1});
  CHECK(flat.of({2, 2, 3}).sizes == shape{2, 6});
  // The product of the last two sizes, backwards by a slice to the least integer.
  const std::int64_t least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
  const model product = model({-1, 2, 3})
                            .with(longs("a", {1}, {-1}))
                            .with(longs("b", {1}, {least}))
                            .with(longs("m", {1}, {most}))
                            .with(longs("one", {1}, {1}))
                            .with(longs("two", {1}, {2}))
                            .with(longs("zero", {1}, {0}))
                            .with(longs("rest", {1}, {-1}))
                            .node("Shape", {"x"}, "s")
                            .node("Slice", {"s", "a", "b", "zero", "a"}, "back")
                            .node("Slice", {"back", "zero", "two"}, "w")
                            .node("Slice", {"s", "two", "m"}, "three")
                            .node("Slice", {"w", "one", "m"}, "height")
                            .node("Mul", {"three", "height"}, "six")
                            .node("Concat", {"rest", "six"}, "to", {integer("axis", 0)})
                            .node("Cast", {"to"}, "cast", {integer("to", 7)})
                            .node("Reshape", {"x", "cast"}, "y");
  CHECK(std::get<nn::reshape>(product.read().nodes.at(0).layer).sizes == std::vector<index_t>{-1, 6});
  // Constants broadcast.
  const model added = model({-1, 2})
                          .with(floats("a", {2, 1}, {1, 2}))
                          .with(floats("b", {2}, {10, 20}))
                          .node("Add", {"a", "b"}, "c")
                          .node("Transpose", {"c"}, "t")
                          .node("Gemm", {"x", "t"}, "y");
  CHECK(added.of({1, 2}).values == reals{1 * 11 + 2 * 21, 1 * 12 + 2 * 22});
  // A batch is no number.
  model lost = model({-1, 2})
                   .node("Shape", {"x"}, "s")
                   .node("Cast", {"s"}, "f", {integer("to", 1)})
                   .node("Add", {"x", "f"}, "y");
  refused(lost, "'f' holds NaN, or depends on a size that is not known");
}

TEST_CASE("import: layers that move values") {
  const auto sizes = [](const model& m, const shape& s) { return m.of(s).sizes; };
  const shape x{2, 3, 1, 4};
  const model base({-1, 3, 1, 4});
  CHECK(sizes(model(base).node("Flatten", {"x"}, "y"), x) == shape{2, 12});
  CHECK(sizes(model(base).node("Flatten", {"x"}, "y", {integer("axis", 2)}), x) == shape{6, 4});
  CHECK(sizes(model(base).node("Flatten", {"x"}, "y", {integer("axis", 0)}), x) == shape{1, 24});
  CHECK(sizes(model(base).with(longs("a", {1}, {2})).node("Squeeze", {"x", "a"}, "y"), x) == shape{2, 3, 4});
  CHECK(sizes(model({-1, 3, 1, 4}, 11).node("Squeeze", {"x"}, "y"), x) == shape{2, 3, 4});
  CHECK(sizes(model(base).with(longs("a", {2}, {1, -1})).node("Unsqueeze", {"x", "a"}, "y"), x) ==
        shape{2, 1, 3, 1, 4, 1});
  CHECK(sizes(model(base).node("Transpose", {"x"}, "y", {integers("perm", {0, 2, 3, 1})}), x) == shape{2, 1, 4, 3});
  CHECK(sizes(model(base).node("Concat", {"x", "x"}, "y", {integer("axis", -3)}), x) == shape{2, 6, 1, 4});
  CHECK(sizes(model({-1, 3, 1, 4}, 9)
                  .node("Slice", {"x"}, "y",
                        {integers("starts", {1}), integers("ends", {std::numeric_limits<std::int64_t>::max()}),
                         integers("axes", {3})}),
              x) == shape{2, 3, 1, 3});
  CHECK(sizes(model(base).node("ReduceMean", {"x"}, "y", {integers("axes", {2, 3}), integer("keepdims", 0)}), x) ==
        shape{2, 3});
  model split = model({-1, 4}).with(longs("l", {2}, {1, 3}));
  split.m.graph.nodes.push_back({"split", "Split", {}, {"x", "l"}, {"a", "y"}, {integer("axis", 1)}});
  CHECK(split.of({1, 4}).values == reals{2, 3, 4});
}

TEST_CASE("import: arithmetic, pooling and the rest") {
  const model c = model({-1, 4}).with(floats("c", {}, {2}));
  CHECK(model(c).node("Sub", {"x", "c"}, "y").of({1, 4}).values == reals{-1, 0, 1, 2});
  CHECK(model(c).node("Div", {"x", "c"}, "y").of({1, 4}).values == reals{0.5f, 1, 1.5f, 2});
  CHECK(model(c).node("Mul", {"c", "x"}, "y").of({1, 4}).values == reals{2, 4, 6, 8});
  CHECK(model(c).node("Sum", {"x", "x", "c"}, "y").of({1, 4}).values == reals{4, 6, 8, 10});
  CHECK(model(c).node("Neg", {"x"}, "y").of({1, 2 + 2}).values == reals{-1, -2, -3, -4});
  CHECK(model(c).node("Dropout", {"x"}, "d").node("Relu", {"d"}, "y").read().nodes.size() == 1);
  const model image({-1, 1, 2, 2});
  CHECK(model(image).node("MaxPool", {"x"}, "y", {integers("kernel_shape", {2, 1})}).of({1, 1, 2, 2}).values ==
        reals{3, 4});
  const std::vector<io::onnx::attribute> with{integers("kernel_shape", {2, 2}), integers("pads", {0, 0, 1, 1}),
                                              integers("strides", {2, 2})};
  CHECK(model(image).node("AveragePool", {"x"}, "y", with).of({1, 1, 2, 2}).values == reals{2.5f});
  CHECK(model(image).node("GlobalAveragePool", {"x"}, "y").of({1, 1, 2, 2}).values == reals{2.5f});
  const nn::tensor s = model({-1, 2}, 12).node("Softmax", {"x"}, "y").of({1, 2});
  CHECK(s.values[0] == Approx(1 / (1 + std::exp(1.0))));
  refused(model({-1, 2, 2}, 12).node("Softmax", {"x"}, "y"), "over several axes");
  model half = model({-1, 1, 1, 2});
  for (const char* name : {"s", "b", "m", "v"}) half.with(floats(name, {1}, {name[0] == 'v' ? 4.0f : 2.0f}));
  CHECK(model(half)
            .node("BatchNormalization", {"x", "s", "b", "m", "v"}, "y", {real("epsilon", 0)})
            .of({1, 1, 1, 2})
            .values == reals{1, 2});
}

TEST_CASE("import: a batch of one is any batch where all layers let it") {
  const model net =
      model({1, 2, 2, 1}, 8).with(longs("s", {2}, {1, 4})).node("Relu", {"x"}, "r").node("Reshape", {"r", "s"}, "y");
  CHECK(net.read().inputs[0].sizes == shape{-1, 2, 2, 1});
  CHECK(net.of({3, 2, 2, 1}).sizes == shape{3, 4});
  const model fixed = model({1, 2}).with(longs("s", {2}, {2, 1})).node("Reshape", {"x", "s"}, "y");
  CHECK(fixed.read().inputs[0].sizes == shape{1, 2});
}

TEST_CASE("import: outputs keep the names they have") {
  model m = model({-1, 2})
                .node("Relu", {"x"}, "r")
                .node("Identity", {"r"}, "y")
                .node("Identity", {"r"}, "z")
                .node("Identity", {"x"}, "same");
  m.m.graph.outputs.push_back({"z", data_type::float32, false, {}});
  m.m.graph.outputs.push_back({"same", data_type::float32, false, {}});
  const nn::graph g = m.read();
  REQUIRE(g.outputs.size() == 3);
  CHECK(g.at(g.outputs[0]).name == "y");
  CHECK(g.at(g.outputs[1]).name == "z");
  CHECK(g.at(g.outputs[2]).name == "same");
  CHECK(g.at(g.inputs[0].value).name == "x");
  CHECK(nn::infer_shapes(g, {{3, 2}}).back() == shape{3, 2});
}

TEST_CASE("import: initializers listed as inputs are constants") {
  model m = model({-1, 2}).with(floats("c", {}, {2})).node("Add", {"x", "c"}, "y");
  m.m.graph.inputs.push_back({"c", data_type::float32, true, {}});
  CHECK(m.read().inputs.size() == 1);
}

TEST_CASE("import: what is broken or not supported is named") {
  refused(model({-1, 2}).node("LSTM", {"x"}, "y"), "node 'y' (LSTM): the operator is not supported");
  refused(model({-1, 2}, 6).node("Relu", {"x"}, "y"), "opset 6; 7 to 21 are read");
  refused(model({-1, 2}, 22).node("Relu", {"x"}, "y"), "opset 22");
  refused(model({-1, 2}).node("Relu", {"z"}, "y"), "node 'y' (Relu): nothing before it computes 'z'");
  refused(model({-1, 2}).node("Add", {"x", "b"}, "a").node("Relu", {"a"}, "b").node("Relu", {"b"}, "y"),
          "nothing before it computes 'b'");
  refused(model({-1, 2}).node("Relu", {"x"}, "z"), "nothing computes the output 'y'");
  refused(model({-1, 2}).node("Relu", {"x"}, "y").node("Relu", {"x"}, "y"), "'y' is computed twice");
  refused(model({-1, 2}).node("Relu", {}, "y"), "input 0 is missing");
  refused(model({-1, 1, 2, 2}).with(floats("w", {2, 1, 1}, {1, 2})).node("Conv", {"x", "w"}, "y"),
          "weights of 2 x 1 x 1");
  refused(model({-1, 3, 2, 2}).with(one_by_one).node("Conv", {"x", "w"}, "y"), "node 'y' (Conv)");
  refused(model({-1, 1, 2, 2}).with(one_by_one).node("Conv", {"x", "w"}, "y", {integer("group", 0)}),
          "node 'y' (Conv)");
  refused(model({-1, 1, 2, 2}).with(floats("w", {1, 1, 1, 1}, {std::nanf("")})).node("Conv", {"x", "w"}, "y"),
          "a weight of nan");
  model domain = model({-1, 2}).node("Relu", {"x"}, "y");
  domain.m.graph.nodes[0].domain = "com.microsoft";
  refused(domain, "operators of 'com.microsoft' are not supported");
  model type = model({-1, 2}).node("Relu", {"x"}, "y");
  type.m.graph.inputs[0].type = data_type::int64;
  refused(type, "input 'x' is of int64; float is read");
  model open = model({-1, 2}).node("Relu", {"x"}, "y");
  open.m.graph.inputs[0].has_shape = false;
  refused(open, "input 'x' has no shape");
}

TEST_CASE("import: constants that would grow beyond all measure are refused") {
  model m = model({-1, 2}).with(longs("s", {1}, {std::int64_t{1} << 21})).node("ConstantOfShape", {"s"}, "c0");
  for (int i = 0; i < 40; ++i) {
    const std::string from = "c" + std::to_string(i);
    m.node("Concat", {from, from, from, from}, "c" + std::to_string(i + 1), {integer("axis", 0)});
  }
  refused(m.node("Relu", {"x"}, "y"), "too many values");
  refused(model({-1, 2})
              .with(longs("s", {2}, {std::int64_t{1} << 40, std::int64_t{1} << 40}))
              .node("ConstantOfShape", {"s"}, "c")
              .node("Relu", {"x"}, "y"),
          "a size of");
}

TEST_CASE("import: sizes beyond all measure are refused beside a size of nothing too") {
  constexpr std::int64_t huge = std::int64_t{1} << 62;
  model made({-1, 2});
  made.with(longs("s", {3}, {0, huge, huge})).with(longs("at", {0}, {})).node("ConstantOfShape", {"s"}, "c");
  refused(made.node("Gather", {"c", "at"}, "g").node("Relu", {"x"}, "y"),
          "an empty constant of 0 x 4611686018427387904");
  model stored({-1, 2});
  stored.with(longs("c", {std::int64_t{1} << 50, 1, 0}, {})).with(longs("at", {1}, {0}));
  refused(stored.node("Gather", {"c", "at"}, "g", {integer("axis", 1)}).node("Relu", {"x"}, "y"), "an empty constant");
  model few({-1, 2});
  few.with(longs("c", {1 << 11, 1, 0, 1 << 11}, {})).with(longs("at", {1 << 20}, std::vector<std::int64_t>(1 << 20)));
  refused(few.node("Gather", {"c", "at"}, "g", {integer("axis", 1)}).node("Relu", {"x"}, "y"), "an empty constant");
  constexpr std::int64_t wide = std::int64_t{1} << 32;
  refused(model({wide, wide, wide, wide}).node("Flatten", {"x"}, "y", {integer("axis", 3)}),
          "a size of 4294967296 at axis 1");
}
