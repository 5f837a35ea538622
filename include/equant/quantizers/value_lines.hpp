// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/aligned.hpp>
#include <equant/core/executor.hpp>
#include <equant/storage/quantized_blocks.hpp>

/// A tensor as a table of lines along its last axis, read and written as contiguous floats, whatever its layout. Where
/// the lines do not lie in one piece, some of them are gone through together, so that each cache line of the tensor is
/// used for all of them.
namespace equant::inline EQUANT_ABI {

template <class T>
class value_lines {
 public:
  value_lines(const view<T>& x, const line_table& size) : x_(x), size_(size) {
    axis_ = x.sizes.rank - 1;
    while (axis_ > 0 && x.sizes[axis_] == 1) --axis_;
    step_ = axis_ < 0 ? 1 : x.strides[axis_];
  }

  /// Calls f(line, first, n, const float*) on values [first, first + n) of lines [from, to); first is a multiple of
  /// `chunk`, and n too but at the end of a line.
  template <class F>
  void read(index_t from, index_t to, index_t chunk, F&& f) {
    if constexpr (std::same_as<std::remove_const_t<T>, float>) {
      if (step_ == 1) {
        for (index_t line = from; line < to; ++line) {
          f(line, index_t{0}, size_.length, static_cast<const float*>(start(line)));
        }
        return;
      }
    }
    in_tiles(from, to, chunk, [&](index_t line, index_t lines, index_t first, index_t n, float* values) {
      for_each_place(lines, first, n, [&](T* at, index_t l, index_t i) {
        values[l * chunk + i] = static_cast<float>(*at);
      });
      for (index_t l = 0; l < lines; ++l) f(line + l, first, n, static_cast<const float*>(values + l * chunk));
    });
  }

  /// The same where f(line, first, n, float*) gives the values.
  template <class F>
  void write(index_t from, index_t to, index_t chunk, F&& f) {
    if constexpr (std::same_as<T, float>) {
      if (step_ == 1) {
        for (index_t line = from; line < to; ++line) f(line, index_t{0}, size_.length, start(line));
        return;
      }
    }
    in_tiles(from, to, chunk, [&](index_t line, index_t lines, index_t first, index_t n, float* values) {
      for (index_t l = 0; l < lines; ++l) f(line + l, first, n, values + l * chunk);
      for_each_place(lines, first, n, [&](T* at, index_t l, index_t i) {
        *at = static_cast<T>(values[l * chunk + i]);
      });
    });
  }

 private:
  static constexpr index_t together = 16;

  T* start(index_t line) const {
    index_t offset = 0;
    for (int axis = x_.sizes.rank - 1; axis >= 0; --axis) {
      if (axis == axis_) continue;
      offset += line % x_.sizes[axis] * x_.strides[axis];
      line /= x_.sizes[axis];
    }
    return x_.data + offset;
  }

  template <class F>
  void for_each_place(index_t lines, index_t first, index_t n, F&& f) const {
    for (index_t i = 0; i < n; ++i) {
      for (index_t l = 0; l < lines; ++l) f(starts_[static_cast<std::size_t>(l)] + (first + i) * step_, l, i);
    }
  }

  template <class F>
  void in_tiles(index_t from, index_t to, index_t chunk, F&& f) {
    aligned_vector<float> values(static_cast<std::size_t>(together * chunk));
    for (index_t line = from; line < to; line += together) {
      const index_t lines = std::min(together, to - line);
      for (index_t l = 0; l < lines; ++l) starts_[static_cast<std::size_t>(l)] = start(line + l);
      for (index_t first = 0; first < size_.length; first += chunk) {
        f(line, lines, first, std::min(chunk, size_.length - first), values.data());
      }
    }
  }

  view<T> x_;
  line_table size_;
  int axis_ = 0;
  index_t step_ = 1;
  std::array<T*, together> starts_{};
};

/// Calls f(from, to) on parts of the lines, spread over an executor. A part begins at a multiple of 8 lines, so that no
/// two of them share a byte of codes.
template <executor Executor, class F>
void for_each_part(const line_table& size, Executor&& run_on, F&& f) {
  const index_t units = (size.lines + 7) / 8;
  const index_t parts = std::min(parts_for(run_on, size.count()), std::max(units, index_t{1}));
  const auto bound = [&](index_t part) { return std::min(size.lines, part_begin(units, parts, part) * 8); };
  run_on(parts, [&](index_t part) { f(bound(part), bound(part + 1)); });
}

}  // namespace equant::inline EQUANT_ABI
