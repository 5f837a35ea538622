// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "progress.hpp"
#include "table.hpp"
#include "training.hpp"

#include <equant/nn/engine.hpp>
#include <equant/nn/export.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/predict.hpp>
#include <equant/nn/quantize.hpp>
#include <equant/nn/train.hpp>

#include <chrono>
#include <csignal>
#include <iostream>

namespace program {
namespace {

using namespace equant;

/// Set by Ctrl-C, once; the next one ends the program.
volatile std::sig_atomic_t interrupted = 0;
void interrupt(int) {
  interrupted = 1;
  std::signal(SIGINT, SIG_DFL);
}

nn::tensor load_inputs(const nn::graph& net, const std::string& path, float divide) {
  const nn::tensor x = nn::load_npy(path, divide);
  if (x.sizes.rank < 1 || x.count() == 0) contract::invalid_argument(path, " holds no inputs");
  nn::check_inputs(net, std::span(&x, 1));
  return x;
}

std::vector<index_t> load_answers(const std::string& path, const std::string& inputs, const nn::tensor& x) {
  std::vector<index_t> y = nn::load_labels(path);
  if (static_cast<index_t>(y.size()) != x.sizes[0]) {
    contract::invalid_argument(path, " holds ", y.size(), " labels, ", inputs, " ", x.sizes[0], " inputs");
  }
  return y;
}

nn::prepare_options prepared(const training_options& o, int weight_bits, int activation_bits) {
  nn::prepare_options p = o.method == "fbgemm" ? nn::fbgemm_qat() : nn::prepare_options{};
  if (o.method == "fbgemm") {
    if (weight_bits != 8 || activation_bits != 8) contract::invalid_argument("fbgemm is a configuration of 8 bits");
  } else {
    constexpr const char* names[] = {"straight_through", "lsq", "lsq_plus", "pact"};
    const auto found = std::find(std::begin(names), std::end(names), o.method);
    if (found == std::end(names)) {
      contract::invalid_argument("no method is called '", o.method,
                                 "'; there are lsq_plus, lsq, pact, straight_through, fbgemm");
    }
    p.method = static_cast<nn::grid_learning>(found - std::begin(names));
    if (activation_bits < 2 || activation_bits > 8) {
      contract::invalid_argument("activations of ", activation_bits, " bits; there are 2 to 8");
    }
    p.weight_bits = weight_bits;
    p.activation_bits = activation_bits;
  }
  p.keep_float = o.keep_float;
  return p;
}

/// What is trained on; the float network's own answers where there are no labels.
struct lesson {
  nn::tensor x;
  std::vector<index_t> y;
  bool labelled = false;

  lesson(const nn::graph& net, const training_options& o) : x(load_inputs(net, o.train, o.divide)) {
    labelled = !o.labels.empty();
    if (labelled) {
      y = load_answers(o.labels, o.train, x);
      nn::check_labels(y, nn::training::classes(net, std::span(&x, 1)));
    } else {
      y = nn::top1(nn::predict(net, x));
    }
  }
};

/// The epochs, as they go by.
nn::train_options epochs_of(const training_options& o, const nn::graph& net, const lesson& data) {
  nn::train_options t;
  t.epochs = o.epochs;
  t.batch = o.batch;
  t.optimizer.rate = o.rate;
  t.seed = o.seed;
  t.teacher = &net;
  t.teacher_share = data.labelled ? 0.5 : 1;
  t.progress = [](const nn::training_progress& p) {
    char note[80];
    std::snprintf(note, sizeof note, " epoch %d  loss %.4f  accuracy %6.2f %% ", static_cast<int>(p.epoch + 1), p.loss,
                  100 * p.accuracy);
    show_progress("training", p.step, p.steps, note);
    return interrupted == 0;
  };
  return t;
}

double accuracy(const nn::graph& g, const nn::tensor& x, std::span<const index_t> y) {
  return nn::agreement(nn::top1(nn::predict(g, x)), y);
}

/// Milliseconds for one input on our engine, the best of several runs over up to 64 of them.
double milliseconds(const nn::graph& g, const nn::tensor& all) {
  const nn::tensor x = all.rows(0, std::min<index_t>(64, all.sizes[0]));
  nn::engine engine(g, {x.sizes});
  double best = 1e300;
  for (int turn = 0; turn < 20; ++turn) {
    const auto start = std::chrono::steady_clock::now();
    static_cast<void>(engine.run(x));
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 1e3 * best / static_cast<double>(x.sizes[0]);
}

/// Weights and biases, codes packed at their width, scales in float.
double weight_bytes(const nn::graph& g) {
  double bytes = 0;
  for (const nn::node& n : g.nodes) {
    const nn::weights* w = nn::weights_of(n.layer);
    if (w == nullptr) continue;
    bytes += static_cast<double>(w->values.values.size()) * (w->quantized() ? w->bits : 32) / 8;
    bytes += 4 * static_cast<double>(w->scales.size() + nn::bias_of(n.layer)->values.size());
  }
  return bytes;
}

}  // namespace

void finetune(const finetune_options& o) {
  if (o.test.empty() != o.test_labels.empty()) contract::invalid_argument("--test and --test-labels go together");
  const nn::graph net = nn::load_onnx(o.model);
  const nn::prepare_options how = prepared(o, o.weight_bits, o.activation_bits);
  const lesson data(net, o);
  nn::tensor x;
  std::vector<index_t> y;
  if (!o.test.empty()) {
    x = load_inputs(net, o.test, o.divide);
    y = load_answers(o.test_labels, o.test, x);
  }

  index_t saved = 0;
  nn::train_options t = epochs_of(o, net, data);
  t.improved = [&](const nn::trainee& now) {
    nn::save_onnx(nn::convert(now), o.output);
    ++saved;
  };
  std::signal(SIGINT, interrupt);
  nn::graph small;
  try {
    small = nn::fine_tune(net, data.x, data.y, how, t);
  } catch (const std::exception& e) {
    if (saved == 0) throw;
    throw std::runtime_error(contract::joined(e.what(), "; ", o.output, " holds the best so far"));
  }
  if (interrupted != 0) throw std::runtime_error("interrupted; " + o.output + " holds the best so far");
  std::signal(SIGINT, SIG_DFL);

  std::cout << o.output << ": weights " << how.weight_bits << " bits, activations " << how.activation_bits << ", "
            << in_bytes(io::read_file(o.output).size()) << " instead of " << in_bytes(io::read_file(o.model).size())
            << ", " << in_bytes(static_cast<std::size_t>(weight_bytes(small))) << " with weights packed\n";
  if (!o.test.empty()) {
    std::cout << "top-1 on " << x.sizes[0] << " tests: float " << percent(accuracy(net, x, y)) << ", now "
              << percent(accuracy(small, x, y)) << '\n';
  }
}

void compare_training(const compare_training_options& o) {
  const nn::graph net = nn::load_onnx(o.model);
  const lesson data(net, o);
  const nn::tensor x = load_inputs(net, o.test, o.divide);
  const std::vector<index_t> y = load_answers(o.test_labels, o.test, x);
  std::signal(SIGINT, interrupt);
  std::vector<trained_network> rows;
  const auto measure = [&](const char* method, int bits, const nn::graph& g) {
    const auto file = static_cast<double>(io::onnx::write(nn::to_onnx(g)).size());
    rows.push_back({method, bits, file, weight_bytes(g), accuracy(g, x, y), milliseconds(g, x)});
  };
  measure("float", 32, net);
  for (int bits : o.bits) {
    const int wide = o.activation_bits == 0 ? bits : o.activation_bits;
    const nn::prepare_options how = prepared(o, bits, wide);
    const nn::tensor sample = data.x.rows(0, std::min<index_t>(512, data.x.sizes[0]));
    measure("after training", bits, nn::quantize(net, sample, {.weight_bits = bits, .activation_bits = wide}));
    measure("in training", bits, nn::fine_tune(net, data.x, data.y, how, epochs_of(o, net, data)));
    if (interrupted != 0) throw std::runtime_error("interrupted");
  }
  std::signal(SIGINT, SIG_DFL);

  text_table t({"quantized", "bits", "file", "weights packed", "accuracy", "ms per input"});
  std::string csv = "quantized,bits,file_bytes,weight_bytes,accuracy,milliseconds\n";
  for (const trained_network& r : rows) {
    t.add({r.method == "float" ? "not (float)" : r.method, std::to_string(r.bits),
           in_bytes(static_cast<std::size_t>(r.file_bytes)), in_bytes(static_cast<std::size_t>(r.weight_bytes)),
           percent(r.accuracy), number(r.milliseconds, 3)});
    csv += contract::joined(r.method, ",", r.bits, ",", r.file_bytes, ",", r.weight_bytes, ",", r.accuracy, ",",
                            r.milliseconds, "\n");
  }
  std::cout << o.model << ", on " << x.sizes[0] << " tests; activations "
            << (o.activation_bits == 0 ? "as many bits as weights" : std::to_string(o.activation_bits) + " bits")
            << ", " << o.epochs << " epochs on " << data.x.sizes[0] << " inputs\n\n" << t.text();
  if (!o.csv.empty()) io::write_file(o.csv, csv);
  if (!o.svg.empty()) plot_training(rows, o.model, "svg", o.svg);
  if (!o.png.empty()) plot_training(rows, o.model, "pngcairo", o.png);
  for (const std::string& path : {o.csv, o.svg, o.png}) {
    if (!path.empty()) std::cout << "written: " << path << '\n';
  }
}

}  // namespace program
