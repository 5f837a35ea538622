// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/calibration/entropy.hpp>
#include <equant/calibration/min_max.hpp>
#include <equant/calibration/mse.hpp>
#include <equant/calibration/percentile.hpp>
#include <equant/nn/export.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/quantize.hpp>
#include <charconv>
#include <iostream>

#include "html.hpp"
#include "model.hpp"
#include "model_widths.hpp"
#include "progress.hpp"
#include "table.hpp"

namespace program {
namespace {

using namespace equant;

/// The whole of `text` as a number, for the option that it was given to.
template <class T>
T number_in(const std::string& text, const char* option) {
  T x{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (error != std::errc() || end != text.data() + text.size()) {
    contract::invalid_argument(option, " wants a number, not '", text, "'");
  }
  return x;
}

nn::range_observer calibrator_named(const std::string& name) {
  if (name == "automatic") return automatic{};
  if (name == "min_max") return min_max{};
  if (name == "mse") return mse{};
  if (name == "entropy") return entropy{};
  if (name == "percentile") return percentile{99.99};
  if (name.starts_with("percentile:")) {
    return percentile{number_in<double>(name.substr(11), "--calibrator percentile:")};
  }
  contract::invalid_argument("no calibrator is called '", name,
                             "'; there are automatic, min_max, mse, entropy, percentile, percentile:99.9");
}

void equalize_by(const std::string& name, nn::quantize_options& o) {
  if (name == "automatic") {
    o.equalize = nn::equalization::automatic;
  } else if (name == "none") {
    o.equalize = nn::equalization::none;
  } else if (name == "weights") {
    o.equalize = nn::equalization::by_weights;
  } else if (name == "hadamard") {
    o.equalize = nn::equalization::by_rotation;
  } else if (name == "awq") {
    o.equalize = nn::equalization::activation_aware;
  } else if (name == "activations" || name.starts_with("activations:")) {
    o.equalize = nn::equalization::by_activations;
    if (name != "activations") o.smoothing = number_in<float>(name.substr(12), "--equalize activations:");
  } else {
    contract::invalid_argument("no equalization is called '", name,
                               "'; there are automatic, none, weights, activations, activations:0.75, awq, hadamard");
  }
}

/// Equalizations `activations` (SmoothQuant's), `awq` and `hadamard` are methods of their own too, before GPTQ.
nn::rounding_method method_named(const std::string& name) {
  if (name == "gptq" || name == "awq" || name == "smoothquant" || name == "hadamard") return nn::rounding_method::gptq;
  if (name == "coordinate") return nn::rounding_method::coordinate;
  if (name == "adaround") return nn::rounding_method::adaround;
  if (name == "hqq") return nn::rounding_method::hqq;
  if (name == "automatic") return nn::rounding_method::automatic;
  if (name == "nearest") return nn::rounding_method::nearest;
  contract::invalid_argument(
      "no method is called '", name,
      "'; there are gptq, coordinate, adaround, hqq, nearest, awq, smoothquant, hadamard, automatic");
}

}  // namespace

void quantize(const quantize_options& given) {
  const nn::graph net = nn::load_onnx(given.model);
  nn::quantize_options o;
  o.weight_bits = given.weight_bits;
  o.per_channel = !given.per_tensor;
  o.group = given.group;
  o.codebooks = given.codebooks;
  o.symmetric_activations = given.symmetric;
  o.calibrator = calibrator_named(given.calibrator);
  o.rounding = method_named(given.method);
  const bool equalizes = given.method == "awq" || given.method == "smoothquant" || given.method == "hadamard";
  equalize_by(!equalizes || given.equalize != "automatic" ? given.equalize
              : given.method == "smoothquant"             ? "activations"
                                                          : given.method,
              o);
  o.correct_bias = !given.no_bias_correction;
  o.keep_float = given.keep_float;
  compare_options c;
  o.explain = [&](const nn::rounding_note& n) {
    std::cout << n.layer << ": " << n.why << '\n';
    c.chosen.emplace_back(n.layer, n.why);
  };
  o.progress = [](index_t done, index_t all) { show_progress("calibrating", done, all); };
  const bool in_float = given.activation_bits == "float" || given.calibration.empty();
  o.activation_bits = in_float ? 32 : number_in<int>(given.activation_bits, "--activation-bits");
  if (o.codebooks && (given.method == "adaround" || given.method == "hqq" || given.method == "automatic")) {
    contract::invalid_argument("--codebooks is not for --method ", given.method, ", but for gptq, coordinate, nearest");
  }
  if (o.group != 0 && !in_float) contract::invalid_argument("--group-size wants --activation-bits float");
  const bool by_layer = given.average_bits || given.bytes || given.sqnr || given.same_answers;
  if (by_layer && given.calibration.empty()) contract::invalid_argument("widths by layer want calibration data (-c)");
  if (!by_layer && !(given.csv.empty() && given.svg.empty() && given.png.empty())) {
    contract::invalid_argument("--csv, --svg and --png show widths by layer: give --average-bits, --bytes, --sqnr or "
                               "--same-answers");
  }
  if (!given.html.empty() && given.calibration.empty()) {
    contract::invalid_argument("--html wants calibration data (-c) to compare the networks on");
  }
  nn::graph small;
  if (given.calibration.empty()) {
    small = nn::quantize_weights(net, o);
  } else {
    const nn::tensor inputs = nn::load_npy(given.calibration, given.divide);
    if (by_layer) o.widths = chosen_widths(given, net, inputs, o);
    small = nn::quantize(net, inputs, o);
  }
  nn::save_onnx(small, given.output);

  const char* where = o.codebooks     ? "on levels of each channel's own, written as floats"
                      : o.per_channel ? "per channel"
                                      : "per tensor";
  const std::size_t before = io::read_file(given.model).size(), after = io::read_file(given.output).size();
  std::cout << given.output << ": " << in_bytes(after) << ", " << 100 * after / std::max<std::size_t>(before, 1)
            << " % of " << given.model << "\nweights " << (by_layer ? "2 to 8" : std::to_string(o.weight_bits))
            << " bits " << (by_layer ? "by layer, " : "") << where
            << (o.group != 0 ? contract::joined(", products in groups of ", o.group, " inputs") : "")
            << (in_float ? ", activations in float"
                         : ", activations " + given.activation_bits + " bits, calibrated by " + o.calibrator.name())
            << '\n';
  if (given.calibration.empty()) {
    std::cout << "No calibration data was given (-c): only weights were quantized.\n";
  } else {
    std::cout << "See what it cost: equant compare " << given.model << ' ' << given.output << " -i "
              << given.calibration;
    if (given.divide != 1) std::cout << " --divide " << given.divide;
    std::cout << '\n';
  }
  if (!given.html.empty()) {
    c.first = given.model;
    c.second = given.output;
    c.input = given.calibration;
    c.divide = given.divide;
    c.html = given.html;
    compare(c);
  }
}

}  // namespace program
