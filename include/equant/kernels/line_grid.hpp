// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/affine.hpp>

#include <type_traits>

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

/// Whether all lines share a set of parameters per element, as a matrix with a scale per column has them.
template <class Map>
bool shared_by_lines(const line_grid& grid, run_parameters<Map> p) {
  return p.scale_step == 1 && p.zero_point_step == 1 && grid.scale == 0 && grid.zero_point == 0;
}

/// Calls line(offset in the source, offset in the result, parameters) for every line. The usual steps of the parameters
/// are constants where a line is inlined, so that lines do not ask for them again. The grid comes by value: an address
/// read from memory waits for the stores before it.
template <class Map, class F>
[[gnu::always_inline]] inline void for_each_line(const line_grid grid, run_parameters<Map> p, F&& line) {
  const auto loop = [&]<int Steps>(std::integral_constant<int, Steps>) __attribute__((always_inline)) {
    run_parameters<Map> q = p;
    if constexpr (Steps >= 0) q.scale_step = q.zero_point_step = Steps;
    index_t from = 0, to = 0;
    for (index_t left = grid.lines; left > 0; --left, from += grid.in, to += grid.out) {
      line(from, to, q);
      if (left > 1) q = q.moved(grid.scale, grid.zero_point);
    }
  };
  if (p.scale_step == 0 && p.zero_point_step == 0) {
    loop(std::integral_constant<int, 0>{});
  } else if (p.scale_step == 1 && p.zero_point_step == 1) {
    loop(std::integral_constant<int, 1>{});
  } else {
    loop(std::integral_constant<int, -1>{});
  }
}

}  // namespace kernels
}  // namespace equant::inline EQUANT_ABI
