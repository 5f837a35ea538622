// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/eigen.hpp>
#include <equant/core/scheme.hpp>
#include <equant/core/traversal.hpp>
#include <equant/storage/quantized.hpp>

#include <cmath>
#include <vector>

/// Distributions: how values, errors and codes are spread, and how far two spreads are apart.
namespace equant::inline EQUANT_ABI::metrics {

/// Counts in bins of equal width over [range.low, range.high]; what lies beyond is counted apart.
struct bin_counts {
  interval range;
  std::vector<index_t> counts;
  index_t below = 0, above = 0, nans = 0;

  double width() const { return (range.high - range.low) / static_cast<double>(counts.size()); }
  double middle(std::size_t bin) const { return range.low + width() * (static_cast<double>(bin) + 0.5); }
  /// How many values were counted within the range.
  index_t total() const {
    index_t sum = 0;
    for (index_t n : counts) sum += n;
    return sum;
  }

  /// One value into its bin; the upper end belongs to the last.
  void add(double x) {
    if (x != x) {
      ++nans;
    } else if (x < range.low) {
      ++below;
    } else if (x > range.high) {
      ++above;
    } else {
      const auto bin = static_cast<std::size_t>((x - range.low) / width());
      ++counts[std::min(bin, counts.size() - 1)];
    }
  }
};

/// Empty bins over a range.
inline bin_counts empty_bins(interval range, int bins) {
  if (bins < 1 || !(range.low < range.high) || !(range.high - range.low < 1e300)) {
    contract::invalid_argument(bins, " bins over [", range.low, ", ", range.high, "]");
  }
  return {range, std::vector<index_t>(static_cast<std::size_t>(bins), 0)};
}

namespace distributions {

/// Calls f(x, y) for the pairs of two tensors of the same shape.
template <class X, class Y, class F>
void for_each_pair(const X& x, const Y& y, F f) {
  with_view(x, [&](const auto& a) {
    with_view(y, [&](const auto& b) {
      if (a.sizes != b.sizes) {
        contract::invalid_argument("a tensor of ", to_string(a.sizes), " beside one of ", to_string(b.sizes));
      }
      const traversal walk(a.sizes, a.order(), a.strides, b.strides, normal_form(per_tensor, a.sizes));
      walk.for_each_run([&](const run& r) {
        for (index_t i = 0; i < r.count; ++i) {
          f(static_cast<double>(a.data[r.a + i * r.a_step]), static_cast<double>(b.data[r.b + i * r.b_step]));
        }
      });
    });
  });
}

}  // namespace distributions

/// The values of a tensor in bins.
template <tensor_source X>
bin_counts histogram_of(const X& x, interval range, int bins) {
  bin_counts h = empty_bins(range, bins);
  distributions::for_each_pair(x, x, [&](double v, double) { h.add(v); });
  return h;
}

/// The errors y - x of a tensor y against its reference x in bins: uniform over a step for fine quantizers, in long
/// tails where values are clipped.
template <tensor_source X, tensor_source Y>
bin_counts error_histogram(const X& x, const Y& y, interval range, int bins) {
  bin_counts h = empty_bins(range, bins);
  distributions::for_each_pair(x, y, [&](double u, double v) { h.add(v - u); });
  return h;
}

/// The Kullback-Leibler divergence of q from p in bits (1951), sum p log2(p / q), where p and q are proportional to the
/// weights given: 0 where they are alike, infinite where q is 0 and p is not.
template <class P, class Q>
double kl_divergence(std::span<const P> p, std::span<const Q> q) {
  if (p.size() != q.size()) contract::invalid_argument(p.size(), " weights beside ", q.size());
  double p_sum = 0, q_sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!(p[i] >= 0 && q[i] >= 0)) {
      contract::invalid_argument("weights ", p[i], " and ", q[i], " are not both 0 or more");
    }
    p_sum += static_cast<double>(p[i]);
    q_sum += static_cast<double>(q[i]);
  }
  if (!(p_sum > 0 && q_sum > 0)) contract::invalid_argument("weights that are all 0 are no distribution");
  double bits = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double a = static_cast<double>(p[i]) / p_sum, b = static_cast<double>(q[i]) / q_sum;
    if (a > 0) bits += b > 0 ? a * std::log2(a / b) : std::numeric_limits<double>::infinity();
  }
  return bits;
}

/// The same of two tensors' histograms, in bins over the range of both: how much of the spread of x is lost in y. y may
/// hold levels only, so that bins should be no finer than its steps.
template <tensor_source X, tensor_source Y>
double kl_divergence(const X& x, const Y& y, int bins) {
  interval range{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  const auto widen = [&](double v, double) { range = {std::min(range.low, v), std::max(range.high, v)}; };
  distributions::for_each_pair(x, x, widen);
  distributions::for_each_pair(y, y, widen);
  if (range.low == range.high) return 0;  // a constant
  const bin_counts p = histogram_of(x, range, bins), q = histogram_of(y, range, bins);
  return kl_divergence(std::span<const index_t>(p.counts), std::span<const index_t>(q.counts));
}

/// Entropy in bits of the distribution that is proportional to some weights; 0 for none.
template <class W>
double entropy_bits(std::span<const W> weights) {
  double sum = 0, bits = 0;
  for (W w : weights) sum += static_cast<double>(w);
  for (W w : weights) {
    if (w > 0) bits -= static_cast<double>(w) / sum * std::log2(static_cast<double>(w) / sum);
  }
  return bits;
}

/// How often each code occurs.
template <class Format, class Map>
std::vector<index_t> code_counts(const quantized<Format, dynamic_size, Map>& q) {
  std::vector<index_t> counts(std::size_t{1} << Format::bits, 0);
  constexpr index_t chunk = 1024;
  code_word<Format::bits> words[chunk];
  for (index_t done = 0; done < q.count(); done += chunk) {
    const index_t n = std::min(chunk, q.count() - done);
    unpack<Format::bits>(q.bytes().data(), done, words, n);
    for (index_t i = 0; i < n; ++i) ++counts[words[i]];
  }
  return counts;
}

/// The entropy of the codes: the bits per value that an ideal entropy coder stores them in, taking each by itself.
template <class Format, class Map>
double code_entropy(const quantized<Format, dynamic_size, Map>& q) {
  const std::vector<index_t> counts = code_counts(q);
  return entropy_bits(std::span<const index_t>(counts));
}

}  // namespace equant::inline EQUANT_ABI::metrics
