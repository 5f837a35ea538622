// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/metrics/target.hpp>
#include <equant/sweep/sweep.hpp>

namespace equant::inline EQUANT_ABI {

/// The row of a sweep with the fewest bytes that reaches a SQNR, or the one of the largest SQNR within a budget of
/// bytes; of equals the one with fewer bytes, then the first. Nothing where no row does.
inline std::optional<sweep::row> recommend(const sweep::table& t, target_sqnr target) {
  if (std::isnan(target.db)) contract::invalid_argument("a target of nan dB");
  const sweep::row* best = nullptr;
  for (const sweep::row& r : t.rows) {
    if (r.sqnr_db >= target.db && (best == nullptr || r.bytes < best->bytes)) best = &r;
  }
  return best == nullptr ? std::nullopt : std::optional<sweep::row>(*best);
}
inline std::optional<sweep::row> recommend(const sweep::table& t, target_bytes target) {
  const sweep::row* best = nullptr;
  for (const sweep::row& r : t.rows) {
    if (r.bytes > target.bytes || std::isnan(r.sqnr_db)) continue;
    const bool better = best == nullptr || r.sqnr_db > best->sqnr_db ||
                        (r.sqnr_db == best->sqnr_db && r.bytes < best->bytes);
    if (better) best = &r;
  }
  return best == nullptr ? std::nullopt : std::optional<sweep::row>(*best);
}

/// The same for a tensor: of all that `sweep_bits(x, 1, 16)` tries.
template <tensor_source X>
std::optional<sweep::row> recommend(const X& x, target_sqnr target) {
  return recommend(sweep_bits(x, 1, sweep::most_bits), target);
}
template <tensor_source X>
std::optional<sweep::row> recommend(const X& x, target_bytes target) {
  return recommend(sweep_bits(x, 1, sweep::most_bits), target);
}

}  // namespace equant::inline EQUANT_ABI
