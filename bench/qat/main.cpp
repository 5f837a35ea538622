// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "data.hpp"

#include <equant/calibration/mse.hpp>
#include <equant/io/file.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/train.hpp>

#include <cstdio>
#include <functional>

/// What quantization-aware training reaches beside the best post-training quantization and simple training: a row per
/// network and width, "model,weight_bits,activation_bits,method,mean,sd,seeds,target", of accuracies on data that no
/// training saw.
///
///   qat <folder of models and data> <report.csv> [a part of "model bits": only those rows]
namespace {

using namespace equant;

struct trained {
  double before = 0, after = 0;  ///< accuracy of the start, quantized after training, and of the end
};

struct task {
  const char* model;
  int weight_bits, activation_bits;
  double target;
  std::function<trained(std::uint64_t seed)> run;
};

/// Calibrated on 200 inputs, distilled from the float network; with hints, from inside it as well, after statistics
/// were matched.
trained fine_tuned(const nn::graph& net, const qat::labelled& train, const qat::labelled& test,
                   const nn::prepare_options& how, nn::train_options o) {
  const nn::tensor sample = train.x.rows(0, std::min<index_t>(200, train.x.sizes[0]));
  nn::trainee t = nn::prepare(net, std::span(&sample, 1), how);
  trained accuracy{qat::accuracy(nn::convert(t), test), 0};
  if (o.hints > 0) nn::match_statistics(t, std::span(&sample, 1));
  o.teacher = &net;
  nn::train(t, train.x, train.y, o);
  accuracy.after = qat::accuracy(nn::convert(t), test);
  return accuracy;
}

/// A network of digits: made, trained in float and then at low bits, all from one seed.
template <class Make>
trained digits(Make make, int bits, std::uint64_t seed) {
  const auto [train, test] = qat::split_digits(1000 + seed);
  nn::trainee start = nn::prepare_float(make(seed));
  nn::train(start, train.x, train.y, {.epochs = 100, .optimizer = {.rate = 0.002}, .seed = seed});
  if (bits == 32) return {0, qat::accuracy(start.net, test)};
  return fine_tuned(start.net, train, test, {.weight_bits = bits, .activation_bits = bits, .calibrator = mse{}},
                    {.epochs = 60, .optimizer = {.rate = 0.03}, .seed = seed});
}

std::vector<task> tasks() {
  std::vector<task> all;
  const std::pair<int, double> mlp[] = {{32, .972}, {4, .973}, {3, .970}, {2, .960}};
  const std::pair<int, double> cnn[] = {{32, .977}, {4, .973}, {3, .963}, {2, .925}};
  for (const auto& [bits, target] : mlp) {
    all.push_back({"digits_mlp", bits, bits, target,
                   [b = bits](std::uint64_t seed) { return digits(qat::digits_mlp, b, seed); }});
  }
  for (const auto& [bits, target] : cnn) {
    all.push_back({"digits_cnn", bits, bits, target,
                   [b = bits](std::uint64_t seed) { return digits(qat::digits_cnn, b, seed); }});
  }
  struct low {
    int bits;
    double target;
    index_t epochs;
    double rate;
  };
  for (const low& l : {low{4, .763, 1, 0.01}, low{3, .745, 2, 0.005}, low{2, .65, 4, 0.005}}) {
    all.push_back({"ic_float", l.bits, 8, l.target, [l](std::uint64_t seed) {
                     const nn::graph net = nn::load_onnx(qat::folder() + "ic_float.onnx");
                     return fine_tuned(net, qat::load("ic_train_u8"), qat::load("ic_test"), {.weight_bits = l.bits},
                                       {.epochs = l.epochs,
                                        .optimizer = {.rate = l.rate},
                                        .seed = seed,
                                        .teacher_share = 0.8,
                                        .temperature = 3,
                                        .hints = l.bits < 4 ? 0.2 : 0.0});
                   }});
  }
  all.push_back({"mnist", 2, 8, .982, [](std::uint64_t seed) {
                   const nn::graph net = nn::load_onnx(qat::folder() + "mnist.onnx");
                   return fine_tuned(
                       net, qat::load("mnist_calib"), qat::load("mnist_test"), {.weight_bits = 2},
                       {.epochs = 20, .optimizer = {.rate = 0.02}, .seed = seed, .teacher_share = 1, .temperature = 3});
                 }});
  return all;
}

std::string row(const task& t, const char* method, const std::vector<double>& values, double target) {
  double mean = 0, square = 0;
  for (double v : values) mean += v / static_cast<double>(values.size());
  for (double v : values) square += (v - mean) * (v - mean);
  const double sd = values.size() < 2 ? 0 : std::sqrt(square / static_cast<double>(values.size() - 1));
  char text[200];
  std::snprintf(text, sizeof text, "%s,%d,%d,%s,%.4f,%.4f,%d,", t.model, t.weight_bits, t.activation_bits, method, mean,
                sd, static_cast<int>(values.size()));
  std::string line = text;
  if (target > 0) std::snprintf(text, sizeof text, "%.3f", target), line += text;
  return line + "\n";
}

}  // namespace

int main(int count, char** arguments) try {
  if (count < 3) {
    std::fprintf(stderr, "usage: %s <folder of models and data> <report.csv> [\"model bits\"]\n", arguments[0]);
    return 2;
  }
  qat::folder() = std::string(arguments[1]) + "/";
  const std::string only = count > 3 ? arguments[3] : "";
  std::string report = "model,weight_bits,activation_bits,method,mean,sd,seeds,target\n";
  bool reached = true;
  for (const task& t : tasks()) {
    if ((std::string(t.model) + " " + std::to_string(t.weight_bits)).find(only) == std::string::npos) continue;
    std::vector<double> before, after;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const trained a = t.run(seed);
      std::fprintf(stderr, "%s, %d bits, seed %d: %.4f\n", t.model, t.weight_bits, static_cast<int>(seed), a.after);
      before.push_back(a.before);
      after.push_back(a.after);
    }
    const bool in_float = t.weight_bits == 32;
    std::string rows = in_float ? "" : row(t, "ptq", before, 0);
    rows += row(t, in_float ? "float" : "lsq_plus", after, t.target);
    std::printf("%s", rows.c_str());
    std::fflush(stdout);
    report += rows;
    double mean = 0;
    for (double a : after) mean += a / 5;
    reached = reached && (in_float || mean >= t.target);
  }
  io::write_file(arguments[2], report);
  return reached ? 0 : 1;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
