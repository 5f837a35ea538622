// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/compare.hpp>
#include <equant/quantize.hpp>
#include <equant/sweep/table.hpp>

namespace equant::inline EQUANT_ABI::sweep {

/// A granularity by name, as rows carry it.
struct named_blocking {
  std::string name;
  blocking where;
};

/// Rows of the uniform quantizer, min-max: symmetric, asymmetric and mid-rise, at each of the granularities. One bit
/// has no symmetric integer; there the levels are -1 and +1.
struct uniform_rows {
  static constexpr const char* kind = "uniform";
  std::vector<named_blocking> granularities;

  template <class T, int Bits>
  void operator()(const view<const T>& x, std::integral_constant<int, Bits>, table& out) const {
    using symmetric_format = std::conditional_t<Bits == 1, int1, integer<Bits>>;
    for (const named_blocking& g : granularities) {
      add<symmetric_format>(x, symmetric, g, out);
      add<integer<Bits>>(x, asymmetric, g, out);
      add<integer<Bits>>(x, mid_rise, g, out);
    }
  }

 private:
  template <class Format, class T, class Scheme>
  static void add(const view<const T>& x, Scheme scheme, const named_blocking& g, table& out) {
    const auto q = quantize<Format>(x, scheme, g.where);
    out.rows.push_back(measured(Format::bits, contract::joined("uniform ", Scheme::name), g.name, compare(x, q),
                                q.size_bytes()));
  }
};

}  // namespace equant::inline EQUANT_ABI::sweep
