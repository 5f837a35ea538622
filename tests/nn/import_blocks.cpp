// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "nn/qdq_models.hpp"

using namespace onnx_models;

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
