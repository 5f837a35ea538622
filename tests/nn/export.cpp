// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"
#include "io/folder.hpp"
#include "nn/model_files.hpp"
#include "nn/networks.hpp"

#include <equant/nn/export.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/quantize.hpp>

using namespace equant;
using io::onnx::data_type;

namespace {

nn::graph reread(const nn::graph& g) {
  return nn::from_onnx(io::onnx::read(io::onnx::write(nn::to_onnx(g)), "written"), "written");
}

/// Nodes but the clips: one that a grid implies is not written.
std::vector<const nn::node*> layers(const nn::graph& g) {
  std::vector<const nn::node*> found;
  for (const nn::node& n : g.nodes) {
    if (!std::holds_alternative<nn::clip>(n.layer)) found.push_back(&n);
  }
  return found;
}

/// Written and read it computes the same, up to a relative `error`.
nn::graph check(const nn::graph& g, const nn::tensor& x, double error = 0) {
  nn::graph read = reread(g);
  CHECK(read.inputs.size() == g.inputs.size());
  CHECK(read.inputs[0].sizes == g.inputs[0].sizes);
  const auto y = nn::evaluate(g, std::vector<nn::tensor>{x}), z = nn::evaluate(read, std::vector<nn::tensor>{x});
  REQUIRE(y.size() == z.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    CHECK(model_files::difference(z[i], y[i]) <= error);
    CHECK(read.at(read.outputs[i]).name == g.at(g.outputs[i]).name);
    CHECK(read.at(read.outputs[i]).grid == g.at(g.outputs[i]).grid);
  }
  return read;
}

/// And it is built of the same layers, with the same grids between them.
void check_all(const nn::graph& g, const nn::tensor& x) {
  const nn::graph read = check(g, x);
  const auto was = layers(g), is = layers(read);
  REQUIRE(is.size() == was.size());
  for (std::size_t i = 0; i < was.size(); ++i) {
    INFO(was[i]->name);
    CHECK(is[i]->name == was[i]->name);
    CHECK(nn::kind_name(is[i]->layer) == std::string(nn::kind_name(was[i]->layer)));
    const nn::weights *w = nn::weights_of(was[i]->layer), *v = nn::weights_of(is[i]->layer);
    if (w == nullptr) continue;
    CHECK(v->values == w->values);
    CHECK(v->codes == w->codes);
    CHECK(v->scales == w->scales);
    CHECK(v->zero_points == w->zero_points);
    CHECK(v->group == w->group);
    CHECK((v->bits <= 4) == (w->bits <= 4));
    CHECK(nn::bias_of(is[i]->layer)->codes == nn::bias_of(was[i]->layer)->codes);
  }
  index_t grids = 0;
  for (const nn::value& v : g.values) {
    const int at = networks::value_named(read, v.name);
    if (v.grid) ++grids;
    CHECK((at >= 0 || !v.grid));
    if (at >= 0) CHECK(read.at(at).grid == v.grid);
  }
  for (const nn::value& v : read.values) grids -= v.grid ? 1 : 0;
  CHECK(grids == 0);
}

const io::onnx::node* node_of(const io::onnx::model& m, const std::string& op) {
  for (const io::onnx::node& n : m.graph.nodes) {
    if (n.op_type == op) return &n;
  }
  return nullptr;
}
const io::onnx::tensor& stored(const io::onnx::model& m, const std::string& name) {
  for (const io::onnx::tensor& t : m.graph.initializers) {
    if (t.name == name) return t;
  }
  FAIL(name << " is not stored");
  return m.graph.initializers[0];
}

}  // namespace

TEST_CASE("export: float networks come back as they were") {
  check_all(networks::classifier(), networks::noise({3, 2, 8, 8}, 1));
  check_all(networks::residual(), networks::noise({3, 2, 6, 6}, 2));
}

TEST_CASE("export: every layer comes back as it was") {
  const nn::graph g = networks::every_layer();
  // A bias beside a product of more axes is an addition in the file, and a constant 2 x 2 matrix a dense layer.
  const nn::graph read = check(g, networks::noise({3, 2, 6, 6}, 1), 1e-5);
  CHECK(read.nodes.size() == g.nodes.size() - 1);
}

TEST_CASE("export: quantized networks come back as they were, in every width") {
  const nn::tensor x = networks::noise({20, 2, 6, 6}, 4), images = networks::noise({20, 2, 8, 8}, 5);
  for (const nn::quantize_options& o :
       {nn::quantize_options{}, nn::quantize_options{.per_channel = false, .signed_activations = true},
        nn::quantize_options{.weight_bits = 4},
        nn::quantize_options{.weight_bits = 2, .symmetric_activations = true}}) {
    check_all(nn::quantize(networks::residual(), x, o), x);
    check_all(nn::quantize(networks::classifier(), images, o), images);
    check_all(nn::quantize_weights(networks::classifier(), o), images);
  }
  // Fewer bits for activations: a clip holds them within their codes, and stays in what is read.
  check(nn::quantize(networks::residual(), x, {.activation_bits = 4}), x);
}

TEST_CASE("export: weights in groups come back code for code, as the blocks ONNX Runtime wants") {
  const nn::tensor images = networks::noise({20, 2, 8, 8}, 5);
  for (const nn::quantize_options& o : {nn::quantize_options{.weight_bits = 8, .group = 32},
                                        nn::quantize_options{.weight_bits = 4, .group = 16},
                                        nn::quantize_options{.weight_bits = 2, .group = 128}}) {
    check_all(nn::quantize_weights(networks::classifier(), o), images);
  }
  nn::graph lines;  // a last group of 8, zero points, more axes than two
  const int x = lines.add_input("x", {-1, 3, 40});
  lines.outputs = {lines.add("dense", networks::dense(6, 40, 3), {x})};
  nn::graph g = nn::quantize_weights(lines, {.weight_bits = 3, .group = 16});
  nn::weights& w = *nn::weights_of(g.nodes[0].layer);
  for (index_t i = 0; i < 18; ++i) w.zero_points.push_back(static_cast<std::int32_t>(i % 7 - 3));
  for (index_t i = 0; i < 240; ++i) {
    const auto code = static_cast<float>(w.codes[static_cast<std::size_t>(i)] - w.zero_point(i / 40, i % 40));
    w.values.values[static_cast<std::size_t>(i)] = code * w.scale(i / 40, i % 40);
  }
  check_all(g, networks::noise({2, 3, 40}, 8));

  const io::onnx::model m = nn::to_onnx(nn::quantize_weights(networks::classifier(), {.weight_bits = 8, .group = 32}));
  CHECK(m.opsets.at(0).version == 21);
  const io::onnx::node* blocks = nullptr;
  for (const io::onnx::node& n : m.graph.nodes) {
    if (n.integer("block_size", 0) == 32) blocks = &n;
  }
  REQUIRE(blocks != nullptr);
  CHECK(blocks->op_type == "DequantizeLinear");
  CHECK(blocks->integer("axis", 1) == 0);
  REQUIRE(blocks->inputs.size() == 2);
  CHECK(stored(m, blocks->inputs[0]).dims == std::vector<std::int64_t>{64, 5});
  CHECK(stored(m, blocks->inputs[1]).dims == std::vector<std::int64_t>{2, 5});
  CHECK(node_of(m, "MatMul")->inputs.at(1) == blocks->outputs.at(0));
  CHECK(node_of(m, "Gemm") == nullptr);
}

TEST_CASE("export: QDQ as ONNX Runtime wants it") {
  const nn::tensor x = networks::noise({20, 2, 6, 6}, 4);
  const io::onnx::model m = nn::to_onnx(nn::quantize(networks::residual(), x));
  CHECK(m.opsets.at(0).version == 13);
  CHECK(m.graph.inputs.at(0).name == "x");
  CHECK(m.graph.inputs[0].dims == std::vector<std::int64_t>{-1, 2, 6, 6});
  CHECK(m.graph.outputs.at(0).dims == std::vector<std::int64_t>{-1, 3});
  const io::onnx::node* q = node_of(m, "QuantizeLinear");
  REQUIRE(q != nullptr);
  CHECK(stored(m, q->inputs.at(1)).dims.empty());
  CHECK(stored(m, q->inputs.at(2)).dims.empty());
  CHECK(stored(m, q->inputs.at(2)).type == data_type::uint8);
  CHECK(stored(m, "conv1/weights/codes").type == data_type::int8);
  CHECK(stored(m, "conv1/weights/codes").dims == std::vector<std::int64_t>{4, 2, 3, 3});
  CHECK(stored(m, "conv1/weights/scale").dims == std::vector<std::int64_t>{4});
  CHECK(stored(m, "conv1/bias/codes").type == data_type::int32);
  CHECK(node_of(m, "Gemm")->integer("transB", 0) == 1);
  CHECK(node_of(m, "Relu") == nullptr);  // the grids begin at zero
  const io::onnx::model small = nn::to_onnx(nn::quantize(networks::residual(), x, {.weight_bits = 3}));
  CHECK(small.opsets.at(0).version == 21);
  CHECK(stored(small, "conv1/weights/codes").type == data_type::int4);
  CHECK(stored(small, "conv1/weights/codes").data.size() == 36);
}

TEST_CASE("export: names that collide are told apart") {
  nn::graph g;
  const int x = g.add_input("x", {-1, 2});
  const int a = g.add("same", networks::dense(2, 2, 1), {x}), b = g.add("same", networks::dense(2, 2, 2), {a});
  g.at(a).name = "same/weights";
  g.outputs = {b};
  check(g, networks::noise({1, 2}, 1));
}

TEST_CASE("export: a real network, quantized by another tool, comes back as it was") {
  const std::string data = model_files::folder();
  if (data.empty()) EQUANT_SKIP("EQUANT_DATA is not set");
  check_all(nn::load_onnx(data + "ic_tflite_int8.onnx"), model_files::load(data + "ic_test_x.npy", 2));
  check_all(nn::load_onnx(data + "mnist.onnx"), model_files::load(data + "mnist_test_x.npy", 2));
  check_all(nn::load_onnx(data + "digits_cnn_bn.onnx"), model_files::load(data + "digits_test_x.npy", 2));
}

TEST_CASE("export: files appear whole or not at all") {
  const folder here;
  nn::save_onnx(networks::classifier(), here / "net.onnx");
  CHECK(nn::load_onnx(here / "net.onnx").nodes.size() == networks::classifier().nodes.size());
  CHECK_THROWS_WITH(nn::save_onnx(networks::classifier(), here / "no/net.onnx"),
                    says("no/net.onnx: cannot be written"));
  CHECK(here.names() == std::vector<std::string>{"net.onnx"});
}
