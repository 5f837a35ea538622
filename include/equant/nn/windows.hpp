// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/layers.hpp>

#include <Eigen/Core>

#include <algorithm>

/// The windows of a convolution as rows of a matrix, [tap][input channel], so that it becomes a product of matrices.
namespace equant::inline EQUANT_ABI::nn {

using row_matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Windows over one image H x W x C, of sizes `from` as N x C x H x W, whose channels [first, first + channels) are
/// read. Window r is the one that makes pixel r of a result of sizes `to`.
struct window_rows {
  const window& w;
  shape from, to;
  index_t first = 0, channels = 0;

  index_t depth() const { return w.kernel[0] * w.kernel[1] * channels; }
  /// How many windows are worth a product at once.
  index_t block() const { return std::max<index_t>(16, (index_t{1} << 16) / std::max<index_t>(1, depth())); }

  /// f(where in the image) for every tap of windows [begin, begin + rows), in order; -1 where it lies outside.
  template <class F>
  void for_each_tap(index_t begin, index_t rows, F&& f) const {
    for (index_t r = begin; r < begin + rows; ++r) {
      const index_t top = r / to[3] * w.strides[0] - w.pads[0], left = r % to[3] * w.strides[1] - w.pads[1];
      for (index_t i = 0; i < w.kernel[0]; ++i) {
        const index_t y = top + i * w.dilations[0];
        for (index_t j = 0; j < w.kernel[1]; ++j) {
          const index_t x = left + j * w.dilations[1];
          const bool outside = y < 0 || y >= from[2] || x < 0 || x >= from[3];
          f(outside ? -1 : (y * from[3] + x) * from[1] + first);
        }
      }
    }
  }

  /// f(where in the image, n) for the windows [begin, begin + rows) cut into runs of n floats that lie side by side, in
  /// order; -1: n zeros, outside of the image.
  template <class F>
  void for_each_run(index_t begin, index_t rows, F&& f) const {
    if (w.dilations[1] != 1 || channels != from[1]) {
      for_each_tap(begin, rows, [&](index_t at) { f(at, channels); });
      return;
    }
    const index_t columns = w.kernel[1];
    for (index_t r = begin; r < begin + rows; ++r) {
      const index_t top = r / to[3] * w.strides[0] - w.pads[0], left = r % to[3] * w.strides[1] - w.pads[1];
      const index_t first_in = std::clamp<index_t>(-left, 0, columns),
                    end_in = std::clamp(from[3] - left, first_in, columns);
      for (index_t i = 0; i < w.kernel[0]; ++i) {
        const index_t y = top + i * w.dilations[0];
        if (y < 0 || y >= from[2]) {
          f(-1, columns * channels);
          continue;
        }
        if (first_in > 0) f(-1, first_in * channels);
        if (end_in > first_in) f((y * from[3] + left + first_in) * channels, (end_in - first_in) * channels);
        if (end_in < columns) f(-1, (columns - end_in) * channels);
      }
    }
  }

  /// Rows of `out` = windows; zeros outside of the image.
  void gather(const float* image, index_t begin, index_t rows, float* out) const {
    for_each_run(begin, rows, [&](index_t at, index_t n) {
      if (at < 0) {
        std::fill(out, out + n, 0.0f);
      } else {
        std::copy(image + at, image + at + n, out);
      }
      out += n;
    });
  }

  /// Adds rows to the pixels that `gather` took them from.
  void scatter(const float* taps, index_t begin, index_t rows, float* image) const {
    for_each_run(begin, rows, [&](index_t at, index_t n) {
      if (at >= 0) {
        for (index_t i = 0; i < n; ++i) image[at + i] += taps[i];
      }
      taps += n;
    });
  }
};

/// f(row, column, i) for every weight i of a convolution: its place in a matrix with a column per output of a group
/// and, group by group, rows in the order of window_rows. Depthwise: taps x channels.
template <class F>
void for_each_weight(const conv& c, F&& f) {
  const shape& s = c.weights.values.sizes;
  const index_t taps = s[2] * s[3], inputs = s[1], per_group = c.depthwise() ? s[0] : s[0] / c.groups;
  constexpr index_t block = 16;  // columns at a time: a line of the cache
  for (index_t first = 0; first < s[0]; first += per_group) {
    for (index_t column = 0; column < per_group; column += block) {
      const index_t end = std::min(column + block, per_group);
      for (index_t k = 0; k < inputs * taps; ++k) {
        const index_t row = first / per_group * taps * inputs + k % taps * inputs + k / taps;
        for (index_t o = column; o < end; ++o) f(row, o, (first + o) * inputs * taps + k);
      }
    }
  }
}

inline row_matrix arrange_weights(const conv& c) {
  const shape& s = c.weights.values.sizes;
  const index_t groups = c.depthwise() ? 1 : c.groups;
  row_matrix m(groups * s[1] * s[2] * s[3], s[0] / groups);
  const float* w = c.weights.values.values.data();
  for_each_weight(c, [&](index_t row, index_t column, index_t i) { m(row, column) = w[i]; });
  return m;
}

}  // namespace equant::inline EQUANT_ABI::nn
