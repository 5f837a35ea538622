// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "data.hpp"

#include <equant/calibration/mse.hpp>
#include <equant/io/file.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/train.hpp>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>

/// What quantization-aware training reaches beside the best post-training quantization and simple training: a row per
/// network and width, "model,weight_bits,activation_bits,method,mean,sd,seeds,target", of accuracies on data that no
/// training saw, and that nothing was chosen by: between recipes the loss on a fifth of the training data decides, in
/// runs that train on the rest.
///
///   qat <folder of models and data> <report.csv> [a part of "model bits": only those rows [seeds]]
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

/// How to train: rates, epochs, and how much is hinted from inside the float network.
struct recipe {
  double rate;
  index_t epochs;
  double hints = 0;
};

/// A float network, what is known about its quantization, and what of its training is open.
struct lesson {
  nn::graph net;
  qat::labelled data;
  nn::prepare_options how;
  nn::train_options options;
  std::vector<recipe> recipes;
};

nn::trainee prepared(const lesson& l, const nn::tensor& x) {
  const nn::tensor sample = x.rows(0, std::min<index_t>(200, x.sizes[0]));
  return nn::prepare(l.net, std::span(&sample, 1), l.how);
}

/// Calibrated on 200 inputs, distilled from the float network; with hints, after statistics were matched.
nn::graph fine_tuned(const lesson& l, const qat::labelled& data, const recipe& r) {
  nn::trainee t = prepared(l, data.x);
  const nn::tensor sample = data.x.rows(0, std::min<index_t>(200, data.x.sizes[0]));
  nn::train_options o = l.options;
  o.epochs = r.epochs;
  o.optimizer.rate = r.rate;
  o.hints = r.hints;
  o.teacher = &l.net;
  if (o.hints > 0) nn::match_statistics(t, std::span(&sample, 1));
  nn::train(t, data.x, data.y, o);
  return nn::convert(t);
}

/// The recipe of least loss on a fifth of the data, after training on the rest.
recipe chosen(const lesson& l) {
  const auto [rest, aside] = qat::split(l.data, 5, 2000 + l.options.seed);
  std::pair<double, recipe> best{std::numeric_limits<double>::infinity(), l.recipes.at(0)};
  for (const recipe& r : l.recipes) {
    const nn::graph g = fine_tuned(l, rest, r);
    const double loss = qat::loss(g, aside);
    std::fprintf(stderr, "  rate %g, %d epochs, hints %g: loss %.4f, accuracy %.4f on the fifth put aside\n", r.rate,
                 static_cast<int>(r.epochs), r.hints, loss, qat::accuracy(g, aside));
    if (loss < best.first) best = {loss, r};
  }
  return best.second;
}

/// A network of digits: made, trained in float and then at low bits, all from one seed. Each seed has tests of its own,
/// so each chooses by its own training data.
template <class Make>
trained digits(Make make, int bits, std::uint64_t seed) {
  const auto [train, test] = qat::split_digits(1000 + seed);
  nn::trainee start = nn::prepare_float(make(seed));
  nn::train(start, train.x, train.y, {.epochs = 100, .optimizer = {.rate = 0.002}, .seed = seed});
  if (bits == 32) return {0, qat::accuracy(start.net, test)};
  const lesson l{start.net, train, {.weight_bits = bits, .activation_bits = bits, .calibrator = mse{}}, {.seed = seed},
                 {{0.01, 60}, {0.03, 60}, {0.06, 60}}};
  return {qat::accuracy(nn::convert(prepared(l, train.x)), test), qat::accuracy(fine_tuned(l, train, chosen(l)), test)};
}

/// A network from a file, its tests the same for every seed: the first one chooses.
std::function<trained(std::uint64_t)> from_file(const std::string& name, const std::string& training,
                                                const std::string& tests, int bits, const nn::train_options& options,
                                                const std::vector<recipe>& recipes) {
  return [=, choice = std::optional<recipe>()](std::uint64_t seed) mutable {
    lesson l{nn::load_onnx(qat::folder() + name + ".onnx"), qat::load(training), {.weight_bits = bits}, options, recipes};
    l.options.seed = seed;
    const qat::labelled test = qat::load(tests);
    if (!choice) choice = chosen(l);
    return trained{qat::accuracy(nn::convert(prepared(l, l.data.x)), test),
                   qat::accuracy(fine_tuned(l, l.data, *choice), test)};
  };
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
  const auto ic = [&](int bits, double target, const std::vector<recipe>& recipes) {
    all.push_back({"ic_float", bits, 8, target,
                   from_file("ic_float", "ic_train_u8", "ic_test", bits, {.teacher_share = 0.8, .temperature = 3},
                             recipes)});
  };
  ic(4, .763, {{0.01, 1}, {0.005, 1}});
  ic(3, .745, {{0.005, 2, 0.2}, {0.01, 2}});
  ic(2, .65, {{0.005, 4, 0.2}, {0.01, 4, 0.2}});
  all.push_back({"mnist", 2, 8, .982,
                 from_file("mnist", "mnist_calib", "mnist_test", 2, {.teacher_share = 1, .temperature = 3},
                           {{0.01, 20}, {0.02, 20}, {0.04, 20}})});
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
    std::fprintf(stderr, "usage: %s <folder of models and data> <report.csv> [\"model bits\" [seeds]]\n", arguments[0]);
    return 2;
  }
  qat::folder() = std::string(arguments[1]) + "/";
  const std::string only = count > 3 ? arguments[3] : "";
  const auto seeds = static_cast<std::uint64_t>(count > 4 ? std::max(1, std::atoi(arguments[4])) : 5);
  std::string report = "model,weight_bits,activation_bits,method,mean,sd,seeds,target\n";
  bool reached = true;
  for (const task& t : tasks()) {
    if ((std::string(t.model) + " " + std::to_string(t.weight_bits)).find(only) == std::string::npos) continue;
    std::vector<double> before, after;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
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
    for (double a : after) mean += a / static_cast<double>(seeds);
    reached = reached && (in_float || mean >= t.target);
  }
  io::write_file(arguments[2], report);
  return reached ? 0 : 1;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
