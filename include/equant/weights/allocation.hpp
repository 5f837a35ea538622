// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/contract.hpp>
#include <equant/core/shape.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

/// Which layer gets how many bits. The error of a network is taken to be the sum of what each layer's rounding costs,
/// measured one layer at a time.
namespace equant::inline EQUANT_ABI::weights {

/// A width that a layer may have: the bytes it takes and the error it brings.
struct width_choice {
  int bits = 0;
  std::int64_t bytes = 0;
  double error = 0;
};

/// Throws std::invalid_argument unless there are widths to choose from, in ascending order.
inline void check_widths(std::span<const int> bits) {
  for (std::size_t i = 0; i + 1 < bits.size(); ++i) {
    if (bits[i] >= bits[i + 1]) contract::invalid_argument("widths to choose from must be given in ascending order");
  }
  if (bits.empty()) contract::invalid_argument("no widths to choose from");
}

/// A choice for every layer, and what they come to.
struct allocation {
  std::vector<std::size_t> chosen;  ///< per layer, which of its choices
  std::int64_t bytes = 0;
  double error = 0;
};

namespace allocating {

inline void check(std::span<const std::vector<width_choice>> layers) {
  for (std::size_t l = 0; l < layers.size(); ++l) {
    if (layers[l].empty()) contract::invalid_argument("layer ", l, " has no widths to choose from");
    for (const width_choice& c : layers[l]) {
      if (c.bytes < 0 || !(c.error >= 0)) {
        contract::invalid_argument("layer ", l, ", ", c.bits, " bits: ", c.bytes, " bytes with the error ", c.error);
      }
    }
  }
}

/// A way to choose for the first layers; `last` is the choice for the last of them, `from` the way before it.
struct way {
  std::int64_t bytes;
  double error;
  std::size_t last, from;
};

/// At most this many ways are kept per layer. With fewer the best is found, for certain.
inline constexpr std::size_t most_ways = 1 << 14;

/// Of ways in order of bytes, then error: those that no other beats in both; and where these are too many, those of
/// least error in equal parts of the range of bytes.
inline std::vector<way> front_of(std::vector<way> all) {
  std::sort(all.begin(), all.end(), [](const way& a, const way& b) {
    return a.bytes != b.bytes ? a.bytes < b.bytes : a.error < b.error;
  });
  std::vector<way> front;
  for (const way& w : all) {
    if (front.empty() || w.error < front.back().error) front.push_back(w);
  }
  if (front.size() <= most_ways) return front;
  const double low = static_cast<double>(front.front().bytes), width = static_cast<double>(front.back().bytes) - low;
  std::vector<way> thinned;
  double part = -1;
  for (std::size_t i = 0; i + 1 < front.size(); ++i) {
    const double in = (static_cast<double>(front[i].bytes) - low) / width * static_cast<double>(most_ways / 2);
    if (in >= part + 1) {
      part = in;
      thinned.push_back(front[i]);
    }
  }
  thinned.push_back(front.back());
  return thinned;
}

}  // namespace allocating

/// All that is worth choosing: size against error, in order of bytes, each with less error than those before it. By
/// dynamic programming over the layers, exact for up to 16384 ways, near to it beyond.
inline std::vector<allocation> size_error_curve(std::span<const std::vector<width_choice>> layers) {
  allocating::check(layers);
  std::vector<std::vector<allocating::way>> fronts{{{0, 0, 0, 0}}};
  for (const std::vector<width_choice>& choices : layers) {
    std::vector<allocating::way> all;
    const std::vector<allocating::way>& before = fronts.back();
    for (std::size_t from = 0; from < before.size(); ++from) {
      for (std::size_t c = 0; c < choices.size(); ++c) {
        all.push_back({before[from].bytes + choices[c].bytes, before[from].error + choices[c].error, c, from});
      }
    }
    fronts.push_back(allocating::front_of(std::move(all)));
  }
  std::vector<allocation> curve;
  for (const allocating::way& end : fronts.back()) {
    allocation a{std::vector<std::size_t>(layers.size()), end.bytes, end.error};
    const allocating::way* w = &end;
    for (std::size_t l = layers.size(); l-- > 0; w = &fronts[l][w->from]) a.chosen[l] = w->last;
    curve.push_back(std::move(a));
  }
  return curve;
}

/// The least error within so many bytes. Throws std::invalid_argument where not even the smallest widths fit.
inline allocation within_bytes(std::span<const std::vector<width_choice>> layers, std::int64_t bytes) {
  std::vector<allocation> curve = size_error_curve(layers);
  if (curve.front().bytes > bytes) {
    contract::invalid_argument("a budget of ", bytes, " bytes; the smallest widths take ", curve.front().bytes);
  }
  const auto above = std::find_if(curve.begin(), curve.end(), [&](const allocation& a) { return a.bytes > bytes; });
  return above[-1];
}

/// The fewest bytes whose error is at most `error`. Throws std::invalid_argument where no widths reach it.
inline allocation within_error(std::span<const std::vector<width_choice>> layers, double error) {
  std::vector<allocation> curve = size_error_curve(layers);
  for (allocation& a : curve) {
    if (a.error <= error) return std::move(a);
  }
  contract::invalid_argument("an error of ", error, " is reached by no widths");
}

}  // namespace equant::inline EQUANT_ABI::weights
