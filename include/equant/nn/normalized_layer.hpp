// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/evaluate.hpp>
#include <equant/nn/gradients.hpp>
#include <equant/nn/trained_norm.hpp>

namespace equant::inline EQUANT_ABI::nn {

/// A layer whose batch normalization trains inside it (trained_norm.hpp), forward and back.
struct normalized_layer {
  std::vector<float> product, back;  ///< z and its gradient
  batch_norm used;                   ///< what normalized z
  std::vector<float> rounded;        ///< per channel, the sum of rounded weights times their gradients
  std::vector<float> of_scale;       ///< the gradient of the normalization's scale

  /// With the statistics of the batch; the running ones follow. `l` holds the rounded weights.
  void forward(layer& l, trained_norm& n, std::span<const float_input> x, const float_output& y) {
    product.resize(static_cast<std::size_t>(y.count()));
    std::vector<float> no_bias;
    no_bias.swap(bias_of(l)->values);
    run_layer(l, x, {product.data(), y.sizes});
    no_bias.swap(bias_of(l)->values);
    const float_input z{product.data(), y.sizes};
    used = with_statistics_of(z, n);
    in_float::run(used, std::span(&z, 1), y);
    follow(n, used, y.count() / y.sizes[1]);
    of_scale.assign(n.norm.scale.size(), 0);
  }

  /// To the gradients of the rounded weights and the shift, which are added to `sum`, and of what normalizes z.
  void backward(const layer& l, std::span<const float_input> x, const float_input& dy,
                std::span<const float_output> dx, layer_gradient& sum) {
    const float_input z{product.data(), dy.sizes};
    back.assign(product.size(), 0);
    layer_gradient of_norm;
    of_norm.weights.swap(of_scale);
    of_norm.bias.swap(sum.bias);
    in_reverse::normalize(used, true, z, dy, {back.data(), dy.sizes}, of_norm);
    run_backward(l, x, z, {back.data(), dy.sizes}, dx, sum);
    of_norm.weights.swap(of_scale);
    of_norm.bias.swap(sum.bias);
  }

  void note_rounded(const weights& w, const layer_gradient& sum) {
    rounded.resize(of_scale.size());
    const auto each = w.values.count() / static_cast<index_t>(rounded.size());
    for (std::size_t c = 0; c < rounded.size(); ++c) {
      const auto first = static_cast<index_t>(c) * each;
      rounded[c] = (in_float::const_array(w.values.values.data() + first, each) *
                    in_float::const_array(sum.weights.data() + first, each)).sum();
    }
  }

  /// From gradients of the folded weights and bias, in `sum`, to those of w and shift, left there, and of scale:
  ///   of batches   |.|' of_scale + sum(dw' w) / deviation - rounded / scale,   dw' that of folded, rounded of rounded weights
  ///   frozen       sum(dw' w) / deviation - db mean / deviation
  void unfold(const trained_norm& n, bool of_batch, layer_gradient& sum) {
    const std::size_t channels = n.norm.scale.size();
    const auto each = static_cast<index_t>(n.weights.size() / channels);
    of_scale.resize(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      const auto first = static_cast<index_t>(c) * each;
      in_float::array dw(sum.weights.data() + first, each);
      const float along = (dw * in_float::const_array(n.weights.data() + first, each)).sum() / n.deviations[c];
      dw *= n.factor(c);
      const float scale = n.norm.scale[c];
      if (!of_batch) {
        of_scale[c] = along - sum.bias[c] * n.norm.mean[c] / n.deviations[c];
      } else {
        of_scale[c] = scale == 0 ? 0 : along - rounded[c] / scale + (scale > 0 ? of_scale[c] : -of_scale[c]);
      }
    }
  }
};

}  // namespace equant::inline EQUANT_ABI::nn
