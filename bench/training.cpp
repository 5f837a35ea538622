// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/nn/engine.hpp>
#include <equant/nn/export.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/train.hpp>

#include <sys/resource.h>

#include <chrono>
#include <cstdio>

/// `training MODEL INPUTS fused|folded STEPS OUT` prepares a network as torch's default configuration does, with batch
/// normalizations that train (fused) or folded before, trains it for some steps of one batch, converts it, and says how
/// near the engine's answers are to what it was trained as. Writes OUT.onnx, the engine's answers OUT.npy, and to
/// OUT.csv "equant KIND,seconds of the median step,largest megabytes of the process".
namespace {

using namespace equant;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void measure(const char* model, const char* inputs, const std::string& kind, index_t steps, const std::string& out) {
  const nn::graph net = nn::load_onnx(model);
  const nn::tensor x = nn::load_npy(inputs);
  nn::prepare_options how = nn::fbgemm_qat();
  how.train_norms = kind == "fused";
  nn::trainee t = nn::prepare(net, x, how);
  nn::tensor images = x;  // over and over, an epoch of all steps
  std::vector<index_t> labels;
  for (index_t i = 0; i < steps; ++i) {
    if (i > 0) images.values.insert(images.values.end(), x.values.begin(), x.values.end());
    for (index_t n = 0; n < x.sizes[0]; ++n) labels.push_back(n);
  }
  images.sizes[0] *= steps;

  std::vector<double> took;
  double all = 0, first = 0, last = 0;  // losses
  auto start = std::chrono::steady_clock::now();
  nn::train(t, images, labels, {.epochs = 1, .batch = x.sizes[0], .batch_statistics = 0.75,
                                .progress = [&](const nn::training_progress& p) {
                                  took.push_back(seconds_since(start));
                                  last = p.loss * static_cast<double>(p.step) - all;
                                  if (p.step == 1) first = last;
                                  all += last;
                                  start = std::chrono::steady_clock::now();
                                  return true;
                                }});
  std::sort(took.begin(), took.end());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);

  const nn::graph small = nn::convert(t);
  const std::vector<nn::tensor> trained_as = nn::evaluate(small, std::span(&x, 1));
  const std::vector<nn::tensor> ours = nn::engine(small, {x.sizes}).run(std::span(&x, 1));
  std::printf("equant %s: the loss goes from %.3f to %.3f in %d steps; the engine answers as trained to %.1f dB\n",
              kind.c_str(), first, last, static_cast<int>(steps), nn::worst_sqnr_db(trained_as, ours));
  nn::save_onnx(small, out + ".onnx");
  nn::save_npy(out + ".npy", ours[0]);
  io::write_file(out + ".csv", contract::joined("equant ", kind, ",", took[took.size() / 2], ",",
                                                static_cast<double>(usage.ru_maxrss) / 1024, "\n"));
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 6) {
    std::fprintf(stderr, "usage: %s <model.onnx> <inputs.npy> fused|folded <steps> <out>\n", arguments[0]);
    return 2;
  }
  measure(arguments[1], arguments[2], arguments[3], std::atoi(arguments[4]), arguments[5]);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
