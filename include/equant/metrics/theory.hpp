// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/view.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <vector>

/// What theory says about the error of quantization: two references that every textbook draws, and
/// one true bound, which needs the differential entropy of the values,
///
///   h(X) = -integral f(x) log2 f(x) dx      in bits, of a density f;  h(a X + b) = h(X) + log2 |a|
///
/// estimated from data, and absent where they have no density.
namespace equant::inline EQUANT_ABI::metrics {

/// step^2 / 12, the mean square of an error that is uniform over one step (Bennett, 1948). A
/// reference, not a bound: clipping falls short of it, non-uniform levels do better.
constexpr double uniform_noise(double step) { return step * step / 12; }

/// 20 log10(2) * bits: the 6.02 dB of SQNR that each further bit brings once steps are small. A
/// reference, not a bound.
constexpr double six_db_per_bit(double bits) {
  return 20 * (std::numbers::ln2 / std::numbers::ln10) * bits;
}

/// Shannon's lower bound (1959) on the mean squared error at `rate` bits per value,
///
///   D(R) >= 2^(2 (h - R)) / (2 pi e)
///
/// for values of differential entropy h (bits) that are independent and identically distributed:
/// no code, be it scalar, vector or entropy coded, gets below it at any R. Gaussian values attain
/// it, other densities approach it as R grows. Where values depend on each other it still holds for
/// codes that treat every value by itself and alike. It does not hold for what adapts to parts of
/// the data (parameters per axis or group, which are rate themselves), nor on the very values a
/// quantizer was fitted to, if they are hardly more than its levels.
inline double shannon_bound(double entropy_bits, double rate) {
  return std::exp2(2 * (entropy_bits - rate)) / (2 * std::numbers::pi * std::numbers::e);
}

/// The same bound as the largest SQNR in dB, 10 log10(power / D); `power` is the mean square of the
/// values, and must be positive.
inline double shannon_bound_db(double power, double entropy_bits, double rate) {
  if (!(power > 0)) contract::invalid_argument("Shannon's bound of a power of ", power);
  const double at_zero = 10 * std::log10(2 * std::numbers::pi * std::numbers::e * power);
  return at_zero + six_db_per_bit(rate - entropy_bits);
}

namespace density {

inline constexpr index_t most_values = 131072;   // h of a Gaussian to 0.003 bit (standard error)
inline constexpr index_t fewest_values = 256;    // to 0.06 bit
inline constexpr double fewest_levels = 262144;  // two bits beyond anything that has 16
inline constexpr double pairs_by_chance = 3;

/// The finite ones of at most `most_values` values, sorted: one from each of as many equal parts
/// of the logical row-major order. Its place in the part steps on by the golden ratio (a Weyl
/// sequence); a fixed stride would see one channel alone where it is a multiple of their number.
template <class T>
std::vector<double> sorted_sample(const view<const T>& x) {
  const index_t n = x.count();
  const index_t parts = std::min(n, most_values);
  auto start = [&](index_t i) { return part_begin(n, parts, i); };
  std::vector<double> sample;
  sample.reserve(static_cast<std::size_t>(parts));
  for (index_t i = 0; i < parts; ++i) {
    const double place = static_cast<double>(static_cast<std::uint32_t>(i) * 0x9e3779b9u) * 0x1p-32;
    const double length = static_cast<double>(start(i + 1) - start(i));
    index_t logical = start(i) + static_cast<index_t>(place * length);
    index_t offset = 0;
    for (int axis = x.sizes.rank; axis-- > 0; logical /= x.sizes[axis]) {
      offset += logical % x.sizes[axis] * x.strides[axis];
    }
    const double value = static_cast<double>(x.data[offset]);
    if (std::isfinite(value)) sample.push_back(value);
  }
  std::sort(sample.begin(), sample.end());
  return sample;
}

/// Whether sorted values repeat no more than a density's do. Two draws from L equally likely levels
/// are equal with probability 1 / L, so that equal pairs count the levels whatever the size of the
/// sample: float32 leaves a Gaussian 2^26 and uniform values in [0, 1) 2^24, and nothing of 16 bits
/// has more than 2^16. A value found more than `most_equal` times is an atom.
inline bool continuous(const std::vector<double>& sorted, std::size_t most_equal) {
  const double n = static_cast<double>(sorted.size());
  double pairs = 0;
  std::size_t before = 0;  // equal to this one
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    before = sorted[i] == sorted[i - 1] ? before + 1 : 0;
    if (before >= most_equal) return false;
    pairs += static_cast<double>(before);
  }
  return pairs <= pairs_by_chance + n * (n - 1) / 2 / fewest_levels;
}

/// The mean of log2 (x_(i+m) - x_(i-m)), ranks cut off at either end, less its expectation for n
/// uniform values in [0, 1], where ln of a distance over k ranks is -(1/k + ... + 1/n) on average.
/// No value may occur more than m times.
inline double spacing_entropy(const std::vector<double>& sorted, std::size_t m) {
  const std::size_t n = sorted.size();
  double logs = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double low = sorted[i < m ? 0 : i - m];
    const double high = sorted[std::min(i + m, n - 1)];
    logs += std::log2(high / 2 - low / 2) + 1;  // the distance may exceed the largest double
  }
  double harmonic = 0;
  for (std::size_t k = n; k >= 2 * m; --k) harmonic += 1 / static_cast<double>(k);
  double expected = static_cast<double>(n - 2 * m) * harmonic;
  for (std::size_t k = 2 * m - 1; k >= m; --k) {  // the first m distances, and the last
    harmonic += 1 / static_cast<double>(k);
    expected += 2 * harmonic;
  }
  return (logs + expected * std::numbers::log2e) / static_cast<double>(n);
}

}  // namespace density

/// The differential entropy in bits of what x was drawn from, or nothing where x shows no density:
/// fewer than 256 finite values; values that repeat like draws from fewer than 2^18 levels (images,
/// integers, all that went through 16 bits or less); one value with a mass of its own (after ReLU,
/// clipping, pruning). NaN and infinities are ignored. Reads at most 131072 values, spread evenly
/// over the logical order, so that the storage order does not matter.
///
/// The m-spacing estimator of Vasicek (1976) with the bias correction of Wieczorkowski and
/// Grzegorzewski (1999), m = log2(n) / 2: long distances blur the density. On Gaussian, Laplace,
/// exponential and log-normal values the bias is 0.001 bit at n = 2000 (van Es, 1992: -0.009 to
/// -0.020; Ebrahimi, Pflughoeft and Soofi, 1994: -0.073); the sample's own deviation is larger,
/// 1.02 / sqrt(n) for a Gaussian. Narrow clusters far apart, of some 500 values each, make h too
/// large by 0.2. A bit of error is 6.02 dB of the bound.
template <tensor_source X>
std::optional<double> differential_entropy(const X& x) {
  if constexpr (sizeof(scalar_of<X>) == 2) {
    return std::nullopt;  // fp16 and bf16 have no 2^18 levels
  } else {
    const auto sorted = with_view(x, [](auto values) { return density::sorted_sample(values); });
    if (static_cast<index_t>(sorted.size()) < density::fewest_values) return std::nullopt;
    const double bits = std::log2(static_cast<double>(sorted.size()));
    const auto m = static_cast<std::size_t>(std::lround(bits / 2));
    if (!density::continuous(sorted, m)) return std::nullopt;
    return density::spacing_entropy(sorted, m);
  }
}

}  // namespace equant::inline EQUANT_ABI::metrics
