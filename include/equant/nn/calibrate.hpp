// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/evaluate.hpp>
#include <equant/nn/placement.hpp>
#include <equant/nn/range_observer.hpp>

#include <functional>

/// Looks at what a network computes on real inputs and chooses the grids of its values.
namespace equant::inline EQUANT_ABI::nn {

/// Tells someone how far a long pass is.
struct progress_counter {
  std::function<void(index_t, index_t)> tell;
  index_t done = 0, all = 0;

  void add(index_t n) {
    done += n;
    if (tell) tell(done, all);
  }
};

inline std::vector<tensor> some_rows(std::span<const tensor> inputs, index_t first, index_t n) {
  std::vector<tensor> part;
  for (const tensor& x : inputs) part.push_back(x.rows(first, n));
  return part;
}
inline std::vector<tensor> first_rows(std::span<const tensor> inputs, index_t n) { return some_rows(inputs, 0, n); }

/// Throws std::invalid_argument where inputs do not fit the network, are empty, or hold a value that is not finite.
inline void check_inputs(const graph& g, std::span<const tensor> inputs) {
  std::vector<shape> sizes;
  for (const tensor& x : inputs) sizes.push_back(x.sizes);
  for (std::size_t i = 0; i < std::min(inputs.size(), g.inputs.size()); ++i) {
    const tensor& x = inputs[i];
    const std::string& name = g.at(g.inputs[i].value).name;
    if (x.sizes.rank < 1 || x.count() == 0 || x.sizes[0] != inputs[0].sizes[0]) {
      contract::invalid_argument("input '", name, "' of ", to_string(x.sizes),
                                 ": a batch of at least one, as long as the others");
    }
    for (std::size_t k = 0; k < x.values.size(); ++k) {
      if (!std::isfinite(x.values[k])) {
        const auto each = static_cast<std::size_t>(x.count() / x.sizes[0]);
        contract::invalid_argument("input '", name, "': ", x.values[k], " in entry ", k / each, " at place ", k % each);
      }
    }
  }
  static_cast<void>(infer_shapes(g, sizes));
}

/// A grid that reaches beyond a clip before it, made to end there: the clip is then the grid's, and fuses.
inline grid within(grid g, const clip& c) {
  const auto steps = static_cast<float>(g.range.highest - g.zero_point);
  if (!(c.high > 0) || !(steps * g.scale > c.high) || steps < 1) return g;
  g.scale = c.high / steps;
  while (steps * g.scale > c.high) g.scale = std::nextafter(g.scale, 0.0f);
  return g;
}

/// Puts grids on the values of `g` (see placement.hpp), chosen by `calibrator` from the float network's values on
/// `inputs`, `batch` of them at a time.
inline void calibrate(graph& g, std::span<const tensor> inputs, const range_observer& calibrator,
                      const activation_format& format, std::span<const std::string> keep_float, index_t batch,
                      progress_counter& progress) {
  const auto groups = place_grids(g, keep_float);
  std::vector<range_observer> observers(groups.size(), calibrator);
  std::vector<int> observer_of(g.values.size(), -1);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (int v : groups[i].observed) observer_of[static_cast<std::size_t>(v)] = static_cast<int>(i);
  }
  const index_t all = inputs[0].sizes[0];
  for (index_t first = 0; first < all; first += batch) {
    const index_t n = std::min(batch, all - first);
    evaluate(g, some_rows(inputs, first, n), {.grids = false}, [&](int v, std::span<float> values, const shape&) {
      const int at = observer_of[static_cast<std::size_t>(v)];
      if (at < 0) return;
      const shape line{static_cast<index_t>(values.size())};
      observers[static_cast<std::size_t>(at)].observe(view<const float>{values.data(), line, row_major_strides(line)});
    });
    progress.add(n);
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    grid chosen = observers[i].grid(format);
    for (int v : groups[i].observed) {
      const node* from = g.producer(v);
      const auto* c = from == nullptr ? nullptr : std::get_if<clip>(&from->layer);
      if (c != nullptr) chosen = within(chosen, *c);
    }
    for (int v : groups[i].values) g.at(v).grid = chosen;
  }
}

/// Per value, the largest magnitude of each channel (axis 1) on these inputs; empty for values of rank below 2.
inline std::vector<std::vector<float>> largest_magnitudes(const graph& g, std::span<const tensor> inputs) {
  std::vector<std::vector<float>> largest(g.values.size());
  evaluate(g, inputs, {.grids = false}, [&](int v, std::span<float> values, const shape& sizes) {
    if (sizes.rank != 2 && sizes.rank != 4) return;  // there the channel is the fastest axis
    const auto channels = static_cast<std::size_t>(sizes[1]);
    auto& most = largest[static_cast<std::size_t>(v)];
    most.assign(channels, 0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      most[i % channels] = std::max(most[i % channels], std::abs(values[i]));
    }
  });
  return largest;
}

/// The signal to noise ratio in dB of the worst output; infinity where all are equal.
inline double worst_sqnr_db(std::span<const tensor> wanted, std::span<const tensor> got) {
  double worst = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    double signal = 0, noise = 0;
    for (std::size_t k = 0; k < wanted[i].values.size(); ++k) {
      const double x = static_cast<double>(wanted[i].values[k]), e = x - static_cast<double>(got[i].values[k]);
      signal += x * x;
      noise += e * e;
    }
    if (noise > 0 || noise != noise) worst = std::min(worst, 10 * std::log10(signal / noise));
  }
  return worst;
}

}  // namespace equant::inline EQUANT_ABI::nn
