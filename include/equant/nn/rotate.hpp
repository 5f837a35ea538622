// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/equalize.hpp>
#include <equant/nn/layer_inputs.hpp>
#include <equant/weights/hadamard.hpp>

/// Rotation between two layers with nothing between (as QuaRot does, Ashkboos et al. 2024, where a network is linear):
/// what the first makes of its inputs is turned by a Hadamard matrix over the channels, which its weights and bias take
/// in, and turned back by the weights of the second. The network computes the same but for float's rounding; outliers
/// in single channels, of weights or activations, are spread over all. A nonlinearity between, Relu even, leaves no
/// such freedom.
namespace equant::inline EQUANT_ABI::nn {

/// The pairs of layers, neither in groups, that nothing separates.
inline std::vector<channel_pair> linear_pairs(const graph& g) {
  std::vector<channel_pair> found;
  for (const channel_pair& p : channel_pairs(g)) {
    const node &a = g.nodes[p.first], &b = g.nodes[p.second];
    const bool direct =
        b.inputs[0] == a.output && p.each == 1 && matrices_of(a.layer) == 1 && matrices_of(b.layer) == 1;
    if (direct && equant::weights::hadamard(weights_of(a.layer)->outputs()).block() > 1) found.push_back(p);
  }
  return found;
}

/// Turns what lies between a linear pair. Weights in float.
inline void rotate(graph& g, const channel_pair& p) {
  layer &a = g.nodes[p.first].layer, &b = g.nodes[p.second].layer;
  const index_t channels = weights_of(a)->outputs();
  const equant::weights::hadamard turn(channels);
  set_weight_matrix(a, 0, turn.turned(weight_matrix(a, 0).transpose()).transpose());
  if (std::vector<float>& shift = bias_of(a)->values; !shift.empty()) {
    Eigen::Map<Eigen::RowVectorXf> row(shift.data(), channels);
    row = turn.turned(row).eval();
  }
  Eigen::MatrixXf m = weight_matrix(b, 0);  // [tap][channel]
  for (index_t first = 0; first < m.cols(); first += channels) {
    m.middleCols(first, channels) = turn.turned(m.middleCols(first, channels)).eval();
  }
  set_weight_matrix(b, 0, m);
}

inline void rotate_pairs(graph& g) {
  for (const channel_pair& p : linear_pairs(g)) rotate(g, p);
}

/// The float network `net` turned where `g`, which has the same nodes by name, is: where a pair's first weights come
/// nearer to those of `g` so.
inline graph rotated_like(const graph& g, graph net) {
  for (const channel_pair& p : linear_pairs(net)) {
    const node* same = g.find(net.nodes[p.first].name);
    const weights* other = same == nullptr ? nullptr : weights_of(same->layer);
    if (other == nullptr || other->values.sizes != weights_of(net.nodes[p.first].layer)->values.sizes) continue;
    graph turned = net;
    rotate(turned, p);
    const auto distance = [&](const graph& x) {
      return (weight_matrix(x.nodes[p.first].layer, 0) - weight_matrix(same->layer, 0)).squaredNorm();
    };
    if (distance(turned) < distance(net)) net = std::move(turned);
  }
  return net;
}

}  // namespace equant::inline EQUANT_ABI::nn
