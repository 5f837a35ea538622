// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/scan.hpp>
#include <equant/compare.hpp>
#include <equant/core/contiguous.hpp>
#include <equant/formats/power_of_two.hpp>
#include <equant/metrics/distribution.hpp>
#include <equant/quantizers/best_scale.hpp>
#include <equant/quantizers/companding.hpp>
#include <equant/quantizers/entropy_coded.hpp>
#include <equant/sweep/table.hpp>

namespace equant::inline EQUANT_ABI::sweep {

/// Rows of the non-uniform scalar quantizers, per tensor, up to 8 bits: Lloyd-Max, the compander of the likeliest
/// density and telephony's over the whole range, with their levels stored; powers of two and their sums at the scale of
/// least error; equal steps with a dead zone for an entropy coder, at the entropy of their codes. They are fitted to at
/// most 2^20 of the values, evenly spread, and measured on all.
struct codebook_rows {
  static constexpr const char* kind = "codebook";
  static constexpr index_t most_values = index_t{1} << 20;

  template <class T, int Bits>
  void operator()(const view<const T>& x, std::integral_constant<int, Bits> bits, table& out) const {
    if constexpr (Bits <= 8) add_fitted(x, sample(x), bits, out);
  }

  /// The rows at every width, for which the values are put in order once.
  template <class T>
  auto prepared(const view<const T>& x) const {
    return [values = sample(x)]<int Bits>(const view<const T>& v, std::integral_constant<int, Bits> bits, table& out) {
      if constexpr (Bits <= 8) add_fitted(v, values, bits, out);
    };
  }

  /// What the rows are fitted to.
  template <class T>
  static sorted_values sample(const view<const T>& x) {
    if (x.count() <= most_values) return sorted_values(x);
    const index_t stride = (x.count() + most_values - 1) / most_values;
    std::vector<working<T>> some;
    index_t at = 0;
    const traversal walk(x.sizes, x.order(), x.strides, x.strides, normal_form(per_tensor, x.sizes));
    walk.for_each_run([&](const run& r) {
      for (; at < r.count; at += stride) some.push_back(static_cast<working<T>>(x.data[r.a + at * r.a_step]));
      at -= r.count;
    });
    return sorted_values(some);
  }

 private:
  template <class T, int Bits>
  static void add_fitted(const view<const T>& x, const sorted_values& values, std::integral_constant<int, Bits>,
                         table& out) {
    add("Lloyd-Max", Bits, x, lloyd_max<Bits>(values), out);
    add("compander", Bits, x, optimal_compander<Bits>(values), out);
    if constexpr (Bits >= 2) {
      const double peak = scan_ranges(x, normal_form(per_tensor, x.sizes), non_finite::reject)[0].largest_magnitude();
      add("mu-law", Bits, x, mu_law<Bits>(peak), out);
      add("A-law", Bits, x, a_law<Bits>(peak), out);
      add_scaled<power_of_two<Bits>>("power of two", x, values, out);
    }
    if constexpr (Bits == 3 || Bits == 4 || Bits == 5 || Bits == 7) {
      add_scaled<additive_power_of_two<Bits>>("sum of powers of two", x, values, out);
    }
    add("entropy-coded", Bits, x, entropy_coded(values, Bits), out);
  }

  template <class Format, class T>
  static void add_scaled(const char* name, const view<const T>& x, const sorted_values& values, table& out) {
    add(name, Format::bits, x, uniform_quantizer<Format>(affine{best_scale<Format>(values), 0}), out);
  }

  template <class T, class Quantizer>
  static void add(const char* name, int bits, const view<const T>& x, const Quantizer& quantizer, table& out) {
    const auto q = quantizer.quantize(x);
    row r = measured(bits, name, to_string(per_tensor), compare(x, q), q.size_bytes());
    if constexpr (std::same_as<Quantizer, entropy_coded_quantizer>) {
      const double coded = std::ceil(metrics::code_entropy(q) * static_cast<double>(q.count()) / 8);
      r.bytes = r.bytes - q.bytes().size() + static_cast<std::size_t>(coded);
      r.bits_per_value = 8 * static_cast<double>(r.bytes) / static_cast<double>(q.count());
    }
    out.rows.push_back(std::move(r));
  }
};

}  // namespace equant::inline EQUANT_ABI::sweep
