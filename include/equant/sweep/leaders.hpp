// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/metrics/theory.hpp>
#include <equant/sweep/table.hpp>

#include <algorithm>
#include <cmath>

namespace equant::inline EQUANT_ABI::sweep {

/// A quantizer at a granularity, over the widths of a sweep.
struct series {
  std::string name;
  std::vector<row> rows;

  /// SQNR less what each bit per value should bring, 6.02 dB: the mean over its rows that have an error.
  double merit() const {
    double sum = 0, count = 0;
    for (const row& r : rows) {
      if (!std::isfinite(r.sqnr_db)) continue;
      sum += r.sqnr_db - metrics::six_db_per_bit(1) * r.bits_per_value;
      count += 1;
    }
    return count > 0 ? sum / count : -std::numeric_limits<double>::infinity();
  }
};

/// Of each kind of quantizer the `count` series of the greatest merit, best first; kinds in the order of the table.
inline std::vector<series> leaders(const table& t, std::size_t count) {
  std::vector<series> found;
  std::size_t first = 0;  // of this kind
  for (std::size_t i = 0; i < t.rows.size(); ++i) {
    const std::string& kind = t.rows[i].kind;
    const bool known = std::any_of(t.rows.begin(), t.rows.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](const row& r) { return r.kind == kind; });
    if (known) continue;
    for (const row& r : t.rows) {
      if (r.kind != kind) continue;
      const std::string name = r.quantizer + ", " + r.granularity;
      const auto from = found.begin() + static_cast<std::ptrdiff_t>(first);
      auto to = std::find_if(from, found.end(), [&](const series& s) { return s.name == name; });
      if (to == found.end()) to = found.insert(to, series{name, {}});
      to->rows.push_back(r);
    }
    std::stable_sort(found.begin() + static_cast<std::ptrdiff_t>(first), found.end(),
                     [](const series& a, const series& b) { return a.merit() > b.merit(); });
    found.resize(std::min(found.size(), first + count));
    first = found.size();
  }
  return found;
}

}  // namespace equant::inline EQUANT_ABI::sweep
