// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "model.hpp"
#include "tensors.hpp"

#include <equant/core/thread_pool.hpp>
#include <equant/nn/evaluate.hpp>
#include <equant/nn/import.hpp>

#include <iostream>

namespace program {

using namespace equant;

void run(const run_options& o) {
  const nn::graph net = nn::load_onnx(o.model);
  const nn::tensor x = load_tensor(o.input);
  std::size_t which = 0;
  if (!o.output_name.empty()) {
    while (which < net.outputs.size() && net.at(net.outputs[which]).name != o.output_name) ++which;
    if (which == net.outputs.size()) contract::invalid_argument("no output of ", o.model, " is called '", o.output_name, "'");
  }
  const auto y = nn::evaluate(net, std::span<const nn::tensor>(&x, 1));
  save_tensor(o.output, y[which]);
  std::cout << o.output << ": " << to_string(y[which].sizes) << '\n';
}

}  // namespace program
