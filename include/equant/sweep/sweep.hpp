// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/metrics/theory.hpp>
#include <equant/sweep/block.hpp>
#include <equant/sweep/codebook.hpp>
#include <equant/sweep/uniform.hpp>
#include <equant/sweep/vector.hpp>

#include <functional>
#include <tuple>
#include <utility>

/// Bit depth against error: every quantizer at every width, on one's own tensor.
///
/// Rows come from families: objects called as family(view, std::integral_constant<int, bits>, table) that append what
/// they have at that width. `sweep::run(view, low, high, families...)` takes any; `sweep_bits` runs the standard ones.
/// A family may have a name for its rows, `kind`, and `prepared(view)`, which looks at the tensor once and returns what
/// is called in its place.
namespace equant::inline EQUANT_ABI {

namespace sweep {

inline constexpr int most_bits = 16;

/// The families that run where none are named. A new one is added here.
inline auto standard_families(std::vector<named_blocking> granularities) {
  return std::tuple{uniform_rows{std::move(granularities)}, codebook_rows{}, block_rows{}, vector_rows{}};
}

/// Per tensor; and where there is more than one axis, per position of axis 0 and per 32 neighbours of the last one.
inline std::vector<named_blocking> standard_granularities(const shape& sizes) {
  std::vector<named_blocking> g = {{to_string(per_tensor), normal_form(per_tensor, sizes)}};
  if (sizes.rank > 1) g.push_back({to_string(per_axis{0}), normal_form(per_axis{0}, sizes)});
  if (sizes.rank > 0) {
    const per_group groups{sizes.rank - 1, 32};
    g.push_back({to_string(groups), normal_form(groups, sizes)});
  }
  return g;
}

template <class Family, class T>
auto prepared(const Family& family, const view<const T>& x) {
  if constexpr (requires { family.prepared(x); }) {
    return family.prepared(x);
  } else {
    return std::cref(family);
  }
}

template <class Family, class Rows, class T, int Bits>
void append(const Rows& rows, const view<const T>& x, std::integral_constant<int, Bits> bits, table& out) {
  const std::size_t before = out.rows.size();
  rows(x, bits, out);
  if constexpr (requires { Family::kind; }) {
    for (std::size_t i = before; i < out.rows.size(); ++i) out.rows[i].kind = Family::kind;
  }
}

/// Runs families over widths [low, high] and fills in what rows have in common.
template <class T, class... Families>
table run(const view<const T>& x, int low, int high, const Families&... families) {
  if (low < 1 || high > most_bits || low > high) {
    contract::invalid_argument("a sweep goes over 1 to 16 bits, not ", low, " to ", high);
  }
  table out;
  out.sizes = x.sizes;
  const auto over_widths = [&]<int... I>(std::integer_sequence<int, I...>, const auto&... rows) {
    const auto at = [&]<int Bits>(std::integral_constant<int, Bits> bits) {
      if (Bits >= low && Bits <= high) (append<Families>(rows, x, bits, out), ...);
    };
    (at(std::integral_constant<int, I + 1>{}), ...);
  };
  over_widths(std::make_integer_sequence<int, most_bits>{}, prepared(families, x)...);

  const double count = static_cast<double>(x.count());
  metrics::error_accumulator signal;
  comparing::for_each_pair(x, x, [&](const auto* a, const auto* b, index_t n) { signal.add(a, b, n); });
  out.power = signal.sums().x_square / count;
  out.entropy = metrics::differential_entropy(x);
  for (row& r : out.rows) {
    r.ratio = count * sizeof(float) / static_cast<double>(r.bytes);
    if (out.entropy && out.power > 0) {
      r.bound_db = metrics::shannon_bound_db(out.power, *out.entropy, r.bits_per_value);
    }
  }
  return out;
}

}  // namespace sweep

/// A row per bit depth low..high and quantizer. Throws as `quantize` does, and where a width is not 1 to 16.
template <tensor_source X>
sweep::table sweep_bits(const X& x, int low, int high) {
  return with_view(x, [&](const auto& v) {
    return std::apply([&](const auto&... family) { return sweep::run(v, low, high, family...); },
                      sweep::standard_families(sweep::standard_granularities(v.sizes)));
  });
}

/// The same with the granularities named (any of per_tensor, per_axis, per_group, blocking).
template <tensor_source X, granularity... Granularities>
  requires(sizeof...(Granularities) > 0)
sweep::table sweep_bits(const X& x, int low, int high, const Granularities&... g) {
  return with_view(x, [&](const auto& v) {
    std::vector<sweep::named_blocking> named = {{to_string(g), normal_form(g, v.sizes)}...};
    return std::apply([&](const auto&... family) { return sweep::run(v, low, high, family...); },
                      sweep::standard_families(std::move(named)));
  });
}

}  // namespace equant::inline EQUANT_ABI
