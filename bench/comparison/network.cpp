// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/nn/nn.hpp>
#include <memory>

#include "rows.hpp"

namespace comparison {

using namespace equant;

job network_job(const network_files& files, int rounds) {
  const nn::graph net = nn::load_onnx(files.model);
  const nn::tensor calibration = nn::load_npy(files.calibration, files.divide);
  const nn::tensor inputs = nn::load_npy(files.inputs, files.divide);
  const nn::tensor exact = nn::predict(net, inputs);
  const std::vector<index_t> labels = files.labels.empty() ? nn::top1(exact) : nn::load_labels(files.labels);
  job j{"network",
        contract::joined("The network ", files.model.substr(files.model.find_last_of('/') + 1), " on ", inputs.sizes[0],
                         " inputs, one at a time on one thread"),
        {{"speed", "thousand inputs/s"}, {files.labels.empty() ? "same answer" : "accuracy", "", false}},
        {}};
  double weights = 0;
  for (const nn::node& n : net.nodes) {
    if (const nn::weights* w = nn::weights_of(n.layer)) weights += static_cast<double>(w->values.sizes.count());
  }

  std::vector<timed> times;
  const auto add = [&](const std::string& name, const nn::graph& g) {
    const nn::tensor y = nn::predict(g, inputs);
    const std::size_t bytes = io::onnx::write(nn::to_onnx(g)).size();
    row r{name, 8.0 * static_cast<double>(bytes) / weights, bytes,
          nn::worst_sqnr_db(std::span<const nn::tensor>(&exact, 1), std::span<const nn::tensor>(&y, 1))};
    r.figures = {unknown, nn::agreement(nn::top1(y), labels)};
    j.rows.push_back(std::move(r));
    const auto one = std::make_shared<nn::tensor>(inputs.rows(0, 1));
    const auto engine = std::make_shared<nn::engine>(g, std::vector<shape>{one->sizes});
    const auto out = std::make_shared<nn::tensor>(engine->output_sizes()[0]);
    times.push_back({j.rows.size() - 1, 0, 1e6, [engine, one, out] {
                       engine->run(std::span<const float>(one->values), std::span<float>(out->values));
                     }});
  };
  add("float32", nn::fold_batch_norms(net));
  j.rows[0].sqnr_db = std::numeric_limits<double>::infinity();
  for (int bits : {8, 6, 4, 3, 2}) {
    const std::string name = contract::joined("int", bits, " weights");
    add(name + ", uint8 activations", nn::quantize(net, calibration, {.weight_bits = bits}));
    if (bits == 4) {
      add(name + ", uint4 activations", nn::quantize(net, calibration, {.weight_bits = 4, .activation_bits = 4}));
    }
  }
  measure(j, times, rounds);
  return j;
}

}  // namespace comparison
