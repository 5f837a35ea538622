// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/random.hpp>
#include <equant/quantizers/lloyd_max.hpp>

namespace equant::inline EQUANT_ABI {

namespace clustering {

/// Seeds by k-means++ (Arthur and Vassilvitskii, 2007): each is a value, drawn in proportion to its weight and the
/// square of its distance to the seeds so far. Ascending.
inline std::vector<double> seeds(const sorted_values& x, int count, splitmix64& random) {
  std::vector<double> share(static_cast<std::size_t>(x.count())), found;
  for (index_t i = 0; i < x.count(); ++i) share[static_cast<std::size_t>(i)] = x.weight(i);
  std::vector<double> distance(share.size(), densities::infinity);
  for (int k = 0; k < count; ++k) {
    double total = 0;
    for (double s : share) total += s;
    double left = random.uniform() * total;
    std::size_t i = 0;
    while (i + 1 < share.size() && (left -= share[i]) >= 0) ++i;
    const double seed = x.value(static_cast<index_t>(i));
    found.push_back(seed);
    for (std::size_t j = 0; j < share.size(); ++j) {
      const double d = x.value(static_cast<index_t>(j)) - seed;
      distance[j] = std::min(distance[j], d * d);
      share[j] = x.weight(static_cast<index_t>(j)) * distance[j];
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace clustering

/// k-means in one dimension with 2^Bits centres: the best of `trials` descents from seeds drawn by k-means++. The same
/// seed gives the same levels. lloyd_max finds better ones; this is the method others use.
template <int Bits>
codebook_quantizer<Bits> k_means(const sorted_values& x, std::uint64_t seed = 1, int trials = 4) {
  constexpr int count = 1 << Bits;
  if (trials < 1) contract::invalid_argument("k-means of ", trials, " trials");
  if (x.count() <= count) return codebook_quantizer<Bits>(lloyd::values_of(x));
  splitmix64 random(seed);
  std::vector<double> best;
  double least = densities::infinity;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<double> levels = clustering::seeds(x, count, random);
    lloyd::descend(x, levels);
    const double cost = lloyd::cost(x, levels);
    if (best.empty() || cost < least) best = levels, least = cost;
  }
  return codebook_quantizer<Bits>(std::move(best));
}

/// The same of a tensor, or of one with a weight for each value; throws as lloyd_max does.
template <int Bits, tensor_source X>
codebook_quantizer<Bits> k_means(const X& x, std::uint64_t seed = 1) {
  return k_means<Bits>(sorted_values(x), seed);
}
template <int Bits, tensor_source X, tensor_source W>
codebook_quantizer<Bits> k_means(const X& x, std::uint64_t seed, const W& weights) {
  return k_means<Bits>(sorted_values(x, weights), seed);
}

}  // namespace equant::inline EQUANT_ABI
