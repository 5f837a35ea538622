// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/densities.hpp>
#include <equant/formats/dead_zone.hpp>
#include <equant/quantizers/sorted_values.hpp>
#include <equant/quantizers/uniform_quantizer.hpp>

/// Entropy-coded quantization: codes of equal steps with a dead zone, meant for an entropy coder behind them, so that
/// what they cost is their entropy and not their width. At high rates 1.53 dB from Shannon's bound (Gish and Pierce,
/// 1968), and never far from the best scalar quantizer there is.
namespace equant::inline EQUANT_ABI {

namespace entropy_coding {

using format = dead_zone<16>;

/// A quantizer and what it reaches: the entropy of its codes in bits, and the mean square error.
struct fit {
  double step = 0, zone = 0.5;
  double rate = 0, error = 0;
};

/// A density as a source of cells: cells(step, zone, f) calls f(code, mass, mean, squared distances from the mean) for
/// every cell that matters.
template <densities::standard_density D>
struct density_source {
  static constexpr double precision = 1e-12;
  static constexpr double low = 0x1p-15, high = 64;  // steps

  template <class F>
  static void cells(double step, double zone, F&& f) {
    const auto cell = [&](int k, double a, double b) {
      const double middle = k == 0 ? 0 : (a + b) / 2;
      const densities::moments m = densities::about<D>(middle, a, b);
      if (!(m.zeroth > 1e-30)) return false;
      f(k, m.zeroth, middle + m.first / m.zeroth, m.second - m.first * m.first / m.zeroth);
      if (k > 0) f(-k, m.zeroth, -middle - m.first / m.zeroth, m.second - m.first * m.first / m.zeroth);
      return true;
    };
    if (zone > 0) cell(0, -zone * step, zone * step);
    for (int k = 1; k < format::highest && cell(k, (k - 1 + zone) * step, (k + zone) * step); ++k) {}
  }
};

/// Given values as such a source.
struct values_source {
  static constexpr double precision = 1e-5;
  const sorted_values& x;
  double low, high;

  explicit values_source(const sorted_values& values) : x(values) {
    const double largest = std::max(std::abs(x.value(0)), std::abs(x.value(x.count() - 1)));
    constexpr double least = std::numeric_limits<float>::min(), most = std::numeric_limits<float>::max();
    high = std::clamp(4 * largest, 4 * least, most);
    low = std::max(largest / (format::highest - 1), least);
  }

  template <class F>
  void cells(double step, double zone, F&& f) const {
    const float scale = static_cast<float>(step);
    const format codes(static_cast<float>(zone), {}, 0, 0);
    const auto code = [&](double v) { return format::value(codes.encode(static_cast<float>(v) / scale)); };
    for (index_t first = 0; first < x.count();) {
      const int k = code(x.value(first));
      const index_t last = x.first_beyond(first, [&](double v) { return code(v) == k; });
      f(k, x.weight(first, last) / x.total(), x.mean(first, last), x.cost(first, last) / x.total());
      first = last;
    }
  }
};

template <class Source>
fit measured(const Source& source, double step, double zone) {
  fit found{step, zone};
  source.cells(step, zone, [&](int, double mass, double, double cost) {
    found.rate -= mass * std::log2(mass);
    found.error += cost;
  });
  return found;
}

/// The least step whose rate is at most `rate`: the rate falls with the logarithm of the step, at high rates by as
/// much.
template <class Source>
fit at_rate(const Source& source, double zone, double rate, double start) {
  double low = std::log2(source.low), high = std::log2(source.high);
  fit best = measured(source, source.high, zone);
  double at = std::clamp(std::log2(start), low, high), before = at, rate_before = 0;
  bool lowest_tried = false;
  for (int round = 0; round < 60 && high - low > 1e-13; ++round) {
    const fit here = measured(source, std::exp2(at), zone);
    if (here.rate <= rate && here.step <= best.step) best = here;
    if (std::abs(here.rate - rate) < source.precision || (at == low && here.rate <= rate)) return here;
    (here.rate > rate ? low : high) = at;
    const double slope = round > 0 && here.rate != rate_before ? (here.rate - rate_before) / (at - before) : -1;
    before = at;
    rate_before = here.rate;
    at -= (here.rate - rate) / std::min(slope, -0.05);
    if (at <= low && !lowest_tried && here.rate <= rate) {  // perhaps no step needs so many bits
      at = low;
      lowest_tried = true;
    } else if (!(at > low && at < high)) {
      at = (low + high) / 2;
    }
  }
  return best;
}

/// The step and zone of least error at a rate. Above 5 bits the zone makes no difference.
template <class Source>
fit best_at(const Source& source, double rate) {
  if (!(rate > 0 && rate <= 16)) {
    contract::invalid_argument("a rate of ", rate, " bits per value; it is above 0, at most 16");
  }
  fit best = at_rate(source, 0.5, rate, std::sqrt(source.low * source.high));
  if (rate > 5) return best;
  const auto tried = [&](double zone) {
    const fit f = at_rate(source, zone, rate, best.step);
    if (f.error < best.error * (1 - 1e-9) && f.rate <= rate + source.precision) best = f;
    return f.error;
  };
  for (double zone : {0.0, 0.3, 0.4, 0.6, 0.7, 0.85}) tried(zone);
  const double golden = 0.6180339887498949;
  double a = std::max(best.zone - 0.15, 0.0), b = best.zone + 0.15;
  double p = b - golden * (b - a), q = a + golden * (b - a), at_p = tried(p), at_q = tried(q);
  for (int round = 0; round < 8; ++round) {
    if (at_p < at_q) {
      b = q, q = p, at_q = at_p;
      at_p = tried(p = b - golden * (b - a));
    } else {
      a = p, p = q, at_p = at_q;
      at_q = tried(q = a + golden * (b - a));
    }
  }
  return best;
}

/// The levels of a fit: means of the cells next to zero, and how far means beyond are from the middles.
template <class Source>
format levels_of(const Source& source, const fit& f) {
  const double step = f.step > 0 ? f.step : 1;
  format::near_levels levels{};
  for (int k = -format::near; k <= format::near; ++k) {
    const double middle = k == 0 ? 0 : k > 0 ? k - 0.5 + f.zone : k + 0.5 - f.zone;
    levels[static_cast<std::size_t>(k + format::near)] = static_cast<float>(middle);
  }
  // Where values reach for the largest float, a level times the step must not pass it.
  const double inside = source.high < double{std::numeric_limits<float>::max()} ? 1 : 1 - 0x1p-14;
  double mass_below = 0, mass_above = 0, below = 0, above = 0;
  source.cells(step, f.zone, [&](int k, double mass, double mean, double) {
    const double r = mean / step * inside;
    if (k >= -format::near && k <= format::near) {
      levels[static_cast<std::size_t>(k + format::near)] = static_cast<float>(r);
    } else if (k > 0) {
      mass_above += mass;
      above += mass * (k - 0.5 + f.zone - r);
    } else {
      mass_below += mass;
      below += mass * (r - (k + 0.5 - f.zone));
    }
  });
  return {static_cast<float>(f.zone), levels, static_cast<float>(mass_below > 0 ? below / mass_below : 0),
          static_cast<float>(mass_above > 0 ? above / mass_above : 0)};
}

}  // namespace entropy_coding

/// Equal steps with a dead zone, and what an entropy coder makes of its codes. All of uniform_quantizer's operations
/// are here; codes take 16 bits until they are coded.
class entropy_coded_quantizer : public uniform_quantizer<dead_zone<16>> {
 public:
  template <class Source>
  entropy_coded_quantizer(const Source& source, const entropy_coding::fit& f, double unit = 1)
      : uniform_quantizer(affine{static_cast<float>(f.step * unit), 0}, entropy_coding::levels_of(source, f)),
        fit_{f.step * unit, f.zone, f.rate, f.error * unit * unit} {}

  double step() const { return fit_.step; }
  double zone() const { return fit_.zone; }    ///< half the width of the cell of zero, in steps
  double rate() const { return fit_.rate; }    ///< entropy of the codes where it was fitted, bits per value
  double error() const { return fit_.error; }  ///< mean square error there

 private:
  entropy_coding::fit fit_;
};

/// The step and zone of least mean square error whose codes have an entropy of `rate` bits per value: for given values;
/// for a tensor; for a density. Where no step brings so high an entropy (discrete or few values) it is the least step.
/// Throws std::invalid_argument on NaN or infinity, on no values, and on a rate not in (0, 16].
inline entropy_coded_quantizer entropy_coded(const sorted_values& x, double rate) {
  const entropy_coding::values_source source(x);
  return {source, entropy_coding::best_at(source, rate)};
}
template <tensor_source X>
entropy_coded_quantizer entropy_coded(const X& x, double rate) {
  return entropy_coded(sorted_values(x), rate);
}
template <densities::standard_density D>
entropy_coded_quantizer entropy_coded(densities::located<D> density, double rate) {
  if (density.mean != 0) contract::invalid_argument("the dead zone is around 0, the density around ", density.mean);
  const entropy_coding::density_source<D> source;
  return {source, entropy_coding::best_at(source, rate), density.deviation};
}

}  // namespace equant::inline EQUANT_ABI
