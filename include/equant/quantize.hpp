// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/formats/formats.hpp>
#include <equant/options.hpp>
#include <equant/quantizers/block_quantizer.hpp>
#include <equant/quantizers/uniform_quantizer.hpp>
#include <equant/storage/block_schemes.hpp>

namespace equant::inline EQUANT_ABI {

/// Quantizes a tensor: looks at its values, chooses the parameters, and rounds every value to the nearest code.
///
///   quantize<int8>(w)                                       min-max, per tensor, asymmetric
///   quantize<int4>(w, per_group{1, 64}, symmetric)          options in any order
///   quantize<int8>(w, convention::tflite{}, per_axis{0})    as TensorFlow Lite does it
///
/// Options: a calibrator (min_max), a granularity (per_tensor), a scheme (the format's own: asymmetric for integers,
/// else symmetric), a convention (standard), stochastic rounding (to the nearest), a non_finite policy (reject), an
/// executor (serial), on which no result depends. Throws std::invalid_argument on NaN or infinity (naming the place),
/// on an empty tensor, and on an axis or group that does not fit.
template <element_format Format, tensor_source X, class... Options>
auto quantize(const X& x, const Options&... given) {
  static_assert(options::check<Options...>());
  using T = scalar_of<X>;
  auto observer = options::pick<options::is_calibrator>(min_max{}, given...);
  const auto where = options::pick<options::is_granularity>(per_tensor, given...);
  const auto how = options::pick<options::is_convention>(convention::standard{}, given...);
  using convention_type = std::remove_const_t<decltype(how)>;
  const auto scheme = options::pick<options::is_scheme>(
      options::default_scheme<Format, convention_type, std::remove_const_t<decltype(where)>>(), given...);
  const auto policy = options::pick<options::is_policy>(non_finite::reject, given...);
  const auto run_on = options::pick<options::is_executor>(serial{}, given...);
  return with_view(x, [&](const auto& v) {
    if (v.count() == 0) {
      contract::invalid_argument("a tensor of ", to_string(v.sizes), " has no values to choose a range from");
    }
    auto params = [&] {
      if constexpr (std::same_as<decltype(where), const per_tensor_t>) {
        observer.observe(v, policy, run_on);
        return observer.template params<Format, T>(scheme, how);
      } else {
        granular each(observer, where);
        each.observe(v, policy, run_on);
        return each.template params<Format, T>(scheme, how);
      }
    }();
    using map = typename decltype(params)::map_type;
    if constexpr (options::count<options::is_rounding, Options...> > 0) {
      const auto rounding = options::pick<options::is_rounding>(stochastic<>{}, given...);
      return stochastic_quantizer<Format, decltype(rounding.bits), map>(std::move(params), rounding.bits)
          .quantize(v, run_on);
    } else {
      return uniform_quantizer<Format, convention_type, map>(std::move(params)).quantize(v, run_on);
    }
  });
}

/// Quantizes a tensor in a block scheme, which brings its own parameters and where they hold:
///
///   quantize<mxfp4>(w)               by the scheme's rule
///   quantize<mxfp4>(w, searched{})   by the scale, and the offset, of least error: the same bytes, and more time;
///                                    mse{} asks for the same
///
/// Options: searched, a non_finite policy (reject), an executor (serial). Throws as above.
template <block_scheme Scheme, tensor_source X, class... Options>
quantized_blocks<Scheme> quantize(const X& x, const Options&... given) {
  static_assert(options::check_block_scheme<Options...>());
  using choice = std::conditional_t<options::count<options::is_search, Options...> == 0, by_rule, searched>;
  return block_quantizer<Scheme, choice>().quantize(x, options::pick<options::is_policy>(non_finite::reject, given...),
                                                    options::pick<options::is_executor>(serial{}, given...));
}

/// The same at compile time, for tables in firmware: an array, min-max, per tensor.
template <element_format Format, class T, std::size_t N, class... Options>
  requires std::floating_point<T>
constexpr auto quantize(const std::array<T, N>& x, const Options&... given) {
  static_assert(options::check<Options...>());
  static_assert(N > 0, "equant: an empty array has no values to choose a range from");
  static_assert(options::count<options::is_calibrator, Options...> == 0 &&
                    options::count<options::is_granularity, Options...> == 0 &&
                    options::count<options::is_rounding, Options...> == 0 &&
                    options::count<options::is_executor, Options...> == 0,
                "equant: an array is quantized by min-max, per tensor, to the nearest, on one thread");
  const auto how = options::pick<options::is_convention>(convention::standard{}, given...);
  using convention_type = std::remove_const_t<decltype(how)>;
  const auto scheme = options::pick<options::is_scheme>(
      options::default_scheme<Format, convention_type, per_tensor_t>(), given...);
  const auto seen = kernels::min_max(x.data(), static_cast<index_t>(N));
  if (!seen.finite) contract::invalid_argument("an array with a value that is not finite");
  const auto map = fit<Format, T>(interval{seen.low, seen.high}, scheme, how);
  using map_type = std::remove_const_t<decltype(map)>;
  return uniform_quantizer<Format, convention_type, map_type>(map).quantize(x);
}

}  // namespace equant::inline EQUANT_ABI
