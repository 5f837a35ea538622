// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/nn/import.hpp>
#include <equant/nn/report.hpp>
#include <iostream>

#include "model.hpp"
#include "table.hpp"

namespace program {
namespace {

using namespace equant;

/// Multiplications of one entry of the batch.
index_t multiplications(const nn::node& n, const shape& result) {
  const nn::weights* w = nn::weights_of(n.layer);
  if (w == nullptr || result.rank == 0 || w->outputs() == 0) return 0;
  const index_t per_output = w->values.count() / w->outputs();
  return result.count() / std::max<index_t>(result[0], 1) * per_output;
}

}  // namespace

void inspect(const std::string& model) {
  const nn::graph net = nn::load_onnx(model);
  std::vector<shape> in;
  for (const nn::graph_input& i : net.inputs) {
    in.push_back(i.sizes);
    for (int a = 0; a < i.sizes.rank; ++a) in.back()[a] = std::max<index_t>(in.back()[a], 1);
  }
  const auto sizes = nn::infer_shapes(net, in);
  text_table t({"node", "kind", "result", "weights", "bits", "smallest", "largest", "dead", "multiplications", "grid"});
  index_t parameters = 0, products = 0;
  for (const nn::node& n : net.nodes) {
    const nn::weights* w = nn::weights_of(n.layer);
    const auto& to = net.at(n.output).grid;
    std::vector<std::string> row{n.name, nn::kind_name(n.layer), to_string(sizes[static_cast<std::size_t>(n.output)])};
    if (w != nullptr) {
      const auto [low, high] = std::minmax_element(w->values.values.begin(), w->values.values.end());
      row.insert(row.end(), {to_string(w->values.sizes), w->quantized() ? std::to_string(w->bits) : "float",
                             number(*low, 4), number(*high, 4), std::to_string(nn::reporting::dead_channels(*w))});
      parameters += w->values.count() + static_cast<index_t>(nn::bias_of(n.layer)->values.size());
    } else {
      row.insert(row.end(), {"", "", "", "", ""});
    }
    const index_t m = multiplications(n, sizes[static_cast<std::size_t>(n.output)]);
    products += m;
    row.push_back(m > 0 ? std::to_string(m) : "");
    row.push_back(to ? contract::joined(to->is_signed() ? "int" : "uint", nn::grid_bits(*to), ", scale ", to->scale,
                                        ", zero ", to->zero_point)
                     : "");
    t.add(std::move(row));
  }
  std::cout << model << ": '" << net.name << "', " << net.nodes.size() << " layers, " << parameters << " parameters, "
            << products << " multiplications\n";
  for (std::size_t i = 0; i < net.inputs.size(); ++i) {
    std::cout << "input '" << net.at(net.inputs[i].value).name << "' " << to_string(in[i])
              << (net.inputs[i].sizes[0] < 0 ? ", any batch\n" : "\n");
  }
  for (int v : net.outputs)
    std::cout << "output '" << net.at(v).name << "' " << to_string(sizes[static_cast<std::size_t>(v)]) << '\n';
  std::cout << '\n' << t.text();
}

}  // namespace program
