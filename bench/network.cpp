// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Our side of network.mjs: `network MODEL` makes a network ready and, for each line of its input, runs it once and
// prints the seconds; `network MODEL CALIBRATION OUT` quantizes one.
#include <equant/nn/engine.hpp>
#include <equant/nn/export.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/quantize.hpp>

#include <chrono>
#include <cstdio>
#include <iostream>

namespace {

using namespace equant;

void serve(const nn::graph& net) {
  shape sizes = net.inputs[0].sizes;
  if (sizes[0] < 0) sizes[0] = 1;
  nn::engine engine(net, {sizes});
  nn::tensor x(sizes), y(engine.output_sizes()[0]);
  for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] = static_cast<float>(i * 37 % 255) / 128 - 1;
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto start = std::chrono::steady_clock::now();
    engine.run(std::span<const float>(x.values), std::span<float>(y.values));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << took.count() << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 2) {
      serve(nn::fold_batch_norms(nn::load_onnx(argv[1])));
    } else if (argc == 4) {
      nn::save_onnx(nn::quantize(nn::load_onnx(argv[1]), nn::load_npy(argv[2])), argv[3]);
    } else {
      std::fprintf(stderr, "network MODEL [CALIBRATION OUT]\n");
      return 2;
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
