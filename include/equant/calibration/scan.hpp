// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/lines.hpp>
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

/// The smallest and largest value in every block of x, in row-major order of the blocks; an empty interval where a
/// block has no (finite) values.
template <class T>
std::vector<interval> scan_ranges(const view<const T>& x, const blocking& where, non_finite policy) {
  using W = working<T>;
  const auto blocks = static_cast<std::size_t>(where.counts(x.sizes).count());
  std::vector<W> low(blocks, std::numeric_limits<W>::infinity());
  std::vector<W> high(blocks, -std::numeric_limits<W>::infinity());
  bool all_finite = true;
  const traversal walk(x.sizes, x.order(), x.strides, x.strides, where);
  walk.for_each_run([&](const run& r) {
    read_line(x.data + r.a, r.a_step, r.count, [&](const W* v, index_t n, index_t offset) {
      const index_t at = r.parameter + offset * r.parameter_step;
      scanning::for_finite(v, n, policy, [&](const W* f, index_t m) {
        const index_t block = at + (f - v) * r.parameter_step;
        W* lows = low.data() + block;
        W* highs = high.data() + block;
        if (r.parameter_step == 1) {
          all_finite = kernels::widen_each(f, m, lows, highs) && all_finite;
        } else if (r.parameter_step == 0) {
          const auto found = kernels::min_max(f, m);
          all_finite = all_finite && found.finite;
          *lows = std::min(*lows, found.low);
          *highs = std::max(*highs, found.high);
        } else {
          for (index_t i = 0; i < m; ++i) {
            const index_t step = i * r.parameter_step;
            all_finite = kernels::widen_each(f + i, 1, lows + step, highs + step) && all_finite;
          }
        }
      });
    });
  });
  if (!all_finite) scanning::reject_non_finite(x);
  std::vector<interval> ranges(blocks);
  for (std::size_t i = 0; i < blocks; ++i) ranges[i] = {static_cast<double>(low[i]), static_cast<double>(high[i])};
  return ranges;
}

}  // namespace equant::inline EQUANT_ABI
