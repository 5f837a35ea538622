// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/trainee.hpp>

namespace equant::inline EQUANT_ABI::nn {

namespace training {

struct channel_statistics {
  std::vector<double> mean, deviation;
};

/// Of a value whose channels are its fastest axis.
inline channel_statistics statistics_of(std::span<const float> x, std::size_t channels) {
  channel_statistics s{std::vector<double>(channels, 0), std::vector<double>(channels, 0)};
  const double count = static_cast<double>(x.size() / channels);
  for (std::size_t i = 0; i < x.size(); ++i) s.mean[i % channels] += static_cast<double>(x[i]) / count;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double e = static_cast<double>(x[i]) - s.mean[i % channels];
    s.deviation[i % channels] += e * e / count;
  }
  for (double& d : s.deviation) d = std::sqrt(d);
  return s;
}

}  // namespace training

/// Brings mean and deviation of each channel of convolutions and products back to what they are in float, layer by
/// layer, each seeing the layers before it quantized and matched: scales and biases take the difference, as a batch
/// normalization would. With one scale per tensor only the means are matched. A start for few bits.
inline void match_statistics(trainee& t, std::span<const tensor> inputs) {
  std::vector<int> layer_of(t.net.values.size(), -1);
  for (std::size_t i = 0; i < t.net.nodes.size(); ++i) {
    if (!t.weights[i].scales.empty()) layer_of[static_cast<std::size_t>(t.net.nodes[i].output)] = static_cast<int>(i);
  }
  std::vector<training::channel_statistics> aim(t.net.nodes.size());
  const auto look = [&](auto&& f) {
    return [&, f](int v, std::span<float> values, const shape&) {
      const int at = layer_of[static_cast<std::size_t>(v)];
      if (at < 0) return;
      const auto i = static_cast<std::size_t>(at);
      f(i, values,
        training::statistics_of(values, static_cast<std::size_t>(weights_of(t.net.nodes[i].layer)->outputs())));
    };
  };
  evaluate(t.net, inputs, {.grids = false},
           look([&](std::size_t i, std::span<float>, training::channel_statistics s) { aim[i] = std::move(s); }));
  evaluate(
      t.current, inputs, {}, look([&](std::size_t i, std::span<float> values, const training::channel_statistics& now) {
        const std::size_t channels = now.mean.size();
        weights& w = *weights_of(t.net.nodes[i].layer);
        std::vector<float>& b = bias_of(t.net.nodes[i].layer)->values;
        b.resize(channels, 0);
        const std::vector<float>& rounded = bias_of(t.current.nodes[i].layer)->values;
        std::vector<float>& scales = t.weights[i].scales;
        const std::size_t each = w.values.values.size() / channels;
        std::vector<float> factor(channels, 1);
        for (std::size_t c = 0; c < channels; ++c) {
          if (scales.size() == channels && now.deviation[c] > 0 && aim[i].deviation[c] > 0) {
            factor[c] = static_cast<float>(std::clamp(aim[i].deviation[c] / now.deviation[c], 0.25, 4.0));
            scales[c] *= factor[c];
          }
          for (std::size_t k = c * each; k < (c + 1) * each; ++k) w.values.values[k] *= factor[c];
          float& shift = t.norms[i] ? t.norms[i]->norm.shift[c] : b[c];
          const float rounding = rounded.empty() ? 0 : rounded[c] - b[c];
          shift = (shift + rounding - static_cast<float>(now.mean[c])) * factor[c] + static_cast<float>(aim[i].mean[c]);
          if (t.norms[i]) t.norms[i]->norm.scale[c] *= factor[c];
        }
        for (std::size_t k = 0; k < values.size(); ++k) {
          const std::size_t c = k % channels;
          values[k] = (values[k] - static_cast<float>(now.mean[c])) * factor[c] + static_cast<float>(aim[i].mean[c]);
        }
      }));
  refresh(t);
}

}  // namespace equant::inline EQUANT_ABI::nn
