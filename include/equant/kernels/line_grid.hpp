// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/affine.hpp>

namespace equant::inline EQUANT_ABI {

/// `lines` lines of n elements: each begins `in` elements of the source and `out` of the result after the one before,
/// and its scales and zero points as far after those. Short lines are handed to a kernel together, as a call for each
/// costs more than it does.
struct line_grid {
  index_t lines = 1, n = 0;
  index_t in = 0, out = 0;
  index_t scale = 0, zero_point = 0;
};

namespace kernels {

/// Calls line(offset in the source, offset in the result, parameters) for every line. The usual steps of the parameters
/// are constants where a line is inlined, so that lines do not ask for them again.
template <class Map, class F>
[[gnu::always_inline]] inline void for_each_line(const line_grid& grid, run_parameters<Map> p, F&& line) {
  const auto loop = [&](auto with_steps) __attribute__((always_inline)) {
    index_t in = 0, out = 0;
    for (index_t i = 0; i < grid.lines; ++i) {
      line(in, out, with_steps(p));
      in += grid.in;
      out += grid.out;
      p = p.moved(grid.scale, grid.zero_point);
    }
  };
  const auto steps = []<index_t Scale, index_t ZeroPoint>(const run_parameters<Map>& q) {
    return run_parameters<Map>{q.scale, q.zero_point, Scale, ZeroPoint, q.inverse};
  };
  if (p.scale_step == 0 && p.zero_point_step == 0) {
    loop([&](const auto& q) __attribute__((always_inline)) { return steps.template operator()<0, 0>(q); });
  } else if (p.scale_step == 1 && p.zero_point_step == 1) {
    loop([&](const auto& q) __attribute__((always_inline)) { return steps.template operator()<1, 1>(q); });
  } else {
    loop([&](const auto& q) __attribute__((always_inline)) { return q; });
  }
}

}  // namespace kernels
}  // namespace equant::inline EQUANT_ABI
