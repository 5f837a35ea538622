// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 07. Quantization-aware training (QAT) against post-training quantization (PTQ), at few bits.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/07_qat_against_ptq.cpp -o 07 && ./07
//
// (Debian's libprotozero-dev reads the ONNX file. The data lies in examples/data; another folder may be given.)
//
// Teaches: PTQ rounds the weights a network happens to have. QAT lets it learn weights that survive rounding: in
// training each forward pass runs quantized, each backward pass as if rounding were not there (the straight-through
// estimator), and the steps of the grids learn along (LSQ+). At 8 bits it brings nothing; the fewer bits, the more.
//
// The pitfall: too few bits without adapting. 2 bits are 4 values per weight; a network can live with that, but only
// one that was trained to.
//
// To experiment: more epochs; {.method = nn::grid_learning::straight_through} beside .activation_bits, to see what the
// learned steps bring; leave out the teacher (the float network, whose answers say more than a label does).
#include <equant/nn/import.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/predict.hpp>
#include <equant/nn/quantize.hpp>
#include <equant/nn/train.hpp>

#include <cstdio>

using namespace equant;

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "examples/data";
  const nn::graph net = nn::load_onnx(folder + "/digits_cnn.onnx");
  const nn::tensor images = nn::load_npy(folder + "/digits_train_x.npy", 16);
  const std::vector<index_t> labels = nn::load_labels(folder + "/digits_train_y.npy");

  // What neither calibration nor training sees.
  const nn::tensor test_images = nn::load_npy(folder + "/digits_test_x.npy", 16);
  const std::vector<index_t> test_labels = nn::load_labels(folder + "/digits_test_y.npy");
  const auto right = [&](const nn::graph& g) {
    return 100 * nn::agreement(nn::top1(nn::predict(g, test_images)), test_labels);
  };

  std::printf("digits read right, in float: %.2f %%\n\n", right(net));
  std::printf("weights and activations   PTQ, simplest   PTQ, repaired   QAT, 12 epochs\n");
  for (const int bits : {4, 3, 2}) {
    // Rounded to the nearest, and nothing else.
    const nn::graph simple = nn::quantize(net, images, {.weight_bits = bits,
                                                        .activation_bits = bits,
                                                        .equalize = nn::equalization::none,
                                                        .rounding = nn::rounding_method::nearest,
                                                        .correct_bias = false});
    // Rounded so that later weights make up for earlier ones (GPTQ), and the biases corrected: still no training.
    const nn::graph repaired = nn::quantize(net, images, {.weight_bits = bits, .activation_bits = bits});

    const nn::graph trained = nn::fine_tune(net, images, labels, {.weight_bits = bits, .activation_bits = bits},
                                            {.epochs = 12, .teacher = &net});
    std::printf("%8d bits            %12.2f %% %13.2f %% %14.2f %%\n", bits, right(simple), right(repaired),
                right(trained));
  }
  std::printf("\nTraining costs time, and labels or a teacher's answers; PTQ costs neither. So: PTQ first, and QAT\n"
              "where the bits are so few that PTQ loses what matters.\n");
}
