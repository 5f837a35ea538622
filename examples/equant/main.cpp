// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// The program: equant's answers without writing C++. Like the guard, this file is compiled for any CPU.
#include <CLI/CLI.hpp>
#include <equant/core/version.hpp>
#include <exception>
#include <iostream>

#include "bits.hpp"
#include "machine.hpp"
#include "model.hpp"
#include "training.hpp"

namespace {

std::string version() {
  return "equant " + std::to_string(EQUANT_VERSION_MAJOR) + "." + std::to_string(EQUANT_VERSION_MINOR) + "." +
         std::to_string(EQUANT_VERSION_PATCH) + ", kernels for " + program::built_for.name;
}

const CLI::Validator not_negative(
    [](const std::string& text) { return std::string(text.starts_with('-') ? "must not be negative" : ""); }, "");

void add_training_options(CLI::App* command, program::training_options& o) {
  command->add_option("model", o.model, "A float network, .onnx")->required();
  command->add_option("--train", o.train, "Inputs to train on, .npy")->required();
  command->add_option("--labels", o.labels, "Their right answers, .npy; without them it learns the float network's");
  command->add_option("--test", o.test, "Inputs to measure accuracy on, .npy");
  command->add_option("--test-labels", o.test_labels, "Their right answers, .npy");
  command->add_option("--divide", o.divide, "What inputs are divided by first: 255 for pixels of 0 to 255, say")
      ->capture_default_str();
  command->add_option("--epochs", o.epochs, "How often it sees each input")->capture_default_str();
  command->add_option("--batch", o.batch, "Inputs per step")->capture_default_str();
  command->add_option("--rate", o.rate, "Learning rate, in quantization steps of the weights")
      ->capture_default_str()
      ->check(not_negative);
  command->add_option("--seed", o.seed, "The same seed gives the same network")->capture_default_str();
  command
      ->add_option("--method", o.method, "How grids learn: lsq_plus, lsq, pact, straight_through; fbgemm: as PyTorch")
      ->capture_default_str();
  command->add_option("--keep-float", o.keep_float, "A node that stays in float; may be given again");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("equant: turn real tensors into low-bit codes and see what it costs");
  app.require_subcommand(1);
  app.set_version_flag("--version", version());
  app.footer(version());

  program::bits_options bits;
  CLI::App* command = app.add_subcommand("bits", "Every bit depth and quantizer on one tensor: error, size, bound");
  command->add_option("file", bits.input, "A .npy file: float16/32/64 or integers, any shape")->required();
  command->add_option("--axis", bits.axis, "Parameters per position of this axis (negative from the end)");
  command->add_option("--group", bits.group, "Parameters per this many neighbours, along --axis or the last one");
  command->add_option("--from", bits.low, "Fewest bits")->capture_default_str();
  command->add_option("--to", bits.high, "Most bits")->capture_default_str();
  command->add_option("--sqnr", bits.sqnr, "Name the cheapest scheme that reaches this many dB");
  command->add_option("--bytes", bits.bytes, "Name the best scheme that takes at most so many bytes")
      ->check(not_negative);
  command->add_option("--csv", bits.csv, "Write the table as CSV");
  command->add_option("--json", bits.json, "Write the table as JSON");
  command->add_option("--svg", bits.svg, "Draw error against bits, and levels over the data (needs gnuplot)");
  command->add_option("--png", bits.png, "The same as PNG");
  command->callback([&] { program::bits(bits); });

  program::quantize_options quantize;
  command = app.add_subcommand("quantize", "A network (.onnx) on integer grids: calibrated, repaired, written as QDQ");
  command->add_option("model", quantize.model, "A float network, .onnx")->required();
  command->add_option("-c,--calibration", quantize.calibration,
                      "Inputs it will see, .npy; without them only weights are quantized");
  command->add_option("-o,--output", quantize.output, "The quantized network, .onnx")->required();
  command->add_option("--divide", quantize.divide, "What inputs are divided by first: 255 for pixels of 0 to 255, say")
      ->capture_default_str();
  auto* width = command->add_option("--weight-bits", quantize.weight_bits, "2 to 8")->capture_default_str();
  auto* budget = command->add_option_group("Widths by layer", "2 to 8 bits each, by what it costs the output; want -c");
  budget->add_option("--average-bits", quantize.average_bits, "So many bits per weight on average, at least error");
  budget->add_option("--bytes", quantize.bytes, "So many bytes of weights and scales, at least error")
      ->check(not_negative);
  budget->add_option("--sqnr", quantize.sqnr, "So many dB at the output, in fewest bytes");
  budget->add_option("--same-answers", quantize.same_answers, "So many percent of answers as in float, likewise");
  budget->require_option(0, 1)->excludes(width);
  command->add_option("--csv", quantize.csv, "Write the curve of size against error as CSV");
  command->add_option("--svg", quantize.svg, "Draw it (needs gnuplot)");
  command->add_option("--png", quantize.png, "The same as PNG");
  command->add_option("--activation-bits", quantize.activation_bits, "2 to 8, or float")->capture_default_str();
  command->add_option("--group-size", quantize.group,
                      "So many inputs of a product share a scale, 16, 32, 64 ...; with activations in float");
  command->add_flag("--codebooks", quantize.codebooks,
                    "Weights on levels of each channel's own, 2^bits of them, for 2 and 3 bits; the file holds floats");
  command->add_option("--calibrator", quantize.calibrator, "automatic, min_max, mse, entropy, percentile:99.99")
      ->capture_default_str();
  command
      ->add_option("--method", quantize.method,
                   "How weights are rounded: gptq, coordinate, adaround, hqq, nearest; awq, smoothquant, hadamard; "
                   "automatic")
      ->capture_default_str();
  command->add_option("--equalize", quantize.equalize,
                      "How channels are evened before: automatic, none, weights, activations, activations:0.75, awq, "
                      "hadamard")
      ->capture_default_str();
  command->add_flag("--per-tensor", quantize.per_tensor, "One scale for all weights of a layer");
  command->add_flag("--symmetric", quantize.symmetric, "Activations with zero in the middle");
  command->add_flag("--no-bias-correction", quantize.no_bias_correction, "Leave the biases as they are");
  command->add_option("--keep-float", quantize.keep_float, "A node that stays in float; may be given again");
  command->add_option("--html", quantize.html, "Write a page that shows what it cost");
  command->callback([&] { program::quantize(quantize); });

  program::run_options run;
  command = app.add_subcommand("run", "Run a network, float or QDQ, on equant's own kernels");
  command->add_option("model", run.model, "A network, .onnx")->required();
  command->add_option("-i,--input", run.input, "Inputs, .npy")->required();
  command->add_option("--divide", run.divide, "What inputs are divided by first: 255 for pixels of 0 to 255, say")
      ->capture_default_str();
  command->add_option("-o,--output", run.output, "Answers, .npy")->required();
  command->add_option("--output-name", run.output_name, "Which output; the first unless given");
  command->add_option("--repeat", run.repeat, "Run so often, and print the time")->capture_default_str();
  command->add_option("--threads", run.threads, "How many")->capture_default_str();
  command->callback([&] { program::run(run); });

  std::string inspected;
  command = app.add_subcommand("inspect", "What a network is made of");
  command->add_option("model", inspected, "A network, .onnx")->required();
  command->callback([&] { program::inspect(inspected); });

  program::compare_options compare;
  command = app.add_subcommand("compare", "A network and its quantized form, layer by layer");
  command->add_option("first", compare.first, "The float network, .onnx")->required();
  command->add_option("second", compare.second, "The quantized one, .onnx")->required();
  command->add_option("-i,--input", compare.input, "Inputs, .npy")->required();
  command->add_option("--divide", compare.divide, "What inputs are divided by first: 255 for pixels of 0 to 255, say")
      ->capture_default_str();
  command->add_option("--labels", compare.labels, "The right answers, .npy");
  command->add_option("--limit", compare.limit, "Inputs for the report by layers")->capture_default_str();
  command->add_option("--html", compare.html, "Write a page with plots");
  command->callback([&] { program::compare(compare); });

  program::finetune_options finetune;
  command =
      app.add_subcommand("finetune", "Train a network at few bits: the best of its epochs is kept, Ctrl-C ends it");
  add_training_options(command, finetune);
  command->add_option("-o,--output", finetune.output, "The quantized network, .onnx")->required();
  command->add_option("--weight-bits", finetune.weight_bits, "2 to 8")->capture_default_str();
  command->add_option("--activation-bits", finetune.activation_bits, "2 to 8")->capture_default_str();
  command->callback([&] { program::finetune(finetune); });

  program::compare_training_options widths;
  command = app.add_subcommand("compare-training", "Size, accuracy and speed: float, quantized after and in training");
  add_training_options(command, widths);
  command->get_option("--test")->required();
  command->get_option("--test-labels")->required();
  command->add_option("--bits", widths.bits, "Widths of the weights")->capture_default_str();
  command->add_option("--activation-bits", widths.activation_bits, "Of activations; 0: as the weights")
      ->capture_default_str();
  command->add_option("--csv", widths.csv, "Write the table as CSV");
  command->add_option("--svg", widths.svg, "Draw it (needs gnuplot)");
  command->add_option("--png", widths.png, "The same as PNG");
  command->callback([&] { program::compare_training(widths); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 1;  // --help and --version are no failures
  } catch (const std::exception& e) {
    const std::string what = e.what();
    std::cerr << (what.starts_with("equant: ") ? what : "equant: " + what) << '\n';
    return 1;
  }
  return 0;
}
