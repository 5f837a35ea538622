// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/granular.hpp>
#include <equant/calibration/min_max.hpp>
#include <equant/quantizers/block_quantizer.hpp>
#include <equant/quantizers/stochastic.hpp>

namespace equant::inline EQUANT_ABI {
class mse;  // the calibrator, which asks a block scheme for the same as searched
}

/// Options in any order, told apart by their type.
namespace equant::inline EQUANT_ABI::options {

template <class T>
struct is_calibrator : std::bool_constant<calibrator<T>> {};
template <class T>
struct is_granularity : std::bool_constant<granularity<T>> {};
template <class T>
struct is_scheme : std::bool_constant<range_scheme<T>> {};
template <class T>
struct is_convention : std::bool_constant<quantization_convention<T>> {};
template <class T>
struct is_policy : std::bool_constant<std::same_as<T, non_finite>> {};
template <class T>
struct is_rounding : std::false_type {};
template <class Bits>
struct is_rounding<stochastic<Bits>> : std::true_type {};
template <class T>
struct is_executor : std::bool_constant<executor<const T>> {};
template <class T>
struct is_search : std::bool_constant<std::same_as<T, searched> || std::same_as<T, mse>> {};

/// How many of the options are of a kind.
template <template <class> class Kind, class... Options>
inline constexpr int count = (0 + ... + int(Kind<Options>::value));

template <class... Options>
constexpr bool check() {
  static_assert(((is_calibrator<Options>::value || is_granularity<Options>::value || is_scheme<Options>::value ||
                  is_convention<Options>::value || is_policy<Options>::value || is_rounding<Options>::value ||
                  is_executor<Options>::value) &&
                 ...),
                "equant: options are a calibrator, a granularity, a scheme, a convention, a stochastic rounding, a "
                "non_finite policy or an executor");
  static_assert(count<is_calibrator, Options...> <= 1, "equant: two calibrators were given");
  static_assert(count<is_granularity, Options...> <= 1, "equant: two granularities were given");
  static_assert(count<is_scheme, Options...> <= 1, "equant: two schemes were given");
  static_assert(count<is_convention, Options...> <= 1, "equant: two conventions were given");
  static_assert(count<is_policy, Options...> <= 1, "equant: two non_finite policies were given");
  static_assert(count<is_executor, Options...> <= 1, "equant: two executors were given");
  return true;
}

/// The options of a block scheme.
template <class... Options>
constexpr bool check_block_scheme() {
  static_assert(count<is_granularity, Options...> == 0,
                "equant: a block scheme fixes which values share parameters, so it takes no granularity");
  static_assert(((is_search<Options>::value || is_policy<Options>::value || is_granularity<Options>::value ||
                  is_executor<Options>::value) &&
                 ...),
                "equant: a block scheme brings its format, range rule and parameters; options are searched (or mse), "
                "a non_finite policy and an executor");
  static_assert(count<is_policy, Options...> <= 1, "equant: two non_finite policies were given");
  static_assert(count<is_executor, Options...> <= 1, "equant: two executors were given");
  static_assert(count<is_search, Options...> <= 1, "equant: two searches were asked for");
  return true;
}

/// The option of a kind, or the default.
template <template <class> class Kind, class Default>
constexpr Default pick(Default otherwise) {
  return otherwise;
}
template <template <class> class Kind, class Default, class First, class... Rest>
constexpr auto pick(Default otherwise, const First& first, const Rest&... rest) {
  if constexpr (Kind<First>::value) {
    return first;
  } else {
    return pick<Kind>(otherwise, rest...);
  }
}

/// The scheme used where none is named: the format's own, asymmetric for integers. TensorFlow Lite quantizes per axis
/// symmetric only.
template <class Format, class Convention, class Granularity>
constexpr auto default_scheme() {
  constexpr bool only_symmetric =
      std::same_as<Convention, convention::tflite> && !std::same_as<Granularity, per_tensor_t>;
  if constexpr (Format::has_zero_point && !only_symmetric) {
    return asymmetric;
  } else {
    return symmetric;
  }
}

}  // namespace equant::inline EQUANT_ABI::options
