// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/lines.hpp>
#include <equant/core/executor.hpp>
#include <equant/core/scheme.hpp>
#include <equant/kernels/min_max.hpp>

#include <cmath>

namespace equant::inline EQUANT_ABI {

/// What a calibrator does with NaN and infinity: refuse them and say where they are, or leave them out.
enum class non_finite { reject, skip };

namespace scanning {

/// An interval that holds nothing, the identity of `widened`.
inline constexpr interval nothing{std::numeric_limits<double>::infinity(),
                                  -std::numeric_limits<double>::infinity()};

constexpr bool empty(interval x) { return x.low > x.high; }
constexpr interval widened(interval a, interval b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

template <class T>
bool finite(T x) {
  return x - x == 0;
}

/// Fails, naming the first value in logical order that is not finite and where it stands.
template <class T>
[[noreturn]] void reject_non_finite(const view<const T>& x) {
  const traversal logical(x.sizes, axis_order::row_major(), x.strides, row_major_strides(x.sizes),
                          normal_form(per_tensor, x.sizes));
  index_t found = std::numeric_limits<index_t>::max();
  double value = 0;
  logical.for_each_run([&](const run& r) {
    read_line(x.data + r.a, r.a_step, r.count, [&](const working<T>* v, index_t n, index_t offset) {
      for (index_t i = 0; i < n; ++i) {
        const index_t at = r.b + (offset + i) * r.b_step;
        if (!finite(v[i]) && at < found) {
          found = at;
          value = static_cast<double>(v[i]);
        }
      }
    });
  });
  std::string place;
  const shape steps = row_major_strides(x.sizes);
  index_t rest = found;
  for (int axis = 0; axis < x.sizes.rank; ++axis) {
    const index_t at = rest / steps[axis];
    rest %= steps[axis];
    const bool matrix = x.sizes.rank == 2;
    place += axis == 0 ? (matrix ? "row " : "(") : (matrix ? ", column " : ", ");
    place += std::to_string(at);
  }
  if (x.sizes.rank != 2) place += ")";
  contract::invalid_argument("the value ", value, " at ", place,
                             " is not finite; non_finite::skip leaves such values out");
}

/// Hands the finite ones of n values to f(values, count), in order.
template <class T, class F>
void for_finite(const T* v, index_t n, non_finite policy, F&& f) {
  if (policy == non_finite::reject) return f(v, n);  // the scan has seen to it
  for (index_t i = 0; i < n;) {
    if (!finite(v[i])) {
      ++i;
      continue;
    }
    index_t end = i + 1;
    while (end < n && finite(v[end])) ++end;
    f(v + i, end - i);
    i = end;
  }
}

}  // namespace scanning

namespace scanning {

/// Running ranges of all blocks, and whether everything seen was finite.
template <class W>
struct block_ranges {
  explicit block_ranges(std::size_t blocks)
      : low(blocks, std::numeric_limits<W>::infinity()), high(blocks, -std::numeric_limits<W>::infinity()) {}

  /// n values, whose blocks begin at `block` and lie `step` apart.
  void add(const W* v, index_t n, index_t block, index_t step) {
    W* lows = low.data() + block;
    W* highs = high.data() + block;
    if (step == 1) {
      finite = kernels::widen_each(v, n, lows, highs) && finite;
    } else if (step == 0) {
      const auto found = kernels::min_max(v, n);
      finite = finite && found.finite;
      *lows = std::min(*lows, found.low);
      *highs = std::max(*highs, found.high);
    } else {
      for (index_t i = 0; i < n; ++i) {
        finite = kernels::widen_each(v + i, 1, lows + i * step, highs + i * step) && finite;
      }
    }
  }

  /// The lines of a grid together, of a block each or of the same blocks side by side; false where they are neither.
  bool add_lines(const W* v, const run_grid& grid) {
    const run& first = grid.first;
    W* lows = low.data() + first.parameter;
    W* highs = high.data() + first.parameter;
    if (first.parameter_step == 0) {
      const index_t step = grid.parameter_line;
      finite = kernels::widen_lines(v, grid.lines, first.count, grid.a_line, lows, highs, step) && finite;
    } else if (first.parameter_step == 1 && grid.parameter_line == 0) {
      finite = kernels::widen_each_of_lines(v, grid.lines, first.count, grid.a_line, lows, highs) && finite;
    } else {
      return false;
    }
    return true;
  }

  void merge(const block_ranges& other) {
    finite = finite && other.finite;
    for (std::size_t i = 0; i < low.size(); ++i) {
      low[i] = std::min(low[i], other.low[i]);
      high[i] = std::max(high[i], other.high[i]);
    }
  }

  std::vector<W> low, high;
  bool finite = true;
};

}  // namespace scanning

/// The smallest and largest value in every block of x, in row-major order of the blocks; an empty interval where a
/// block has no (finite) values.
template <class T, executor Executor = serial>
std::vector<interval> scan_ranges(const view<const T>& x, const blocking& where, non_finite policy,
                                  Executor&& run_on = {}) {
  using W = working<T>;
  const index_t blocks = where.counts(x.sizes).count();
  const traversal walk(x.sizes, x.order(), x.strides, x.strides, where);
  // Each part has ranges of its own, so there are no more parts than keep these small beside x.
  const index_t most = std::max(index_t{1}, x.count() / (16 * std::max(index_t{1}, blocks)));
  const index_t parts = std::min(parts_for(run_on, x.count()), most);
  std::vector<scanning::block_ranges<W>> found;
  found.reserve(static_cast<std::size_t>(parts));
  for (index_t part = 0; part < parts; ++part) found.emplace_back(static_cast<std::size_t>(blocks));
  run_on(parts, [&](index_t part) {
    auto& ranges = found[static_cast<std::size_t>(part)];
    walk.for_each_grid_of(part, parts, [&](const run_grid& grid) {
      if constexpr (std::same_as<T, W>) {
        const bool together = grid.short_lines() && policy == non_finite::reject;
        if (together && ranges.add_lines(x.data + grid.first.a, grid)) return;
      }
      grid.for_each_run([&](const run& r) {
        read_line(x.data + r.a, r.a_step, r.count, [&](const W* v, index_t n, index_t offset) {
          const index_t at = r.parameter + offset * r.parameter_step;
          scanning::for_finite(v, n, policy, [&](const W* f, index_t m) {
            ranges.add(f, m, at + (f - v) * r.parameter_step, r.parameter_step);
          });
        });
      });
    });
  });
  scanning::block_ranges<W>& all = found[0];
  for (std::size_t part = 1; part < found.size(); ++part) all.merge(found[part]);
  if (!all.finite) scanning::reject_non_finite(x);
  std::vector<interval> ranges(all.low.size());
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    ranges[i] = {static_cast<double>(all.low[i]), static_cast<double>(all.high[i])};
  }
  return ranges;
}

}  // namespace equant::inline EQUANT_ABI
