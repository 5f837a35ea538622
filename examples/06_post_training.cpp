// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 06. Post-training quantization (PTQ) of a trained network.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/06_post_training.cpp -o 06 && ./06
//
// (Debian's libprotozero-dev reads the ONNX file. The data lies in examples/data; another folder may be given.)
//
// Teaches: a network that is already trained is quantized in one call: a few hundred inputs calibrate its activations,
// its weights are rounded, and no label is needed. Then it is judged, on inputs that were not used to make it.
//
// The pitfall: no validation afterwards. 8 bits are nearly always well; at 2 bits nothing warns you, the network runs
// and answers, only wrongly. Look at the answers, and not at the weights' error alone.
//
// To experiment: calibrate on 8 images instead of 200; turn off what repairs (.correct_bias = false, .rounding =
// nn::rounding_method::nearest) and look at 3 bits again; .calibrator = min_max{}, from equant/calibration/min_max.hpp.
// Your own model takes the same lines.
#include <equant/compare.hpp>
#include <equant/nn/export.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/predict.hpp>
#include <equant/nn/quantize.hpp>

#include <cstdio>

using namespace equant;

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "examples/data";

  // Handwritten digits, 8 x 8 pixels of 0 to 16, and a network of two convolutions and two products that reads them.
  const nn::graph net = nn::load_onnx(folder + "/digits_cnn.onnx");
  const nn::tensor calibration = nn::load_npy(folder + "/digits_train_x.npy", 16).rows(0, 200);
  const nn::tensor images = nn::load_npy(folder + "/digits_test_x.npy", 16);
  const std::vector<index_t> labels = nn::load_labels(folder + "/digits_test_y.npy");

  const nn::tensor logits = nn::predict(net, images);
  const std::vector<index_t> answers = nn::top1(logits);
  std::printf("in float: %.2f %% of %d digits are read right\n\n", 100 * nn::agreement(answers, labels),
              static_cast<int>(labels.size()));

  std::printf("weights  activations    right   same answer as in float   SQNR of the outputs\n");
  for (const auto& [weight_bits, activation_bits] : {std::pair{8, 8}, {6, 8}, {4, 8}, {4, 4}, {3, 3}, {2, 2}}) {
    const nn::graph small =
        nn::quantize(net, calibration, {.weight_bits = weight_bits, .activation_bits = activation_bits});
    const nn::tensor y = nn::predict(small, images);
    std::printf("%2d bits      %2d bits  %6.2f %%   %21.2f %%   %16.1f dB\n", weight_bits, activation_bits,
                100 * nn::agreement(nn::top1(y), labels), 100 * nn::agreement(nn::top1(y), answers),
                metrics::sqnr_db(logits.values, y.values));
  }

  // The result is an ONNX file again, with QuantizeLinear and DequantizeLinear nodes: ONNX Runtime runs it, and so does
  // nn::engine here, in integers.
  const nn::graph small = nn::quantize(net, calibration);
  nn::save_onnx(small, "digits.int8.onnx");
  std::printf("\nwritten: digits.int8.onnx, %zu bytes; in float it was %zu. Of the weights a quarter is left.\n",
              io::read_file("digits.int8.onnx").size(), io::read_file(folder + "/digits_cnn.onnx").size());
}
