// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/own_memory.hpp>
#include <equant/nn/windows.hpp>

namespace equant::inline EQUANT_ABI::nn {

/// A convolution of floats, made ready once. Images lie N x H x W x C in memory, sizes are said as N x C x H x W.
/// Windows are gathered into rows of a matrix, some hundred at a time, and multiplied by Eigen; kernels of one pixel
/// read the image where it lies, depthwise ones run along the channels.
class float_conv {
 public:
  explicit float_conv(const conv& c)
      : window_(c.window), groups_(c.groups), outputs_(c.weights.outputs()), inputs_(c.weights.values.sizes[1]),
        bias_(c.bias.values), depthwise_(c.depthwise()), weights_(arrange_weights(c)) {}

  /// Floats of working memory that `run` wants.
  index_t scratch() const {
    const window_rows windows = windows_of({}, {}, 0);
    return in_place() || depthwise_ ? 0 : windows.block() * windows.depth();
  }

  /// y = clamp(conv(x) + bias, low, high).
  void run(const float* x, const shape& from, float* y, const shape& to, float* scratch, const clip& limits) const {
    const index_t pixels = to[2] * to[3];
    for (index_t n = 0; n < from[0]; ++n) {
      const float* image = x + n * from[1] * from[2] * from[3];
      float* result = y + n * outputs_ * pixels;
      if (depthwise_) {
        run_depthwise(image, from, result, to, limits);
        continue;
      }
      if (in_place()) {
        multiply(image, from[1], result, pixels, limits);
        continue;
      }
      for (index_t g = 0; g < groups_; ++g) {
        const window_rows windows = windows_of(from, to, g);
        for (index_t first = 0; first < pixels; first += windows.block()) {
          const index_t rows = std::min(windows.block(), pixels - first);
          windows.gather(image, first, rows, scratch);
          multiply_group(scratch, windows.depth(), result + first * outputs_, rows, g);
          if (g == groups_ - 1) finish(result + first * outputs_, rows, limits);
        }
      }
    }
  }

 private:
  window_rows windows_of(const shape& from, const shape& to, index_t g) const {
    return {window_, from, to, g * inputs_, inputs_};
  }
  bool in_place() const {
    return !depthwise_ && groups_ == 1 && window_.kernel == std::array<index_t, 2>{1, 1} &&
           window_.strides == std::array<index_t, 2>{1, 1} && window_.pads == std::array<index_t, 4>{0, 0, 0, 0};
  }

  void multiply_group(const float* a, index_t stride, float* y, index_t rows, index_t g) const {
    using strided = Eigen::OuterStride<>;
    const index_t columns = outputs_ / groups_, depth = window_.kernel[0] * window_.kernel[1] * inputs_;
    Eigen::Map<row_matrix, 0, strided> out(y + g * columns, rows, columns, strided(outputs_));
    set_product(out, Eigen::Map<const row_matrix, 0, strided>(a, rows, depth, strided(stride)),
                weights_.middleRows(g * depth, depth));
  }

  void multiply(const float* a, index_t stride, float* y, index_t rows, const clip& limits) const {
    multiply_group(a, stride, y, rows, 0);
    finish(y, rows, limits);
  }

  void finish(float* y, index_t rows, const clip& limits) const {
    Eigen::Map<row_matrix> out(y, rows, outputs_);
    const bool clipped = limits.low > -std::numeric_limits<float>::infinity() ||
                         limits.high < std::numeric_limits<float>::infinity();
    for (index_t r = 0; r < rows; ++r) {
      auto row = out.row(r).array();
      if (!bias_.empty()) row += Eigen::Map<const Eigen::Array<float, 1, Eigen::Dynamic>>(bias_.data(), outputs_);
      if (clipped) row = row.max(limits.low).min(limits.high);
    }
  }

  void run_depthwise(const float* image, const shape& from, float* y, const shape& to, const clip& limits) const {
    constexpr index_t wide = 32;
    index_t c = 0;
    for (; c + wide <= outputs_; c += wide) run_channels<wide>(image, from, y, to, limits, c, wide);
    if (c < outputs_) run_channels<Eigen::Dynamic>(image, from, y, to, limits, c, outputs_ - c);
  }

  template <int Count>
  void run_channels(const float* image, const shape& from, float* y, const shape& to, const clip& limits, index_t c,
                    index_t count) const {
    using lanes = Eigen::Array<float, Count, 1, 0, Count == Eigen::Dynamic ? 32 : Count, 1>;
    using in = Eigen::Map<const lanes>;
    lanes start(count);
    if (bias_.empty()) {
      start.setZero();
    } else {
      start = in(bias_.data() + c, count);
    }
    for (index_t row = 0; row < to[2]; ++row) {
      for (index_t column = 0; column < to[3]; ++column) {
        lanes sum = start;
        for (index_t i = 0; i < window_.kernel[0]; ++i) {
          const index_t v = row * window_.strides[0] - window_.pads[0] + i * window_.dilations[0];
          if (v < 0 || v >= from[2]) continue;
          for (index_t j = 0; j < window_.kernel[1]; ++j) {
            const index_t u = column * window_.strides[1] - window_.pads[1] + j * window_.dilations[1];
            if (u < 0 || u >= from[3]) continue;
            sum += in(image + (v * from[3] + u) * from[1] + c, count) *
                   in(weights_.data() + (i * window_.kernel[1] + j) * outputs_ + c, count);
          }
        }
        Eigen::Map<lanes>(y + (row * to[3] + column) * outputs_ + c, count) = sum.max(limits.low).min(limits.high);
      }
    }
  }

  nn::window window_;
  index_t groups_, outputs_, inputs_;
  std::vector<float> bias_;
  bool depthwise_;
  row_matrix weights_;
};

}  // namespace equant::inline EQUANT_ABI::nn
