// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "nn/model_files.hpp"

#include <equant/nn/evaluate.hpp>
#include <equant/nn/fold.hpp>
#include <equant/nn/import.hpp>

using namespace equant;

// Expected values: logits stored beside the models by the frameworks they come from; golden/onnxruntime_*.npy are ONNX
// Runtime's, of the first 8 images of the test set.

namespace {

struct example {
  std::string model, inputs, logits;
  index_t images;
};

void check(const nn::graph& g, const nn::tensor& x, const nn::tensor& wanted) {
  const auto y = nn::evaluate(g, std::vector<nn::tensor>{x});
  REQUIRE(y.size() == 1);
  CHECK(model_files::difference(y[0], wanted) < 1e-4);
}

template <class T>
index_t count(const nn::graph& g) {
  index_t n = 0;
  for (const nn::node& node : g.nodes) n += std::holds_alternative<T>(node.layer) ? 1 : 0;
  return n;
}

}  // namespace

TEST_CASE("import: real models compute what their frameworks say") {
  const std::string data = model_files::folder();
  if (data.empty()) EQUANT_SKIP("EQUANT_DATA is not set");
  const std::string golden = EQUANT_TEST_FILES "/golden/onnxruntime_";
  const example examples[] = {
      {"ic_float", "ic_test_x", golden + "ic_float", 8},
      {"ic_torch_bn", "ic_test_x", golden + "ic_float", 8},
      {"ic_torch_folded", "ic_test_x", golden + "ic_float", 8},
      {"mnist", "mnist_test_x", golden + "mnist", 8},
      {"digits_cnn", "digits_test_x", data + "digits_cnn_test_logits", 8},
      {"digits_cnn_bn", "digits_test_x", data + "digits_cnn_test_logits", 8},
      {"digits_cnn_folded", "digits_test_x", data + "digits_cnn_test_logits", 8},
      {"digits_cnn_hard100", "digits_test_x", data + "digits_cnn_test_logits", 8},
      {"digits_cnn_hard10000", "digits_test_x", data + "digits_cnn_test_logits", 8},
      {"digits_mlp", "digits_flat_test_x", data + "digits_mlp_test_logits", 8},
      {"digits_mlp_hard100", "digits_flat_test_x", data + "digits_mlp_test_logits", 8},
      {"digits_mlp_outlier300", "digits_flat_test_x", data + "digits_mlp_test_logits", 8},
      {"mobilenet_v2", "mobilenet_v2_x", data + "mobilenet_v2_y", 1},
      {"mobilenet_v2_bn", "mobilenet_v2_x", data + "mobilenet_v2_y", 1},
      {"resnet18_bn", "resnet18_x", data + "resnet18_y", 1},
  };
  for (const example& e : examples) {
    INFO(e.model);
    const nn::graph g = nn::load_onnx(data + e.model + ".onnx");
    const nn::tensor x = model_files::load(data + e.inputs + ".npy", e.images);
    const nn::tensor wanted = model_files::load(e.logits + ".npy", e.images);
    check(g, x, wanted);
    CHECK(count<nn::reshape>(g) == (e.inputs == "digits_flat_test_x" ? 0 : 1));
    CHECK(count<nn::pad>(g) == 0);
    CHECK(count<nn::binary>(g) == (e.model[0] == 'i'               ? 3
                                   : e.model[0] == 'r'             ? 8
                                   : e.model.substr(0, 3) == "mob" ? 10
                                                                   : 0));
    CHECK(count<nn::constant>(g) == 0);
    const bool bn = e.model.find("_bn") != std::string::npos;
    CHECK((count<nn::batch_norm>(g) > 0) == bn);
    if (bn) {
      const nn::graph folded = nn::fold_batch_norms(g);
      CHECK(count<nn::batch_norm>(folded) == 0);
      check(folded, x, wanted);
    }
  }
}

TEST_CASE("import: a model that another tool quantized") {
  const std::string data = model_files::folder();
  if (data.empty()) EQUANT_SKIP("EQUANT_DATA is not set");
  const nn::graph g = nn::load_onnx(data + "ic_tflite_int8.onnx");
  CHECK(count<nn::copy>(g) == 0);
  CHECK(g.nodes.size() == 9 + 7 + 3 + 3);  // convolutions, clips, additions; pool, reshape, dense
  for (const nn::node& n : g.nodes) {
    INFO(n.name);
    const nn::weights* w = nn::weights_of(n.layer);
    if (w == nullptr) continue;
    CHECK(w->quantized());
    CHECK(w->scales.size() == (std::holds_alternative<nn::conv>(n.layer) ? static_cast<std::size_t>(w->outputs()) : 1));
    CHECK(w->zero_points.empty());
    CHECK(nn::bias_of(n.layer)->codes.size() == static_cast<std::size_t>(w->outputs()));
    CHECK(g.at(n.inputs[0]).grid);
  }
  CHECK(g.at(g.inputs[0].value).name == "input");
  CHECK(*g.at(g.inputs[0].value).grid == nn::grid{1, -128, {-128, 127}});
  const nn::tensor x = model_files::load(data + "ic_test_x.npy", 8);
  const nn::tensor wanted = model_files::load(EQUANT_TEST_FILES "/golden/onnxruntime_ic_tflite_int8.npy", 8);
  const auto y = nn::evaluate(g, std::vector<nn::tensor>{x});
  const auto& steps = g.at(g.outputs[0]).grid;
  REQUIRE(steps);
  // Sums of floats in another order round to the next code now and then, and layer by layer that spreads.
  float apart = 0;
  for (std::size_t i = 0; i < wanted.values.size(); ++i) {
    apart = std::max(apart, std::abs(y[0].values[i] - wanted.values[i]) / steps->scale);
  }
  CHECK(apart < 3.01f);
}
