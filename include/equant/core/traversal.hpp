// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/granularity.hpp>
#include <equant/core/order.hpp>

#include <algorithm>

/// Traversal by runs: tensors of any rank, strides and granularity become long straight lines, which is what the
/// kernels work on.
namespace equant::inline EQUANT_ABI {

/// `count` elements of two operands a and b on one straight line, with the parameters that belong to them: element i
/// is a[i * a_step], b[i * b_step] and parameter[i * parameter_step]; positions are offsets from the operand's start.
/// `parameter_step` is 0 (one for the run) or as large as the parameters' own stride along the line.
struct run {
  index_t count = 0;
  index_t a = 0, a_step = 0;
  index_t b = 0, b_step = 0;
  index_t parameter = 0, parameter_step = 0;
};

/// `lines` runs like the first, whose starts lie a fixed step apart: short lines are handed over together.
struct run_grid {
  run first;
  index_t lines = 1;
  index_t a_line = 0, b_line = 0, parameter_line = 0;

  /// Whether these are lines of neighbours in both operands, so short that a call for each costs more than its work.
  bool short_lines() const { return lines > 1 && first.a_step == 1 && first.b_step == 1 && first.count < 1024; }

  template <class F>
  void for_each_run(F&& f) const {
    run r = first;
    for (index_t line = 0; line < lines; ++line) {
      f(static_cast<const run&>(r));
      r.a += a_line;
      r.b += b_line;
      r.parameter += parameter_line;
    }
  }
};

/// Two operands over one index space, each with a stride per logical axis, and a granularity. `order` is the order
/// of the walk, usually the storage order of a; b may lie in another one, and is then walked in tiles.
class traversal {
 public:
  traversal(const shape& sizes, const axis_order& order, const shape& a, const shape& b,
            const blocking& where) {
    where.check(sizes);
    index_t parameter[max_rank];  // the parameters' own strides; 0 along an axis of one block
    index_t blocks = 1;
    for (int axis = sizes.rank; axis-- > 0;) {
      const index_t count = where.count(sizes, axis);
      parameter[axis] = count == 1 ? 0 : blocks;
      blocks *= count;
    }
    empty_ = sizes.count() == 0;
    for (int place = 0; place < sizes.rank && !empty_; ++place) {
      const int axis = order[place];
      if (sizes[axis] == 1) continue;
      const index_t block = parameter[axis] == 0 ? sizes[axis] : where.lengths[axis];
      append({sizes[axis], block, parameter[axis], a[axis], b[axis]});
    }
    if (loops_ == 0) append({1, 1, 0, 1, 1});
    choose_tile();
  }

  /// Calls f(const run&) until every element was visited once. Without tiles, in the order of the walk.
  template <class F>
  void for_each_run(F&& f) const {
    for_each_run_of(0, 1, f);
  }

  /// The same for one of `parts` parts of about the same size, which together visit every element once. Without tiles a
  /// part begins at a multiple of 8 elements of the walk: where an operand is a dense stream of codes in its order, no
  /// two parts share a byte.
  template <class F>
  void for_each_run_of(index_t part, index_t parts, F&& f) const {
    for_each_grid_of(part, parts, [&](const run_grid& grid) { grid.for_each_run(f); });
  }

  /// The same, the runs of equal lines together: f(const run_grid&).
  template <class F>
  void for_each_grid_of(index_t part, index_t parts, F&& f) const {
    if (empty_) return;
    const index_t length = tiled_ >= 0 ? (loop(tiled_).size + tile - 1) / tile : loop(loops_ - 1).size;
    const index_t unit = tiled_ >= 0 ? 1 : 8;
    const index_t total = length * lines();
    const index_t units = (total + unit - 1) / unit;
    auto bound = [&](index_t i) { return std::min(total, part_begin(units, parts, i) * unit); };
    const index_t end = bound(part + 1);
    index_t at = bound(part);
    if (at >= end) return;
    std::array<index_t, max_rank> index{};
    corner start = start_of(at / length, index);
    for (index_t from = at % length; at < end; from = 0) {
      const index_t to = std::min(length, from + end - at);
      if (const index_t together = from == 0 ? lines_together(index, (end - at) / length) : 1; together > 1) {
        const axis_loop& outer = loop(loops_ - 2);
        const axis_loop& in = loop(loops_ - 1);
        const run first{length, start.a, in.a, start.b, in.b, start.parameter, in.parameter};
        f(run_grid{first, together, outer.a, outer.b, outer.block == 1 ? outer.parameter : 0});
        at += together * length;
        skip_lines(start, index, together);
        continue;
      }
      if (tiled_ >= 0) {
        for (index_t band = from; band < to; ++band) tiles(start, band * tile, f);
      } else {
        line(start, from, to, f);
      }
      at += to - from;
      next_line(start, index);
    }
  }

 private:
  static constexpr index_t tile = 64;

  /// One loop of the nest: `block` neighbours share their parameters, the next block's lie `parameter` further.
  struct axis_loop {
    index_t size, block, parameter, a, b;
  };

  const axis_loop& loop(int i) const { return loop_[static_cast<std::size_t>(i)]; }

  /// Adds the next faster loop, or joins it with the one before where the two are one straight line.
  void append(axis_loop next) {
    if (loops_ > 0) {
      axis_loop& last = loop_[static_cast<std::size_t>(loops_ - 1)];
      const bool straight = last.a == next.size * next.a && last.b == next.size * next.b;
      const bool next_shares = next.parameter == 0;
      const bool steps_on = last.block == 1 && next.block == 1 && last.parameter != 0 &&
                            last.parameter == next.size * next.parameter;
      if (straight && (next_shares || steps_on)) {
        last.block = next_shares ? last.block * next.size : 1;
        if (!next_shares) last.parameter = next.parameter;
        last.size *= next.size;
        last.a = next.a;
        last.b = next.b;
        return;
      }
    }
    loop_[static_cast<std::size_t>(loops_++)] = next;
  }

  /// Where b's fastest axis is not the walk's, both are cut into tiles that stay in the cache.
  void choose_tile() {
    const int inner = loops_ - 1;
    auto distance = [](index_t step) { return step < 0 ? -step : step; };
    if (distance(loop(inner).b) <= 1) return;
    for (int l = 0; l < inner; ++l) {
      if (distance(loop(l).b) == 1) tiled_ = l;
    }
  }

  /// Where a line begins: offsets of both operands and the parameters.
  struct corner {
    index_t a = 0, b = 0, parameter = 0;
  };

  corner moved(const corner& c, int l, index_t i) const {
    return {c.a + i * loop(l).a, c.b + i * loop(l).b, c.parameter + i / loop(l).block * loop(l).parameter};
  }

  /// How many lines there are: times all loops but the innermost, and the tiled one, are gone through.
  index_t lines() const {
    index_t n = 1;
    for (int l = 0; l < loops_ - 1; ++l) n *= l == tiled_ ? 1 : loop(l).size;
    return n;
  }

  /// Where line `number` starts, and the index of each loop there.
  corner start_of(index_t number, std::array<index_t, max_rank>& index) const {
    corner start;
    for (int l = loops_ - 2; l >= 0; --l) {
      if (l == tiled_) continue;
      index_t& i = index[static_cast<std::size_t>(l)];
      i = number % loop(l).size;
      start = moved(start, l, i);
      number /= loop(l).size;
    }
    return start;
  }

  /// How many of the next lines make a grid: those of the second loop, where neither loop changes its parameters within
  /// blocks. At most `most`, and 1 where there is no grid.
  index_t lines_together(const std::array<index_t, max_rank>& index, index_t most) const {
    if (tiled_ >= 0 || loops_ < 2) return 1;
    const axis_loop& outer = loop(loops_ - 2);
    const axis_loop& in = loop(loops_ - 1);
    const auto even = [](const axis_loop& l) { return l.parameter == 0 || l.block == 1; };
    return even(outer) && even(in) ? std::min(most, outer.size - index[static_cast<std::size_t>(loops_ - 2)]) : 1;
  }

  /// Steps over n lines of the second loop.
  void skip_lines(corner& start, std::array<index_t, max_rank>& index, index_t n) const {
    const axis_loop& outer = loop(loops_ - 2);
    start.a += (n - 1) * outer.a;
    start.b += (n - 1) * outer.b;
    start.parameter += (n - 1) * outer.parameter;
    index[static_cast<std::size_t>(loops_ - 2)] += n - 1;
    next_line(start, index);
  }

  /// Steps to the next line, as an odometer does: lines may be short, so nothing is divided but where blocks are.
  void next_line(corner& start, std::array<index_t, max_rank>& index) const {
    for (int l = loops_ - 2; l >= 0; --l) {
      if (l == tiled_) continue;
      const axis_loop& in = loop(l);
      index_t& i = index[static_cast<std::size_t>(l)];
      if (++i < in.size) {
        start.a += in.a;
        start.b += in.b;
        if (in.block == 1 || (in.parameter != 0 && i % in.block == 0)) start.parameter += in.parameter;
        return;
      }
      start.a -= (in.size - 1) * in.a;
      start.b -= (in.size - 1) * in.b;
      start.parameter -= (in.size - 1) / in.block * in.parameter;
      i = 0;
    }
  }

  /// The tiles of one band, which begins at `row` of the tiled loop.
  template <class F>
  void tiles(const corner& start, index_t row, F&& f) const {
    const index_t end = std::min(loop(tiled_).size, row + tile);
    const index_t columns = loop(loops_ - 1).size;
    for (index_t column = 0; column < columns; column += tile) {
      for (index_t i = row; i < end; ++i) {
        line(moved(start, tiled_, i), column, std::min(columns, column + tile), f);
      }
    }
  }

  /// Elements [from, to) of the innermost loop, cut where the parameters change.
  template <class F>
  [[gnu::always_inline]] void line(const corner& start, index_t from, index_t to, F&& f) const {
    const axis_loop& in = loop(loops_ - 1);
    const bool steps = in.block == 1 && in.parameter != 0;
    const auto call = [&](index_t first, index_t count, index_t parameter, index_t step, index_t lines = 1) {
      const index_t a = start.a + first * in.a, b = start.b + first * in.b;
      f(run_grid{run{count, a, in.a, b, in.b, start.parameter + parameter, step}, lines, count * in.a, count * in.b,
                 in.parameter});
    };
    if (steps) return call(from, to - from, from * in.parameter, in.parameter);
    if (in.parameter == 0) return call(from, to - from, 0, 0);
    index_t i = from;
    const auto block = [&](index_t end) {
      if (end > i) call(i, end - i, i / in.block * in.parameter, 0);
      i = std::max(i, end);
    };
    if (from % in.block != 0) block(std::min(to, (from / in.block + 1) * in.block));
    if (const index_t full = (to - i) / in.block; full > 0) {
      call(i, in.block, i / in.block * in.parameter, 0, full);
      i += full * in.block;
    }
    block(to);
  }

  std::array<axis_loop, max_rank> loop_;  // the first loops_ of them: clearing all would cost as much as short tensors
  int loops_ = 0;
  int tiled_ = -1;
  bool empty_ = false;
};

}  // namespace equant::inline EQUANT_ABI
