// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "nn/onnxruntime.hpp"

#include "nn/model_files.hpp"
#include "nn/networks.hpp"

#include <equant/nn/engine.hpp>
#include <equant/nn/export.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/predict.hpp>
#include <equant/nn/quantize.hpp>
#include <equant/nn/train.hpp>

using namespace equant;

namespace {

onnxruntime::result run_there(const nn::graph& g, const nn::tensor& x) {
  const folder here;
  nn::save_onnx(g, here / "net.onnx");
  return onnxruntime::run(here / "net.onnx", std::vector<nn::tensor>{x});
}

std::vector<nn::tensor> ours_of(const nn::graph& g, const nn::tensor& x) { return nn::engine(g, {x.sizes}).run(x); }

/// The share of rows with the same largest value.
double agreement(const nn::tensor& a, const nn::tensor& b) {
  REQUIRE(a.sizes == b.sizes);
  return nn::agreement(nn::top1(a), nn::top1(b));
}

/// 10 log10 of the energy of y over that of its distance to x.
double sqnr_db(const nn::tensor& x, const nn::tensor& y) {
  double signal = 0, noise = 0;
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    const double s = static_cast<double>(y.values[i]), e = static_cast<double>(x.values[i]) - s;
    signal += s * s;
    noise += e * e;
  }
  return 10 * std::log10(signal / noise);
}

void check_float(const nn::graph& g, const nn::tensor& x) {
  const auto theirs = run_there(g, x);
  const auto ours = ours_of(g, x);
  REQUIRE(theirs.outputs.size() == ours.size());
  for (std::size_t i = 0; i < ours.size(); ++i) CHECK(model_files::difference(ours[i], theirs.outputs[i]) < 1e-5);
}

/// Networks trained for some steps at a width: one with branches, a mean and a sum, made here, and those of the digits.
struct few_bits {
  std::string name;
  nn::graph net;
  nn::tensor x;  ///< what it is tried on
};

std::vector<few_bits> trained(int bits) {
  nn::prepare_options p{.weight_bits = bits, .activation_bits = bits};
  std::vector<few_bits> all;
  const auto add = [&](const std::string& name, const nn::graph& net, const nn::tensor& x, const nn::tensor& tests) {
    all.push_back({name, nn::fine_tune(net, x, {}, p, {.epochs = 1, .teacher = &net, .teacher_share = 1}), tests});
  };
  add("made here", networks::averaging(), networks::noise({256, 2, 8, 8}, 4), networks::noise({400, 2, 8, 8}, 5));
  const std::string data = EQUANT_TEST_FILES "/../examples/data/";
  nn::tensor x = nn::load_npy(data + "digits_train_x.npy", 16).rows(0, 256);
  nn::tensor tests = nn::load_npy(data + "digits_test_x.npy", 16).rows(0, 200);
  add("digits_cnn", nn::load_onnx(data + "digits_cnn.onnx"), x, tests);
  if (!model_files::folder().empty()) {
    p.train_norms = true;
    add("digits_cnn_bn", nn::load_onnx(model_files::folder() + "digits_cnn_bn.onnx"), x, tests);
    p.train_norms = false;
  }
  x.sizes = {256, 64}, tests.sizes = {200, 64};
  add("digits_mlp", nn::load_onnx(data + "digits_mlp.onnx"), x, tests);
  return all;
}

/// The network with every value on a grid given out, behind its own outputs.
nn::graph opened(nn::graph g) {
  for (std::size_t v = 0; v < g.values.size(); ++v) {
    const bool there = g.values[v].grid && g.producer(static_cast<int>(v)) != nullptr;
    if (there && !g.is_output(static_cast<int>(v))) g.outputs.push_back(static_cast<int>(v));
  }
  return g;
}

/// What computes value `v` from values on grids: they become its inputs, of the sizes given.
nn::graph layer_of(const nn::graph& g, int v, const std::vector<shape>& sizes) {
  nn::graph part;
  part.values = g.values;
  part.outputs = {v};
  std::vector<int> wanted{v};
  for (std::size_t i = g.nodes.size(); i-- > 0;) {
    const nn::node& n = g.nodes[i];
    if (std::find(wanted.begin(), wanted.end(), n.output) == wanted.end()) continue;
    part.nodes.insert(part.nodes.begin(), n);
    for (const int from : n.inputs) {
      if (g.at(from).grid) {
        part.inputs.push_back({from, sizes[static_cast<std::size_t>(from)]});
      } else {
        wanted.push_back(from);
      }
    }
  }
  return part;
}

/// How many codes of a result differ from those wanted, and by how much.
struct apart {
  index_t codes = 0, differ = 0, furthest = 0;

  void count(const nn::tensor& y, const nn::tensor& wanted, const nn::grid& on) {
    REQUIRE(y.sizes == wanted.sizes);
    for (std::size_t i = 0; i < y.values.size(); ++i) {
      const auto code = [&](const nn::tensor& x) { return static_cast<index_t>(std::rint(x.values[i] / on.scale)); };
      const index_t steps = std::abs(code(y) - code(wanted));
      codes += 1;
      differ += steps == 0 ? 0 : 1;
      furthest = std::max(furthest, steps);
    }
  }
};

}  // namespace

TEST_CASE("onnxruntime: float networks compute the same there") {
  if (!onnxruntime::here()) EQUANT_SKIP("EQUANT_ORT is not set");
  check_float(networks::residual(), networks::noise({3, 2, 6, 6}, 2));
  check_float(networks::every_layer(), networks::noise({3, 2, 6, 6}, 1));
}

TEST_CASE("onnxruntime: quantized networks run in its integer kernels") {
  if (!onnxruntime::here()) EQUANT_SKIP("EQUANT_ORT is not set");
  const nn::tensor x = networks::noise({200, 2, 6, 6}, 4), images = networks::noise({200, 2, 8, 8}, 5);
  for (const bool per_channel : {true, false}) {
    const nn::graph g = nn::quantize(networks::residual(), x.rows(0, 20), {.per_channel = per_channel});
    const auto theirs = run_there(g, x);
    CHECK(theirs.count("QLinearConv") == 2);
    CHECK(theirs.count("Conv") == 0);
    CHECK(theirs.count("QLinearAdd") == 1);
    CHECK(theirs.count("QLinearGlobalAveragePool") == 1);
    CHECK(theirs.count("QGemm") == 1);
    CHECK(theirs.count("DequantizeLinear") == 0);
    CHECK(theirs.count("Relu") == 0);
    const auto ours = ours_of(g, x);
    CHECK(agreement(ours[0], theirs.outputs[0]) >= 0.995);
  }
  const nn::graph g = nn::quantize(networks::classifier(), images.rows(0, 20));
  const auto theirs = run_there(g, images);
  CHECK(theirs.count("QLinearConv") == 2);
  CHECK(theirs.count("Conv") == 0);
  CHECK(theirs.count("QGemm") == 1);
  CHECK(theirs.count("DequantizeLinear") == 0);
  CHECK(agreement(ours_of(g, images)[0], theirs.outputs[0]) >= 0.995);
}

TEST_CASE("onnxruntime: weights of few bits, weights alone, activations of few bits") {
  if (!onnxruntime::here()) EQUANT_SKIP("EQUANT_ORT is not set");
  const nn::tensor x = networks::noise({100, 2, 6, 6}, 4);
  const nn::quantize_options ways[] = {{.weight_bits = 4},
                                       {.weight_bits = 2, .per_channel = false},
                                       {.activation_bits = 4},
                                       {.signed_activations = true}};
  for (const nn::quantize_options& o : ways) {
    const nn::graph g = nn::quantize(networks::residual(), x.rows(0, 20), o);
    CHECK(agreement(ours_of(g, x)[0], run_there(g, x).outputs[0]) >= 0.98);
    const nn::graph light = nn::quantize_weights(networks::residual(), o);
    check_float(light, x);
  }
}

TEST_CASE("onnxruntime: weights in groups become its products of weights in blocks") {
  if (!onnxruntime::here()) EQUANT_SKIP("EQUANT_ORT is not set");
  nn::graph net;
  int v = net.add_input("x", {-1, 3, 160});
  v = net.add("first", networks::dense(96, 160, 3), {v});
  v = net.add("relu", nn::clip{}, {v});
  net.outputs = {net.add("second", networks::dense(7, 96, 5), {v})};
  const nn::tensor x = networks::noise({5, 3, 160}, 4);
  for (int bits : {2, 4, 8}) {
    for (index_t group : {16, 32, 128}) {
      INFO(bits << " bits in groups of " << group);
      const nn::graph g = nn::quantize_weights(net, {.weight_bits = bits, .group = group});
      const auto theirs = run_there(g, x);
      CHECK(theirs.count("MatMulNBits") == 2);
      CHECK(theirs.count("DequantizeLinear") == 0);
      CHECK(model_files::difference(ours_of(g, x)[0], theirs.outputs[0]) < 1e-5);
      const nn::graph back = nn::from_onnx(theirs.optimized, "what it made of them");
      REQUIRE(back.nodes.size() == g.nodes.size());
      for (std::size_t i : {0u, 2u}) {
        const nn::weights &w = *nn::weights_of(back.nodes[i].layer), &given = *nn::weights_of(g.nodes[i].layer);
        CHECK(w.codes == given.codes);
        CHECK(w.scales == given.scales);
        CHECK(w.zero_points.empty());
        CHECK(w.group == group);
      }
    }
  }
}

TEST_CASE("onnxruntime: a network that another tool quantized gets its answers from our engine") {
  const std::string data = model_files::folder();
  if (!onnxruntime::here() || data.empty()) EQUANT_SKIP("EQUANT_ORT or EQUANT_DATA is not set");
  const nn::tensor x = model_files::load(data + "ic_test_x.npy", 1000);
  const auto theirs = onnxruntime::run(data + "ic_tflite_int8.onnx", std::vector<nn::tensor>{x});
  CHECK(agreement(ours_of(nn::load_onnx(data + "ic_tflite_int8.onnx"), x)[0], theirs.outputs[0]) >= 0.995);
}

TEST_CASE("onnxruntime: a network that another tool quantized computes the same after being read and written") {
  const std::string data = model_files::folder();
  if (!onnxruntime::here() || data.empty()) EQUANT_SKIP("EQUANT_ORT or EQUANT_DATA is not set");
  const nn::tensor x = model_files::load(data + "ic_test_x.npy", 200);
  const auto before = onnxruntime::run(data + "ic_tflite_int8.onnx", std::vector<nn::tensor>{x});
  const auto after = run_there(nn::load_onnx(data + "ic_tflite_int8.onnx"), x);
  CHECK(before.outputs == after.outputs);
  CHECK(after.count("QLinearConv") == before.count("QLinearConv"));
}

TEST_CASE("onnxruntime: real networks, quantized here, answer the same there") {
  const std::string data = model_files::folder();
  if (!onnxruntime::here() || data.empty()) EQUANT_SKIP("EQUANT_ORT or EQUANT_DATA is not set");
  struct example {
    std::string model, calibration, test;
    index_t images, convolutions;
  };
  for (const example& e : {example{"digits_cnn_bn", "digits_train_x", "digits_test_x", 597, 4},
                           example{"mnist", "mnist_calib_x", "mnist_test_x", 400, 2},
                           example{"ic_torch_bn", "ic_calib_x", "ic_test_x", 200, 9}}) {
    INFO(e.model);
    const nn::tensor calibration = model_files::load(data + e.calibration + ".npy", 32);
    const nn::tensor x = model_files::load(data + e.test + ".npy", e.images);
    const nn::graph g =
        nn::quantize(nn::load_onnx(data + e.model + ".onnx"), calibration, {.equalize = nn::equalization::none});
    const auto theirs = run_there(g, x);
    CHECK(theirs.count("QLinearConv") == e.convolutions);
    CHECK(theirs.count("Conv") == 0);
    CHECK(theirs.count("DequantizeLinear") == 0);
    const auto ours = ours_of(g, x);
    CHECK(agreement(ours[0], theirs.outputs[0]) >= 0.995);
    CHECK(sqnr_db(theirs.outputs[0], ours[0]) > 30);
  }
}

TEST_CASE("onnxruntime: what was trained at few bits is what our engine runs code for code and what runs there") {
  for (const int bits : {8, 4, 2}) {
    for (const few_bits& f : trained(bits)) {
      INFO(f.name << " at " << bits << " bits");
      const nn::graph open = opened(f.net);
      const std::vector<nn::tensor> wanted = nn::evaluate(open, std::span(&f.x, 1)), ours = ours_of(open, f.x);
      const std::vector<shape> sizes = nn::infer_shapes(f.net, {f.x.sizes});
      apart whole, alone;
      for (std::size_t o = f.net.outputs.size(); o < open.outputs.size(); ++o) {
        const int v = open.outputs[o];
        whole.count(ours[o], wanted[o], *f.net.at(v).grid);
        const nn::graph layer = layer_of(f.net, v, sizes);
        std::vector<nn::tensor> in;
        std::vector<shape> in_sizes;
        for (const nn::graph_input& i : layer.inputs) {
          const auto found = std::find(open.outputs.begin(), open.outputs.end(), i.value);
          const bool given = found == open.outputs.end();  // to the network
          in.push_back(given ? f.x : wanted[static_cast<std::size_t>(found - open.outputs.begin())]);
          in_sizes.push_back(i.sizes);
        }
        alone.count(nn::engine(layer, in_sizes).run(in)[0], wanted[o], *f.net.at(v).grid);
      }
      for (const apart& a : {alone, whole}) {
        CHECK(a.codes > 25000);
        CHECK(a.furthest <= 1);
        CHECK(a.differ * 1000 <= a.codes);
      }
      CHECK(model_files::difference(ours[0], wanted[0]) < 0.01);
      // Of four codes, which is two bits, one more or less on the way turns a class: two of 200 images here.
      const double most = bits == 2 ? 0.98 : 0.995;
      CHECK(agreement(ours[0], wanted[0]) >= most);
      if (onnxruntime::here()) CHECK(agreement(ours[0], run_there(f.net, f.x).outputs[0]) >= most);
    }
  }
  if (!onnxruntime::here()) EQUANT_SKIP("EQUANT_ORT is not set");
}
