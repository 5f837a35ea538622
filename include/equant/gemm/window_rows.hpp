// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/gemm/rows.hpp>

#include <array>
#include <cstring>

namespace equant::inline EQUANT_ABI::gemm {

/// How a kernel moves over an image: rows, then columns. Pads are top, left, bottom, right.
struct moving_window {
  std::array<index_t, 2> kernel{1, 1};
  std::array<index_t, 2> strides{1, 1};
  std::array<index_t, 2> dilations{1, 1};
  std::array<index_t, 4> pads{0, 0, 0, 0};

  /// Whether every pixel is its own window.
  bool one_by_one() const {
    return kernel == std::array<index_t, 2>{1, 1} && strides == std::array<index_t, 2>{1, 1} &&
           pads == std::array<index_t, 4>{0, 0, 0, 0};
  }
};

namespace driver {

/// A few bytes, without a call: pieces that overlap.
inline void copy_bytes(const void* from, std::size_t n, void* to) {
  const auto* x = static_cast<const unsigned char*>(from);
  auto* y = static_cast<unsigned char*>(to);
  const auto ends = [&](auto size) {
    std::memcpy(y, x, size);
    std::memcpy(y + n - size, x + n - size, size);
  };
  if (n >= 64) {
    for (std::size_t i = 0; i + 64 <= n; i += 64) std::memcpy(y + i, x + i, 64);
    std::memcpy(y + n - 64, x + n - 64, 64);
  } else if (n >= 32) {
    ends(std::integral_constant<std::size_t, 32>{});
  } else if (n >= 16) {
    ends(std::integral_constant<std::size_t, 16>{});
  } else if (n >= 8) {
    ends(std::integral_constant<std::size_t, 8>{});
  } else if (n >= 4) {
    ends(std::integral_constant<std::size_t, 4>{});
  } else {
    for (std::size_t i = 0; i < n; ++i) y[i] = x[i];
  }
}

}  // namespace driver

/// The windows of dense images N x H x W x C as rows, [kernel row][kernel column][channel], in the channels from some
/// on: row (n H' + y) W' + x is what the kernel sees at (y, x). What lies beside the image has the code `zero_point`.
template <class Isa, byte_code T>
class window_rows {
  using mac = kernels::mac_on<Isa>;
  using element = typename mac::element;

 public:
  /// `sizes`: of the images; `result`: N x H' x W' x anything.
  window_rows(const T* images, const shape& sizes, const shape& result, const moving_window& window, index_t channel,
              index_t channels, T zero_point)
      : images_(images + channel),
        sizes_(sizes),
        result_(result),
        window_(window),
        channels_(channels),
        depth_(window.kernel[0] * window.kernel[1] * channels),
        padded_((depth_ + mac::group - 1) / mac::group * mac::group),
        zero_point_(zero_point) {}

  index_t count() const { return result_[0] * result_[1] * result_[2]; }
  index_t depth() const { return depth_; }
  index_t readable() const { return 0; }
  const T* row(index_t) const { return images_; }
  index_t stride() const { return 0; }
  index_t copied_stride() const { return padded_ * static_cast<index_t>(sizeof(element)); }

  void copy(index_t first, index_t count, element* to) const { gather(first, count, to, padded_); }
  /// The same as codes, densely.
  void copy_codes(index_t first, index_t count, T* to) const { gather(first, count, to, depth_); }

 private:
  template <class Out>
  void gather(index_t first, index_t count, Out* to, index_t stride) const {
    index_t column = first % result_[2], row = first / result_[2] % result_[1], image = first / result_[2] / result_[1];
    const index_t kernel = window_.kernel[1] * channels_;
    for (index_t m = 0; m < count; ++m, to += stride) {
      const index_t top = row * window_.strides[0] - window_.pads[0],
                    left = column * window_.strides[1] - window_.pads[1];
      const T* from = images_ + image * sizes_[1] * sizes_[2] * sizes_[3];
      for (index_t i = 0; i < window_.kernel[0]; ++i) {
        const index_t y = top + i * window_.dilations[0];
        Out* out = to + i * kernel;
        if (y < 0 || y >= sizes_[1]) {
          fill(out, kernel);
        } else {
          gather_line(from + y * sizes_[2] * sizes_[3], left, out);
        }
      }
      std::fill(to + depth_, to + stride, Out{0});
      if (++column == result_[2]) {
        column = 0;
        if (++row == result_[1]) {
          row = 0;
          ++image;
        }
      }
    }
  }

  /// One row of the kernel, from a row of the image.
  template <class Out>
  void gather_line(const T* line, index_t left, Out* out) const {
    const index_t width = sizes_[2], pixel = sizes_[3], taps = window_.kernel[1], apart = window_.dilations[1];
    if (apart == 1 && pixel == channels_) {
      const index_t before = std::clamp<index_t>(-left, 0, taps),
                    last = std::clamp<index_t>(width - left, before, taps);
      if (before > 0) fill(out, before * channels_);
      put(line + (left + before) * pixel, (last - before) * channels_, out + before * channels_);
      if (last < taps) fill(out + last * channels_, (taps - last) * channels_);
      return;
    }
    for (index_t j = 0; j < taps; ++j, out += channels_) {
      const index_t x = left + j * apart;
      if (x < 0 || x >= width) {
        fill(out, channels_);
      } else {
        put(line + x * pixel, channels_, out);
      }
    }
  }

  template <class Out>
  void fill(Out* out, index_t n) const {
    if constexpr (sizeof(Out) == 1) {
      std::memset(out, static_cast<unsigned char>(zero_point_), static_cast<std::size_t>(n));
    } else {
      std::fill(out, out + n, static_cast<Out>(zero_point_));
    }
  }
  template <class Out>
  static void put(const T* from, index_t n, Out* out) {
    if constexpr (sizeof(Out) == 1) {
      driver::copy_bytes(from, static_cast<std::size_t>(n), out);
    } else {
      mac::copy(from, n, out);
    }
  }

  const T* images_;
  shape sizes_, result_;
  moving_window window_;
  index_t channels_, depth_, padded_;
  T zero_point_;
};

}  // namespace equant::inline EQUANT_ABI::gemm
