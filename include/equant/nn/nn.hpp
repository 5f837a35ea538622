// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

/// Networks: read, quantized, run, written.
///
///   auto net = nn::load_onnx("model.onnx");
///   auto small = nn::quantize(net, images, {.weight_bits = 8});
///   auto y = nn::run(small, images.rows(0, 1));
///   nn::save_onnx(small, "model.int8.onnx");
#include <equant/nn/engine.hpp>
#include <equant/nn/export.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/initial_weights.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/predict.hpp>
#include <equant/nn/quantize.hpp>
#include <equant/nn/recommend.hpp>
#include <equant/nn/report.hpp>
#include <equant/nn/train.hpp>

namespace equant::inline EQUANT_ABI::nn {

/// The outputs of a network, computed by an engine made for it: who runs one often makes the engine himself, once.
inline std::vector<tensor> run(const graph& g, std::span<const tensor> inputs) {
  std::vector<shape> sizes;
  for (const tensor& x : inputs) sizes.push_back(x.sizes);
  return engine(g, sizes).run(inputs);
}
inline tensor run(const graph& g, const tensor& input) { return run(g, std::span<const tensor>(&input, 1)).at(0); }

}  // namespace equant::inline EQUANT_ABI::nn
