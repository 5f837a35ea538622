// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// What post-training quantization reaches on real models: ptq FOLDER FILE.csv writes
// model,scheme,metric,value,target. FOLDER holds the models and their data; what it lacks is left out, and said.
#include <equant/nn/export.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/predict.hpp>
#include <equant/nn/quantize.hpp>

#include <cstdio>

namespace {

using namespace equant;

struct row {
  std::string model, scheme, metric;
  double value, target;  ///< at least the target, but for sizes: at most
};

class report {
 public:
  void add(row r, bool at_most = false) {
    const bool reached = at_most ? r.value <= r.target : r.value >= r.target;
    std::printf("%-26s %-8s %-12s %10.4f %10.4f  %s\n", r.model.c_str(), r.scheme.c_str(), r.metric.c_str(), r.value,
                r.target, reached ? "" : "missed");
    std::fflush(stdout);
    rows_.push_back(std::move(r));
  }
  void write(const std::string& path) const {
    std::string text = "model,scheme,metric,value,target\n";
    for (const row& r : rows_) {
      text += contract::joined(r.model, ",", r.scheme, ",", r.metric, ",", r.value, ",", r.target, "\n");
    }
    io::write_file(path, text);
  }

 private:
  std::vector<row> rows_;
};

struct job {
  const char *model, *calibration, *tests, *labels;
  double sqnr, agreement, loss;  ///< targets; 0: none; loss is in points of top-1
  const char* original;          ///< the model whose accuracy is to be kept
  double size;                   ///< of the float file, at most; 0: none
};

void measure(const std::string& folder, const job& j, report& out) {
  const auto path = [&](const std::string& name, const char* ending) { return folder + "/" + name + ending; };
  const nn::graph net = nn::load_onnx(path(j.model, ".onnx"));
  const nn::graph g = nn::quantize(net, nn::load_npy(path(j.calibration, ".npy")));
  const nn::tensor x = nn::load_npy(path(j.tests, ".npy"));
  const nn::tensor wanted = nn::predict(net, x), got = nn::predict(g, x);
  if (j.sqnr > 0) {
    const double db = nn::worst_sqnr_db(std::span<const nn::tensor>(&wanted, 1), std::span<const nn::tensor>(&got, 1));
    out.add({j.model, "W8A8", "sqnr_db", db, j.sqnr});
  }
  if (j.agreement > 0) {
    out.add({j.model, "W8A8", "agreement", nn::agreement(nn::top1(wanted), nn::top1(got)), j.agreement});
  }
  if (j.labels != nullptr) {
    const auto labels = nn::load_labels(path(j.labels, ".npy"));
    const nn::tensor before =
        j.original == nullptr ? wanted : nn::predict(nn::load_onnx(path(j.original, ".onnx")), x);
    out.add({j.model, "W8A8", "top1", nn::agreement(nn::top1(got), labels),
             nn::agreement(nn::top1(before), labels) - j.loss / 100});
  }
  if (j.size > 0) {
    const auto before = static_cast<double>(io::read_file(path(j.model, ".onnx")).size());
    const double part = static_cast<double>(io::onnx::write(nn::to_onnx(g)).size()) / before;
    out.add({j.model, "W8A8", "file_size", part, j.size}, true);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: ptq FOLDER FILE.csv\n");
    return 2;
  }
  const job jobs[] = {
      {"ic_float", "ic_calib_x", "ic_test_x", "ic_test_y", 34, .975, .3, nullptr, 0},
      {"mnist", "mnist_calib_x", "mnist_test_x", "mnist_test_y", 0, 0, .3, nullptr, 0},
      {"digits_cnn", "digits_train_x", "digits_test_x", "digits_test_y", 0, 0, .3, nullptr, 0},
      {"digits_mlp", "digits_flat_train_x", "digits_flat_test_x", "digits_test_y", 0, 0, .3, nullptr, 0},
      {"digits_cnn_hard100", "digits_train_x", "digits_test_x", "digits_test_y", 0, 0, .5, "digits_cnn", 0},
      {"digits_cnn_hard10000", "digits_train_x", "digits_test_x", "digits_test_y", 0, 0, .5, "digits_cnn", 0},
      {"digits_mlp_outlier300", "digits_flat_train_x", "digits_flat_test_x", "digits_test_y", 0, 0, .5, "digits_mlp", 0},
      {"mobilenet_v2", "mobilenet_v2_calib_x", "mobilenet_v2_x", nullptr, 13.7, 0, 0, nullptr, .28},
      {"resnet18_bn", "mobilenet_v2_calib_x", "resnet18_x", nullptr, 31, 0, 0, nullptr, .26},
  };
  std::printf("%-26s %-8s %-12s %10s %10s\n", "model", "scheme", "metric", "value", "target");
  report out;
  int failed = 0;
  for (const job& j : jobs) {
    try {
      measure(arguments[1], j, out);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s: %s\n", j.model, e.what());
      ++failed;
    }
  }
  out.write(arguments[2]);
  return failed > 0 ? 1 : 0;
}
