// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <chrono>
#include <equant/core/thread_pool.hpp>
#include <equant/nn/engine.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/npy.hpp>
#include <iostream>

#include "model.hpp"

namespace program {

using namespace equant;

void run(const run_options& o) {
  if (o.repeat < 1) contract::invalid_argument("--repeat ", o.repeat, ": at least 1");
  if (o.threads < 1 || o.threads > 1024) contract::invalid_argument("--threads ", o.threads, ": 1 to 1024 can run");
  const nn::graph net = nn::load_onnx(o.model);
  if (net.inputs.size() != 1) contract::invalid_argument(o.model, " has ", net.inputs.size(), " inputs; one is given");
  std::size_t which = 0;
  if (!o.output_name.empty()) {
    while (which < net.outputs.size() && net.at(net.outputs[which]).name != o.output_name) ++which;
    if (which == net.outputs.size())
      contract::invalid_argument("no output of ", o.model, " is called '", o.output_name, "'");
  }
  const nn::tensor x = nn::load_npy(o.input, o.divide);
  if (x.sizes.rank < 1 || x.count() == 0) contract::invalid_argument(o.input, " holds no inputs");
  const index_t fixed = net.inputs[0].sizes.rank > 0 ? net.inputs[0].sizes[0] : -1, batch = fixed > 0 ? fixed : 1;
  if (x.sizes[0] % batch != 0)
    contract::invalid_argument(x.sizes[0], " inputs for a network that takes ", batch, " at once");

  shape some = x.sizes;
  some[0] = batch;
  nn::engine engine(net, {some}, o.threads);
  Eigen::ThreadPool pool(o.threads);
  const pool_executor threads(pool);
  nn::tensor y;
  double seconds = 0;
  for (int turn = 0; turn < o.repeat; ++turn) {
    y = {};
    for (index_t first = 0; first < x.sizes[0]; first += batch) {
      const nn::tensor part = x.rows(first, batch);
      const auto start = std::chrono::steady_clock::now();
      const std::span<const nn::tensor> in(&part, 1);
      const nn::tensor out = (o.threads > 1 ? engine.run(in, threads) : engine.run(in))[which];
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      shape sizes = out.sizes;
      if (first > 0 && sizes.rank > 0) sizes[0] += y.sizes[0];
      y.sizes = sizes;
      y.values.insert(y.values.end(), out.values.begin(), out.values.end());
    }
  }
  nn::save_npy(o.output, y);
  const double runs = static_cast<double>(o.repeat) * static_cast<double>(x.sizes[0] / batch);
  std::cout << o.output << ": " << to_string(y.sizes) << "\n"
            << 1e3 * seconds / runs << " ms for " << batch << ", mean of " << runs << " runs on " << o.threads
            << (o.threads == 1 ? " thread\n" : " threads\n");
}

}  // namespace program
