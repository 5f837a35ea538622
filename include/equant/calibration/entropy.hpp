// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/histogram_observer.hpp>
#include <equant/core/format.hpp>

namespace equant::inline EQUANT_ABI {

/// The range whose quantized distribution diverges least from the distribution of the magnitudes, both over 2048 even
/// bins: the recipe of TensorRT (Migacz, 8-bit inference with TensorRT, 2017). A candidate adds what it clips to its
/// last bin, and spreads what each of the format's positive levels (at most 256) holds over the bins of it that were
/// not empty. The first bin counts as much as the second, so that zeros do not rule. On asymmetric schemes the range ends
/// where the values do, and one-sided values have all levels.
///
/// It minimises a divergence, not an error: on heavy tails it clips far more than `mse` does.
class entropy : public histogram_observer<entropy> {
 public:
  static constexpr const char* name = "entropy";

  template <class Format, class Scheme>
  interval range(Scheme) const {
    const distribution d(values().magnitudes());
    std::int32_t levels = 128;
    if constexpr (integer_format<Format>) {
      levels = Format::range.highest - convention::middle(Format::range) + 1;
    } else if (Format::bits < 8) {
      levels = 1 << (Format::bits - 1);
    }
    const double reach = least_divergence(d, std::clamp(levels, 1, 128));
    if (!std::same_as<Scheme, asymmetric_t>) return {-reach, reach};
    const interval everything = distribution(values().masses()).range().with_zero();
    return {std::max(everything.low, -reach), std::min(everything.high, reach)};
  }

 private:
  static constexpr int bins = 2048;

  static double least_divergence(const distribution& d, int levels) {
    const double width = d.range().high / bins;
    if (!(width > 0)) return 0;
    double held[bins], before = 0;
    std::size_t from = 0;
    for (int i = 0; i < bins; ++i) {
      const double until = i + 1 == bins ? d.all().weight : d.below(width * (i + 1), from).weight;
      held[i] = std::max(0.0, until - before);
      before = until;
    }
    const double total = before - held[0] + held[1];
    held[0] = held[1];
    double least = std::numeric_limits<double>::infinity(), inside = 0;
    int best = bins;
    for (int i = 0; i < levels - 1; ++i) inside += held[i];
    for (int count = levels; count <= bins; ++count) {
      inside += held[count - 1];
      const double found = divergence(held, count, levels, inside, total);
      if (found <= least) {
        least = found;
        best = count;
      }
    }
    return best == bins ? d.range().high : width * best;
  }

  /// Of the first `count` bins, which hold `inside` of the total.
  static double divergence(const double* held, int count, int levels, double inside, double total) {
    if (!(inside > 0)) return std::numeric_limits<double>::infinity();
    const double clipped = std::max(0.0, total - inside);
    if (clipped > 0 && held[count - 1] == 0) return std::numeric_limits<double>::infinity();
    double sum = 0;
    for (int level = 0; level < levels; ++level) {
      const int from = level * count / levels, to = (level + 1) * count / levels;
      double weight = 0;
      int used = 0;
      for (int i = from; i < to; ++i) {
        weight += held[i];
        used += held[i] > 0;
      }
      if (used == 0) continue;
      const double spread = weight / used / inside;
      for (int i = from; i < to; ++i) {
        const double p = (held[i] + (i + 1 == count ? clipped : 0)) / total;
        if (p > 0) sum += uncontracted(p * std::log(p / spread));
      }
    }
    return sum;
  }
};

}  // namespace equant::inline EQUANT_ABI
