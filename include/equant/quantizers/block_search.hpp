// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/block_rules.hpp>

#include <cmath>

/// The scale and the offset of a block that give the least squares of errors: many candidates are tried, and each is
/// followed by the least squares solution for the codes it led to. Both are rounded as they will be kept, so that what
/// is compared is what comes out.
namespace equant::inline EQUANT_ABI::block_search {

/// What the squared error depends on, for given codes of levels c: sum w (x - (s c - o))^2. No product is fused with
/// the sum it goes into, so that the choice does not depend on the machine.
struct sums {
  double n = 0, x = 0, xx = 0, c = 0, xc = 0, cc = 0;

  double error(double s, double o) const {
    const double by_offset = uncontracted(2 * o * x) + uncontracted(n * o * o);
    return xx + by_offset - uncontracted(2 * s * (xc + uncontracted(o * c))) + uncontracted(s * s * cc);
  }
  /// The best scale for an offset, and the best offset where the scale follows it.
  double scale(double o) const { return cc > 0 ? (xc + uncontracted(o * c)) / cc : 0; }
  double offset() const {
    const double spread = uncontracted(n * cc) - uncontracted(c * c);
    const double slope = uncontracted(n * xc) - uncontracted(x * c);
    return spread > 0 ? (uncontracted(slope / spread * c) - x) / n : 0;
  }
};

/// Whether each level has its opposite, so that a negative scale is none of its own.
template <element_format Format>
bool has_opposites(const Format& format) {
  for (int c = 0; c < 1 << Format::bits; ++c) {
    const float level = format.decode(static_cast<code_word<Format::bits>>(c));
    if (level - level == 0 && format.decode(format.encode(-level)) != -level) return false;
  }
  return true;
}

template <element_format Format>
sums sums_of(const Format& format, const float* x, const float* weights, index_t n, float scale, float offset) {
  sums r;
  const float inverse = kernels::block_rules::reciprocal(scale);
  for (index_t i = 0; i < n; ++i) {
    const double level = static_cast<double>(format.decode(format.encode((x[i] + offset) * inverse)));
    const double w = weights == nullptr ? 1 : static_cast<double>(weights[i]), v = static_cast<double>(x[i]);
    r.n += w;
    r.x += uncontracted(w * v);
    r.xx += uncontracted(w * v * v);
    r.c += uncontracted(w * level);
    r.xc += uncontracted(w * v * level);
    r.cc += uncontracted(w * level * level);
  }
  return r;
}

template <element_format Format, bool HasOffset, class RoundScale, class RoundOffset>
class search {
 public:
  /// Errors count by their weights, where there are any.
  search(const Format& format, const float* x, const float* weights, index_t n, RoundScale round_scale,
         RoundOffset round_offset)
      : format_(format), x_(x), weights_(weights), n_(n), round_scale_(round_scale), round_offset_(round_offset) {}

  /// The best found; `start` is among the candidates, so that it is never worse.
  kernels::block_parameters best(kernels::block_parameters start) {
    const float lowest = format_.decode(format_.encode(-std::numeric_limits<float>::infinity()));
    const float highest = format_.largest();
    reach_ = static_cast<double>(std::max(-lowest, highest));
    for (const float factor : {1.0f, 2.0f, 0.5f}) {
      attempt(round_scale_(factor * start.scale), round_offset_(start.offset));
    }
    if constexpr (HasOffset) {
      ends(lowest, highest);
    } else {
      const float amax = kernels::block_rules::largest_magnitude(x_, n_);
      scales(amax / highest);
      static const bool one_sign = has_opposites(Format{});
      if (!one_sign) scales(-amax / highest);
    }
    refine();
    return found_;
  }

 private:
  /// Down to a quarter of the scale that clips nothing, from somewhat beyond it; levels that lie far apart at the end,
  /// as a minifloat's do, may be left unused altogether.
  void scales(float widest) {
    constexpr float most = integer_format<Format> ? 1.2f : 2.1f, least = 0.25f;
    constexpr int steps = static_cast<int>(64 * most);
    float last = 0;
    for (int i = 0; i <= steps; ++i) {
      const float scale = round_scale_(widest * (most - (most - least) * static_cast<float>(i) / steps));
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
        const float low = range.low + uncontracted(0.4f * static_cast<float>(i) * step);
        const float high = range.high - uncontracted(0.4f * static_cast<float>(k) * step);
        const float scale = (high - low) / levels;
        attempt(round_scale_(scale), round_offset_(uncontracted(scale * lowest) - low));
      }
    }
  }

  /// Tries a candidate and what follows from its codes; whether this is the best so far.
  bool attempt(float scale, float offset) {
    if (!(scale - scale == 0) || !(offset - offset == 0)) return false;
    const sums s = sums_of(format_, x_, weights_, n_, scale, offset);
    const bool as_it_is = keep(s, round_scale_(scale), round_offset_(offset));
    float o = 0;
    if constexpr (HasOffset) o = round_offset_(static_cast<float>(s.offset()));
    return keep(s, round_scale_(static_cast<float>(s.scale(static_cast<double>(o)))), o) || as_it_is;
  }

  bool keep(const sums& s, float scale, float offset) {
    const double error = s.error(static_cast<double>(scale), static_cast<double>(offset));
    const double largest = std::abs(static_cast<double>(scale)) * reach_ + std::abs(static_cast<double>(offset));
    if (!(error < least_) || largest > static_cast<double>(std::numeric_limits<float>::max())) return false;
    least_ = error;
    found_ = {scale, offset};
    return true;
  }

  void refine() {
    for (int i = 0; i < 4 && attempt(found_.scale, found_.offset); ++i) {}
  }

  Format format_;
  const float* x_;
  const float* weights_;
  index_t n_;
  RoundScale round_scale_;
  RoundOffset round_offset_;
  double reach_ = 0;  // the largest magnitude of a level
  double least_ = std::numeric_limits<double>::infinity();
  kernels::block_parameters found_{};
};

}  // namespace equant::inline EQUANT_ABI::block_search
