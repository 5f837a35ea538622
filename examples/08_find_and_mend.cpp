// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 08. Finding out what quantization broke, and mending it.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/08_find_and_mend.cpp -o 08 && ./08
//
// (Debian's libprotozero-dev reads the ONNX file. The data lies in examples/data; another folder may be given.)
//
// Teaches: when a quantized network answers badly, ask layer by layer which one costs the output most (nn::report),
// then try the cures in order of their price: equalization and bias correction cost nothing at run time, a scale per
// channel next to nothing, a layer in float its speed.
//
// The network here is made hard on purpose, in a way that real ones often are: some channels are 128 times as large as
// others. What it computes in float is the same as before.
//
// To experiment: make the channels 2 or 1000 times apart; keep another layer in float; set .weight_bits = 4.
#include <equant/nn/import.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/predict.hpp>
#include <equant/nn/quantize.hpp>
#include <equant/nn/report.hpp>

#include <cstdio>

using namespace equant;

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "examples/data";
  const nn::tensor calibration = nn::load_npy(folder + "/digits_train_x.npy", 16).rows(0, 200);
  const nn::tensor images = nn::load_npy(folder + "/digits_test_x.npy", 16);
  const std::vector<index_t> labels = nn::load_labels(folder + "/digits_test_y.npy");

  nn::graph net = nn::load_onnx(folder + "/digits_cnn.onnx");
  for (const nn::channel_pair& p : nn::channel_pairs(net)) {
    // Channel c of a layer is divided by 2^(c % 8), and multiplied back by the layer that reads it.
    std::vector<float> factors(static_cast<std::size_t>(nn::weights_of(net.nodes[p.first].layer)->outputs()));
    for (std::size_t c = 0; c < factors.size(); ++c) factors[c] = static_cast<float>(1 << c % 8);
    nn::rescale(net, p, factors);
  }

  const auto show = [&](const char* what, const nn::quantize_options& options) {
    const nn::graph g = nn::quantize(net, calibration, options);
    std::printf("%-48s %7.2f %%\n", what, 100 * nn::agreement(nn::top1(nn::predict(g, images)), labels));
    return g;
  };
  std::printf("%-48s %7.2f %% read right\n", "in float",
              100 * nn::agreement(nn::top1(nn::predict(net, images)), labels));

  // 8 bits, one scale per layer, to the nearest: nothing clever.
  nn::quantize_options o;
  o.per_channel = false;
  o.equalize = nn::equalization::none;
  o.rounding = nn::rounding_method::nearest;
  o.correct_bias = false;
  const nn::graph broken = show("8 bits, one scale per layer, nothing else", o);

  std::printf("\n  Which layer? SQNR in dB     alone, of the output     of the output, this one kept in float\n");
  const nn::network_report report = nn::report(net, broken, std::span(&calibration, 1));
  for (const nn::layer_report& l : report.layers) {
    std::printf("  %-24s %20.1f %30.1f\n", l.name.c_str(), l.output_alone_db, l.kept_float_db);
  }
  const std::string worst = report.worst()->name;
  std::printf("  '%s' hurts most.\n\n", worst.c_str());

  nn::quantize_options kept = o, corrected = o, per_channel = o, equalized = o;
  kept.keep_float = {worst};
  corrected.correct_bias = true;
  per_channel.per_channel = true;
  equalized.equalize = nn::equalization::by_weights;
  show("that layer kept in float", kept);
  show("biases corrected (the mean error taken off)", corrected);
  show("a scale per output channel", per_channel);
  show("channels equalized (nothing changes in float)", equalized);
  show("all of it: what nn::quantize does by itself", {});
}
