// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/block_rules.hpp>

/// The scale and the offset of a block that give the least squares of errors: many candidates are tried, and each is
/// followed by the least squares solution for the codes it led to. Both are rounded as they will be kept, so that what
/// is compared is what comes out.
namespace equant::inline EQUANT_ABI::block_search {

/// What the squared error depends on, for given codes of levels c: sum (x - (s c - o))^2.
struct sums {
  double n = 0, x = 0, xx = 0, c = 0, xc = 0, cc = 0;

  double error(double s, double o) const {
    return xx + 2 * o * x + n * o * o - 2 * s * (xc + o * c) + s * s * cc;
  }
  /// The best scale for an offset, and the best offset where the scale follows it.
  double scale(double o) const { return cc > 0 ? (xc + o * c) / cc : 0; }
  double offset() const {
    const double spread = n * cc - c * c;
    return spread > 0 ? ((n * xc - x * c) / spread * c - x) / n : 0;
  }
};

template <element_format Format>
sums sums_of(const Format& format, const float* x, index_t n, float scale, float offset) {
  sums r;
  r.n = static_cast<double>(n);
  const float inverse = kernels::block_rules::reciprocal(scale);
  for (index_t i = 0; i < n; ++i) {
    const double level = static_cast<double>(format.decode(format.encode((x[i] + offset) * inverse)));
    const double v = static_cast<double>(x[i]);
    r.x += v;
    r.xx += v * v;
    r.c += level;
    r.xc += v * level;
    r.cc += level * level;
  }
  return r;
}

template <element_format Format, bool HasOffset, class RoundScale, class RoundOffset>
class search {
 public:
  search(const Format& format, const float* x, index_t n, RoundScale round_scale, RoundOffset round_offset)
      : format_(format), x_(x), n_(n), round_scale_(round_scale), round_offset_(round_offset) {}

  /// The best found; `start` is among the candidates, so that it is never worse.
  kernels::block_parameters best(kernels::block_parameters start) {
    for (const float factor : {1.0f, 2.0f, 0.5f}) attempt(round_scale_(factor * start.scale), round_offset_(start.offset));
    const float lowest = format_.decode(format_.encode(-std::numeric_limits<float>::infinity()));
    const float highest = format_.largest();
    if constexpr (HasOffset) {
      ends(lowest, highest);
    } else {
      const float amax = kernels::block_rules::largest_magnitude(x_, n_);
      scales(amax / highest);
      if (lowest != -highest) scales(-amax / highest);
    }
    refine();
    return found_;
  }

 private:
  /// From a fifth beyond the scale that clips nothing down to a quarter of it.
  void scales(float widest) {
    constexpr int steps = 64;
    float last = 0;
    for (int i = 0; i <= steps; ++i) {
      const float scale = round_scale_(widest * (1.2f - 0.95f * static_cast<float>(i) / steps));
      if (scale == last) continue;
      last = scale;
      attempt(scale, 0);
    }
  }

  /// Both ends of the range drawn in, or out, by parts of a step.
  void ends(float lowest, float highest) {
    const auto range = kernels::block_rules::range_of(x_, n_);
    const float levels = highest - lowest;
    const float step = range.high / levels - range.low / levels;
    for (int i = -1; i <= 5; ++i) {
      for (int k = -1; k <= 5; ++k) {
        const float low = range.low + 0.4f * static_cast<float>(i) * step;
        const float high = range.high - 0.4f * static_cast<float>(k) * step;
        const float scale = (high - low) / levels;
        attempt(scale, scale * lowest - low);
      }
    }
  }

  /// Tries a candidate and what follows from its codes; whether this is the best so far.
  bool attempt(float scale, float offset) {
    if (!(scale - scale == 0) || !(offset - offset == 0)) return false;
    const sums s = sums_of(format_, x_, n_, scale, offset);
    const bool as_it_is = keep(s, round_scale_(scale), round_offset_(offset));
    float o = 0;
    if constexpr (HasOffset) o = round_offset_(static_cast<float>(s.offset()));
    return keep(s, round_scale_(static_cast<float>(s.scale(static_cast<double>(o)))), o) || as_it_is;
  }

  bool keep(const sums& s, float scale, float offset) {
    const double error = s.error(static_cast<double>(scale), static_cast<double>(offset));
    if (!(error < least_)) return false;
    least_ = error;
    found_ = {scale, offset};
    return true;
  }

  void refine() {
    for (int i = 0; i < 4 && attempt(found_.scale, found_.offset); ++i) {}
  }

  Format format_;
  const float* x_;
  index_t n_;
  RoundScale round_scale_;
  RoundOffset round_offset_;
  double least_ = std::numeric_limits<double>::infinity();
  kernels::block_parameters found_{};
};

}  // namespace equant::inline EQUANT_ABI::block_search
