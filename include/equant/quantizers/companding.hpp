// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/densities.hpp>
#include <equant/quantizers/codebook_quantizer.hpp>
#include <equant/quantizers/sorted_values.hpp>

/// Companding: equal steps of a compressed value. With the compressor g the 2^Bits levels are g^-1 of the middles of
/// equal steps over [-1, 1] or [0, 1]; a value goes to the nearest of them, which is no worse than where g would put
/// it.
namespace equant::inline EQUANT_ABI {

namespace companding {

/// The quantizer whose levels are expand((i + 1/2) / 2^Bits).
template <int Bits, class Expand>
codebook_quantizer<Bits> quantizer(Expand expand) {
  constexpr int count = 1 << Bits;
  constexpr double most = std::numeric_limits<float>::max();
  std::vector<double> levels;
  for (int i = 0; i < count; ++i) levels.push_back(std::clamp<double>(expand((i + 0.5) / count), -most, most));
  return codebook_quantizer<Bits>(std::move(levels));
}

/// The same where the compressor is odd: expand is given magnitudes in [0, 1].
template <int Bits, class Expand>
codebook_quantizer<Bits> odd(double peak, Expand expand) {
  if (!(peak >= 0 && peak <= double{std::numeric_limits<float>::max()})) {
    contract::invalid_argument("a peak of ", peak);
  }
  return quantizer<Bits>([&](double p) { return std::copysign(peak * expand(std::abs(2 * p - 1)), p - 0.5); });
}

}  // namespace companding

/// The logarithmic quantizer of telephony (ITU-T G.711, 1972, in its smooth form) over [-peak, peak]:
///   |g(x)| = ln(1 + mu |x| / peak) / ln(1 + mu)
/// The error grows with the value, so that loud and quiet signals keep the same SQNR.
template <int Bits>
codebook_quantizer<Bits> mu_law(double peak, double mu = 255) {
  if (!(mu > 0 && mu <= 1e9)) contract::invalid_argument("a mu of ", mu);
  return companding::odd<Bits>(peak, [&](double y) { return std::expm1(y * std::log1p(mu)) / mu; });
}

/// Its European sibling, linear near zero:
///   |g(x)| = (A |x| / peak) / (1 + ln A) where A |x| < peak, else (1 + ln(A |x| / peak)) / (1 + ln A)
template <int Bits>
codebook_quantizer<Bits> a_law(double peak, double a = 87.6) {
  if (!(a >= 1 && a <= 1e9)) contract::invalid_argument("an A of ", a);
  const double span = 1 + std::log(a);
  return companding::odd<Bits>(peak, [&](double y) {
    return y * span < 1 ? y * span / a : std::exp(y * span - 1) / a;
  });
}

/// The compander of least error for many levels: levels as dense as the cube root of the density (Panter and Dite,
/// 1951; Bennett, 1948). Its error approaches (integral of f^(1/3))^3 / (12 * 4^Bits).
template <int Bits, densities::standard_density D>
codebook_quantizer<Bits> optimal_compander(densities::located<D> density) {
  return companding::quantizer<Bits>([&](double p) {
    return density.mean + density.deviation * D::cube_root_stretch * D::quantile(p);
  });
}

/// The same for the density that makes given values likeliest: Gaussian, Laplace or uniform.
template <int Bits>
codebook_quantizer<Bits> optimal_compander(const sorted_values& x) {
  const index_t n = x.count();
  const double mean = x.mean(0, n), variance = x.cost(0, n) / x.total();
  const double width = x.value(n - 1) - x.value(0);
  if (!(width > 0 && variance > 0)) return codebook_quantizer<Bits>({mean});
  index_t half = 0;  // up to the median
  while (x.weight(0, half + 1) < x.total() / 2) ++half;
  const double median = x.value(half), below = x.weight(0, half), above = x.total() - below;
  double spread = above * (x.mean(half, n) - median);
  if (half > 0) spread += below * (median - x.mean(0, half));
  spread /= x.total();
  // What a value's logarithm of the density is on average, for the likeliest member of each family.
  const double gaussian = -std::log(2 * std::numbers::pi * std::numbers::e * variance) / 2;
  const double laplace = -std::log(2 * std::numbers::e * spread), uniform = -std::log(width);
  if (uniform >= std::max(gaussian, laplace)) {
    return optimal_compander<Bits>(
        densities::located<densities::uniform>{x.value(0) + width / 2, width / (2 * densities::uniform::edge)});
  }
  if (laplace >= gaussian) {
    return optimal_compander<Bits>(densities::located<densities::laplace>{median, spread * densities::laplace::rate});
  }
  return optimal_compander<Bits>(densities::located<densities::gaussian>{mean, std::sqrt(variance)});
}
template <int Bits, tensor_source X>
codebook_quantizer<Bits> optimal_compander(const X& x) {
  return optimal_compander<Bits>(sorted_values(x));
}

}  // namespace equant::inline EQUANT_ABI
