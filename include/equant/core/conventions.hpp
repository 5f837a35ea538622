// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/arithmetic.hpp>
#include <equant/core/scheme.hpp>

/// Conventions: how an ecosystem turns a range into a scale and a zero point, and a number into a code.
///
/// Each gives an `arithmetic`, the `map` it stores for a source of scalar T, and its `fit` per scheme. A fit takes the
/// interval to represent and the code range as values and returns what the ecosystem computes, in double: `standard`
/// always returns a usable scale, the others exactly theirs.
namespace equant::inline EQUANT_ABI {

/// A scale and a zero point as a rule gives them, before they are stored.
struct fitted {
  double scale = 1;
  double zero_point = 0;

  constexpr bool operator==(const fitted&) const = default;
};

namespace convention {

constexpr double clamp(double x, code_range r) {
  return x < r.lowest ? r.lowest : x > r.highest ? r.highest : x;
}

/// The zero point of symmetric codes: 0, or the middle code of unsigned ones.
constexpr std::int32_t middle(code_range r) { return r.lowest < 0 ? 0 : (r.lowest + r.highest + 1) / 2; }

/// equant's own rule, in double, stored as float: range widened to zero, zero point = round(lowest - min / scale).
/// The scale is never 0, denormal or infinite, and no code decodes to more than the largest float.
struct standard {
  using rules = arithmetic<>;
  template <class T>
  using map = affine;
  static constexpr const char* name = "standard";

  template <class T>
  static constexpr fitted fit(interval x, code_range r, asymmetric_t) {
    const interval wide = x.with_zero();
    const double scale = usable((wide.high - wide.low) / (r.highest - r.lowest));
    const double zero = clamp(nearest_even::apply(r.lowest - wide.low / scale), r);
    return limited({scale, zero}, r);
  }

  template <class T>
  static constexpr fitted fit(interval x, code_range r, symmetric_t) {
    const std::int32_t zero = middle(r);
    return limited({usable(x.largest_magnitude() / (r.highest - zero)), double(zero)}, r);
  }

  template <class T>
  static constexpr fitted fit(interval x, code_range r, mid_rise_t) {
    const double levels = double(r.highest) - r.lowest + 1;
    return limited({usable(2 * x.largest_magnitude() / levels), (double(r.lowest) + r.highest) / 2}, r);
  }

  /// Rounded to float and kept a normal number; what represents only zeros gets 1.
  static constexpr double usable(double scale) {
    constexpr double least = std::numeric_limits<float>::min();
    constexpr double most = std::numeric_limits<float>::max();
    if (scale == 0) return 1;
    return static_cast<float>(std::clamp(scale, least, most));
  }

 private:
  static constexpr fitted limited(fitted f, code_range r) {
    const double reach = std::max(r.highest - f.zero_point, f.zero_point - r.lowest);
    constexpr float most = std::numeric_limits<float>::max();
    if (f.scale * reach > most) f.scale = below(most / reach);
    return f;
  }
  static constexpr float below(double x) {
    const float rounded = static_cast<float>(x);
    return rounded > x ? rounded * (1 - std::numeric_limits<float>::epsilon()) : rounded;
  }
};

/// ONNX: QuantizeLinear's arithmetic (division, nearest even). Asymmetric ranges by DynamicQuantizeLinear, in float;
/// symmetric ones as ONNX Runtime's quantizer takes them, in double, over [-highest, highest].
struct onnx {
  using rules = arithmetic<>;
  template <class T>
  using map = affine;
  static constexpr const char* name = "onnx";

  template <class T>
  static constexpr fitted fit(interval x, code_range r, asymmetric_t) {
    const interval wide = x.with_zero();
    const float low = static_cast<float>(wide.low), high = static_cast<float>(wide.high);
    const float scale = (high - low) / static_cast<float>(r.highest - r.lowest);
    if (scale < std::numeric_limits<float>::min()) return {1, clamp(0, r)};
    const float from_low = static_cast<float>(r.lowest) - low / scale;
    return {scale, double(nearest_even::apply(static_cast<float>(clamp(from_low, r))))};
  }

  template <class T>
  static constexpr fitted fit(interval x, code_range r, symmetric_t) {
    const std::int32_t zero = middle(r);
    const double scale = x.largest_magnitude() / (r.highest - zero);
    if (scale < std::numeric_limits<float>::min()) return {1, double(zero)};
    return {scale, double(zero)};
  }
};

/// TensorFlow Lite: scale in double, the zero point from the end of the range with the smaller error, ties away.
struct tflite {
  using rules = arithmetic<half_away>;
  template <class T>
  using map = affine;
  static constexpr const char* name = "tflite";

  template <class T>
  static constexpr fitted fit(interval x, code_range r, asymmetric_t) {
    const interval wide = x.with_zero();
    if (wide.low == wide.high) return {0, 0};
    const double scale = (wide.high - wide.low) / (double(r.highest) - r.lowest);
    return {scale, half_away::apply(clamp(from_better_end(wide, r, scale), r))};
  }

  /// Weights: [-highest, highest], zero point 0.
  template <class T>
  static constexpr fitted fit(interval x, code_range r, symmetric_t) {
    const std::int32_t zero = middle(r);
    return {x.largest_magnitude() / (r.highest - zero), double(zero)};
  }

  static constexpr double from_better_end(interval wide, code_range r, double scale) {
    const double a = wide.low / scale, b = wide.high / scale;
    const auto magnitude = [](double v) { return v < 0 ? -v : v; };
    const bool low_end = magnitude(r.lowest) + magnitude(a) < magnitude(r.highest) + magnitude(b);
    return low_end ? r.lowest - a : r.highest - b;
  }
};

/// PyTorch: float arithmetic, one reciprocal per scale, scale at least FLT_EPSILON, symmetric over half the codes
/// (amax / 127.5 at 8 bits).
struct torch {
  using rules = arithmetic<nearest_even, scaling::reciprocal>;
  template <class T>
  using map = affine;
  static constexpr const char* name = "torch";

  template <class T>
  static constexpr fitted fit(interval x, code_range r, asymmetric_t) {
    const interval wide = x.with_zero();
    const float low = static_cast<float>(wide.low), high = static_cast<float>(wide.high);
    const float scale = at_least_epsilon((high - low) / static_cast<float>(r.highest - r.lowest));
    const double zero = r.lowest - double(nearest_even::apply(low / scale));
    return {scale, clamp(zero, r)};
  }

  template <class T>
  static constexpr fitted fit(interval x, code_range r, symmetric_t) {
    const float amax = static_cast<float>(x.with_zero().largest_magnitude());
    const float half_of_codes = static_cast<float>(r.highest - r.lowest) / 2;
    return {at_least_epsilon(amax / half_of_codes), double(middle(r))};
  }

 private:
  static constexpr float at_least_epsilon(float scale) {
    return std::max(scale, std::numeric_limits<float>::epsilon());
  }
};

/// numpy, the textbook's form: the range as it is, the zero point kept real, all in the source's own type.
struct numpy {
  using rules = arithmetic<nearest_even, scaling::division, zero_point_added::before_rounding>;
  template <class T>
  using map = real_affine<T>;
  static constexpr const char* name = "numpy";

  template <class T>
  static constexpr fitted fit(interval x, code_range r, asymmetric_t) {
    const T low = static_cast<T>(x.low), high = static_cast<T>(x.high);
    const T scale = (high - low) / static_cast<T>(r.highest - r.lowest);
    if (!(scale > 0)) return constant(x.low, r);
    return {double(scale), double(static_cast<T>(r.lowest) - low / scale)};
  }

  template <class T>
  static constexpr fitted fit(interval x, code_range r, symmetric_t) {
    const std::int32_t zero = middle(r);
    const T scale = static_cast<T>(x.largest_magnitude()) / static_cast<T>(r.highest - zero);
    return {scale > 0 ? double(scale) : 1, double(zero)};
  }

 private:
  /// numpy divides by zero here; a scale of the value itself (or 1) keeps a constant exact.
  static constexpr fitted constant(double value, code_range r) {
    if (value == 0) return {1, 0.0 + r.lowest};
    return {value < 0 ? -value : value, r.lowest + (value < 0 ? 1.0 : 0.0)};
  }
};

/// gemmlowp: uint8, everything in float; code = half_away(clamp(z + x / s)), zero point from the better end.
struct gemmlowp {
  using rules = arithmetic<half_away, scaling::division, zero_point_added::before_rounding>;
  template <class T>
  using map = affine;
  static constexpr const char* name = "gemmlowp";

  template <class T>
  static constexpr fitted fit(interval x, code_range r, asymmetric_t) {
    const interval wide = x.with_zero();
    const float low = static_cast<float>(wide.low), high = static_cast<float>(wide.high);
    if (low == high) return {0, 0};
    const float scale = (high - low) / static_cast<float>(r.highest - r.lowest);
    const float from_low = static_cast<float>(r.lowest) - low / scale;
    return {scale, half_away::apply(clamp(from_low, r))};
  }

  template <class T>
  static constexpr fitted fit(interval x, code_range r, symmetric_t) {
    const std::int32_t zero = middle(r);
    return {static_cast<float>(x.largest_magnitude()) / static_cast<float>(r.highest - zero), double(zero)};
  }
};

}  // namespace convention

template <class C>
concept quantization_convention = requires(interval x, code_range r) {
  typename C::rules;
  typename C::template map<float>;
  { C::template fit<float>(x, r, symmetric) } -> std::same_as<fitted>;
};

/// The map a convention stores for a scheme: mid-rise needs a zero point between two codes.
template <class Convention, class Scheme, class T>
using map_of = std::conditional_t<std::same_as<Scheme, mid_rise_t>,
                                  real_affine<std::conditional_t<std::same_as<T, double>, double, float>>,
                                  typename Convention::template map<
                                      std::conditional_t<std::same_as<T, double>, double, float>>>;

/// The arithmetic that belongs to a map: an integer zero point is added where the convention says, a real one before
/// the rounding.
template <class Convention, class Map>
using rules_of = std::conditional_t<
    std::is_integral_v<typename Map::zero_point_type>, typename Convention::rules,
    arithmetic<typename Convention::rules::rounding, Convention::rules::scaled_by,
               zero_point_added::before_rounding>>;

}  // namespace equant::inline EQUANT_ABI
