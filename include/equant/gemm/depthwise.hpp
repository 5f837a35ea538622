// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/gemm/depthwise_weights.hpp>
#include <equant/gemm/epilogue.hpp>
#include <equant/core/executor.hpp>

/// Depthwise convolution of images N x H x W x C (each channel with its own kernel):
///
///   sum[n][y][x][c] = bias[c] + sum over i, j of (a[n][y s + i - top][x s + j - left][c] - za) * (w[i][j][c] - zw[c])
///
/// exactly, modulo 2^32; a sum without bias is at most 25 * 255^2 = 1625625. What lies beside the image is real zero,
/// the code za. The epilogue sees a matrix of N H' W' rows, one per pixel of the result, and C columns. The result
/// depends neither on the instruction set nor on the number of threads.
namespace equant::inline EQUANT_ABI::gemm {

/// Rows and columns of real zeros around an image.
struct padding {
  index_t top = 0, left = 0, bottom = 0, right = 0;
};

/// The shape of the result, N x H' x W' x C; H' = (H + top + bottom - K) / stride + 1.
template <class Isa>
shape depthwise_sizes(const shape& image, const depthwise_weights<Isa>& w, const padding& p) {
  if (image.rank != 4 || image[3] != w.channels()) {
    contract::invalid_argument("a depthwise convolution of ", to_string(image), ", N x H x W x C, with ", w.channels(),
                               " channels of weights");
  }
  if (p.top < 0 || p.left < 0 || p.bottom < 0 || p.right < 0) {
    contract::invalid_argument("padding of ", p.top, ", ", p.left, ", ", p.bottom, ", ", p.right);
  }
  static_cast<void>(checked_count(image));
  const index_t rows = image[1] + p.top + p.bottom - w.kernel(), columns = image[2] + p.left + p.right - w.kernel();
  if (w.kernel() == 0 || rows < 0 || columns < 0 || image[1] < 1 || image[2] < 1) {
    contract::invalid_argument("a kernel of ", w.kernel(), " x ", w.kernel(), " on images of ", to_string(image));
  }
  return {image[0], rows / w.stride() + 1, columns / w.stride() + 1, image[3]};
}

namespace driver {

template <class Isa, class T, class Epilogue>
struct depthwise_context {
  const view<const T>* images;
  const depthwise_weights<Isa>* weights;
  shape result;
  padding pads;
  T zero_point;
  const std::int32_t* start;  ///< per channel
  const T* beside;            ///< a row of zero points
  const Epilogue* epilogue;
};

/// Some rows of one image, in the channels from `channel` on, as many times Vectors of them as there are; or, where it
/// is not Whole, in the last few.
template <int Kernel, int Stride, int Parts, std::size_t Vectors, bool Whole, class Isa, class T, class Epilogue>
[[gnu::noinline]] void run_channels(kernels::depthwise_operands<Isa, T> t, const Epilogue& given, index_t pixel,
                                    index_t channel) noexcept {
  using shape_of = kernels::depthwise_shape<Isa, Kernel, Stride>;
  using L = kernels::wide_lanes<typename kernels::depthwise_on<Isa>::lanes, Vectors>;
  const Epilogue epilogue = given;  // a copy, which stores of bytes cannot change
  const index_t columns = t.columns;
  for (;;) {
    const auto take = epilogue.template at<L>(channel, Whole ? L::count : static_cast<int>(t.count));
    kernels::depthwise<Isa, Kernel, Stride, Parts, Vectors, Whole>(
        t, [=](index_t output, index_t column, typename L::i32 sums) __attribute__((always_inline)) {
          take(pixel + output * columns + column, sums);
        });
    channel += L::count;
    t.count -= L::count;
    if (t.count < (Whole ? L::count : 1)) return;
    kernels::unrolled<shape_of::rows>([&](auto r) __attribute__((always_inline)) { t.rows[r] += L::count; });
    t.weights += shape_of::outputs * Parts * Kernel * shape_of::groups * shape_of::group * L::count;
    t.start += L::count;
  }
}

template <int Kernel, int Stride, int Parts, class Isa, class T, class Epilogue, class Executor>
void run_depthwise(const depthwise_context<Isa, T, Epilogue>& c, Executor&& executor) {
  using shape_of = kernels::depthwise_shape<Isa, Kernel, Stride>;
  constexpr index_t count = kernels::depthwise_on<Isa>::lanes::count, vectors = shape_of::vectors;
  const view<const T>& x = *c.images;
  const index_t height = c.result[1], channels = c.result[3];
  const index_t whole = Parts == 1 ? channels / count * count : 0, wide = whole / (vectors * count) * vectors * count;
  const index_t bands = (height + shape_of::outputs - 1) / shape_of::outputs;
  executor(c.result[0] * bands, [&](index_t task) {
    const index_t image = task / bands, y = task % bands * shape_of::outputs;
    kernels::depthwise_operands<Isa, T> t{};
    t.step = x.strides[2];
    t.width = x.sizes[2];
    t.first = -c.pads.left;
    t.columns = c.result[2];
    t.outputs = std::min<index_t>(shape_of::outputs, height - y);
    t.pad = c.zero_point;
    const index_t pixel = (image * height + y) * t.columns;
    const auto from = [&](index_t channel) {
      for (int r = 0; r < shape_of::rows; ++r) {
        const index_t row = y * Stride - c.pads.top + r;
        const bool inside = row >= 0 && row < x.sizes[1];
        const T* line = inside ? x.data + image * x.strides[0] + row * x.strides[1] : c.beside;
        t.rows[r] = line + channel;
      }
      t.weights = c.weights->codes(channel);
      t.start = c.start + channel;
      t.count = channels - channel;
      return t;
    };
    if (wide > 0) run_channels<Kernel, Stride, 1, vectors, true>(from(0), *c.epilogue, pixel, 0);
    if (wide < whole) run_channels<Kernel, Stride, 1, 1, true>(from(wide), *c.epilogue, pixel, wide);
    if (whole < channels) run_channels<Kernel, Stride, Parts, 1, false>(from(whole), *c.epilogue, pixel, whole);
  });
}

/// What the sums of each channel begin with: bias - zero point * sum of the weights.
template <byte_code T, class Isa>
std::vector<std::int32_t> depthwise_start(const depthwise_weights<Isa>& w, std::int32_t zero_point,
                                          std::span<const std::int32_t> bias) {
  const auto moved = static_cast<std::uint32_t>(zero_point + kernels::depthwise_on<Isa>::template moved<T>);
  std::vector<std::int32_t> start(w.sums().begin(), w.sums().end());
  for (std::int32_t& s : start) s = static_cast<std::int32_t>(0 - moved * static_cast<std::uint32_t>(s));
  for (std::size_t c = 0; c < bias.size(); ++c) {
    start[c] = static_cast<std::int32_t>(static_cast<std::uint32_t>(start[c]) + static_cast<std::uint32_t>(bias[c]));
  }
  return start;
}

/// By the kernel, the stride and the parts the weights were made for.
template <class Isa, class T, class Epilogue, class Executor>
void choose_depthwise(const depthwise_context<Isa, T, Epilogue>& c, Executor&& executor) {
  using on = kernels::depthwise_on<Isa>;
  const depthwise_weights<Isa>& w = *c.weights;
  const auto run = [&](auto kernel, auto stride) {
    if constexpr (on::parts > 1) {
      if (w.parts() > 1) return driver::run_depthwise<kernel, stride, on::parts>(c, executor);
    }
    driver::run_depthwise<kernel, stride, 1>(c, executor);
  };
  const std::integral_constant<int, 1> one;
  const std::integral_constant<int, 2> two;
  const std::integral_constant<int, 3> three;
  const std::integral_constant<int, 5> five;
  if (w.kernel() == 3) {
    w.stride() == 1 ? run(three, one) : run(three, two);
  } else {
    w.stride() == 1 ? run(five, one) : run(five, two);
  }
}

}  // namespace driver

/// Convolves images of codes with zero point `zero_point`; channels lie side by side. `bias`: none, or one per channel.
template <byte_code T, class Isa, class Epilogue, class Executor = serial>
void depthwise(const view<const T>& images, const depthwise_weights<Isa>& w, const padding& p, std::int32_t zero_point,
               std::span<const std::int32_t> bias, const Epilogue& epilogue, Executor&& executor = {}) {
  const shape result = depthwise_sizes(images.sizes, w, p);
  const index_t channels = result[3];
  if ((images.strides[3] != 1 && channels > 1) || (images.strides[2] < 0 && images.sizes[2] > 1)) {
    contract::invalid_argument("images with a step of ", images.strides[3], " from channel to channel and of ",
                               images.strides[2], " from column to column");
  }
  if (zero_point != static_cast<T>(zero_point)) {
    contract::invalid_argument("the zero point ", zero_point, " is no code of the images");
  }
  if (!bias.empty() && static_cast<index_t>(bias.size()) != channels) {
    contract::invalid_argument("a bias of ", bias.size(), " for ", channels, " channels");
  }

  const std::vector<std::int32_t> start = driver::depthwise_start<T>(w, zero_point, bias);
  const auto code = static_cast<T>(zero_point);
  const std::vector<T> beside(static_cast<std::size_t>((images.sizes[2] - 1) * images.strides[2] + channels), code);
  const driver::depthwise_context<Isa, T, Epilogue> c{&images,      &w,           result,    p, code,
                                                      start.data(), beside.data(), &epilogue};
  driver::choose_depthwise(c, executor);
}

}  // namespace equant::inline EQUANT_ABI::gemm
