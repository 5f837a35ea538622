// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/histogram_observer.hpp>
#include <equant/calibration/least_error.hpp>

namespace equant::inline EQUANT_ABI {

/// The density that `aciq` takes the values to have.
enum class density { likelier, gaussian, laplace };

/// The range of the least mean square error of a Gaussian or Laplace density fitted to what was seen, by its mean and
/// its standard deviation or mean deviation; of the likelier one where none is named (Banner, Nahshan and Soudry,
/// 2019). The error of every range is integrated over the density, for the format's own levels. One-sided values are
/// taken for one half of a density around zero, with zeros left out.
class aciq : public histogram_observer<aciq> {
 public:
  static constexpr const char* name = "aciq";

  explicit aciq(density of = density::likelier) : density_(of) {}

  template <class Format, class Scheme>
  interval range(Scheme scheme) const {
    return least_error_range<Format>(fitted(), scheme);
  }

  /// The density as masses.
  distribution fitted() const {
    const distribution seen(values().masses());
    const interval everything = seen.range();
    if (everything.low >= 0 || everything.high <= 0) return one_sided();
    const moments all = seen.all(), below = seen.below(all.first / all.weight);
    const double mean = all.first / all.weight;
    const double sigma = std::sqrt(std::max(0.0, all.error_to(mean) / all.weight));
    const double deviation = 2 * (uncontracted(mean * below.weight) - below.first) / all.weight;
    std::vector<mass> masses = half(mean, -1, sigma, deviation);
    for (const mass& m : half(mean, 1, sigma, deviation)) masses.push_back(m);
    return distribution(std::move(masses));
  }

  void write_settings(archive_writer& out) const { out.integer(static_cast<int>(density_)); }
  void read_settings(archive_reader& in) {
    const std::int64_t of = in.integer();
    if (of < 0 || of > 2) in.fail("a density of number ", of);
    density_ = static_cast<density>(of);
  }

 private:
  distribution one_sided() const {
    const distribution magnitudes(values().magnitudes());
    const moments all = magnitudes.all() - moments{magnitudes.below(0).weight, 0, 0};
    if (!(all.weight > 0)) return magnitudes;
    const double sign = distribution(values().masses()).range().high > 0 ? 1 : -1;
    return distribution(half(0, sign, std::sqrt(all.second / all.weight), all.first / all.weight));
  }

  /// One side of the density, ascending, as far as it matters to 16 bits.
  std::vector<mass> half(double mean, double sign, double sigma, double deviation) const {
    // The likelihoods are (2 e deviation)^-n and (2 pi e sigma^2)^(-n / 2).
    const bool laplace =
        density_ == density::laplace ||
        (density_ == density::likelier && deviation < 0.76017345053314 * sigma);  // sqrt(pi / (2 e))
    if (!(laplace ? deviation > 0 : sigma > 0)) return {{mean, mean, 0.5}};
    constexpr int slices = 4000;
    const double width = laplace ? deviation * 40 / slices : sigma * 9 / slices;
    const auto beyond = [&](double x) {
      return laplace ? std::exp(-x / deviation) / 2 : std::erfc(x / (sigma * 1.4142135623730950488)) / 2;
    };
    std::vector<mass> masses;
    for (int i = 0; i < slices; ++i) {
      const double from = width * i, to = width * (i + 1), weight = beyond(from) - beyond(to);
      const double a = mean + sign * from, b = mean + sign * to;
      if (weight > 0) masses.push_back({std::min(a, b), std::max(a, b), weight});
    }
    if (sign < 0) std::reverse(masses.begin(), masses.end());
    return masses;
  }

  density density_;
};

}  // namespace equant::inline EQUANT_ABI
