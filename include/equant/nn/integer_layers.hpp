// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/arithmetic.hpp>
#include <equant/core/executor_ref.hpp>
#include <equant/gemm/convolution.hpp>
#include <equant/kernels/code_arithmetic.hpp>
#include <equant/kernels/quantize.hpp>
#include <equant/nn/layers.hpp>

#include <optional>

/// Layers on codes. Codes are uint8 throughout: an int8 grid is the same grid with 128 added to its codes and its zero
/// point. The arithmetic, q(v) = clamp(round(v) + zero point), nearest even, in float where it is not integer:
///
///   convolution, dense   q(sum * (input's scale * weight's scale / output's scale)), sum in int32, bias included
///   add                  q(fma(b - zb, sb / sy, (a - za) * (sa / sy)))
///   averages             q(sum of (x - zx) * (sx / sy / count))
///   other grids          q((x - zx) * (sx / sy))
namespace equant::inline EQUANT_ABI::nn::in_integers {

/// A grid whose codes are uint8.
inline grid unsigned_grid(grid g) {
  if (!g.is_signed()) return g;
  return {g.scale, g.zero_point + 128, {g.range.lowest + 128, g.range.highest + 128}};
}

/// The code of a number.
inline std::int32_t code_of(float x, const grid& g) {
  return arithmetic<>::code(x, affine{g.scale, g.zero_point}, g.range);
}

/// The grid as a result's target, within the limits of a clip: rounding keeps order, so clipping codes is clipping.
inline kernels::code_target target_of(const grid& g, const clip& limits) {
  return {g.zero_point, {code_of(limits.low, g), code_of(limits.high, g)}};
}

/// Bias codes: those given, or the nearest ones; none where one does not fit 32 bits.
inline std::optional<std::vector<std::int32_t>> bias_codes(const bias& b, const weights& w, float input_scale) {
  if (!b.codes.empty() || b.values.empty()) return b.codes;
  std::vector<std::int32_t> codes;
  for (std::size_t o = 0; o < b.values.size(); ++o) {
    const double code =
        std::nearbyint(double{b.values[o]} / (double{input_scale} * double{w.scale(static_cast<index_t>(o))}));
    if (!(std::abs(code) < 0x1p30)) return std::nullopt;
    codes.push_back(static_cast<std::int32_t>(code));
  }
  return codes;
}

/// The deepest sum of products of codes that surely fits 32 bits, beside a bias of 30.
inline constexpr index_t deepest = 32767;

/// A convolution or a dense layer, made ready once.
template <class Isa>
class integer_conv {
 public:
  integer_conv(const weights& w, std::span<const std::int32_t> bias, const window& how, index_t groups, const grid& in,
               const std::optional<grid>& out, const clip& limits)
      : out_(out), limits_(limits) {
    const shape s = four_axes(w.values.sizes);
    ready_ = gemm::convolution<std::uint8_t, Isa>(
        view<const std::int8_t>{w.codes.data(), s, row_major_strides(s)}, w.zero_points, bias,
        {how.kernel, how.strides, how.dilations, how.pads}, groups, in.zero_point);
    for (index_t o = 0; o < s[0]; ++o) factors_.push_back(in.scale * w.scale(o) / (out ? out->scale : 1.0f));
  }

  std::size_t scratch_bytes(const shape& images, int threads) const { return ready_.scratch_bytes(images, threads); }

  /// `images` is N x H x W x C; y holds codes where the output has a grid, else floats.
  void run(const std::uint8_t* x, const shape& images, void* y, std::span<std::uint8_t> scratch,
           const executor_ref& threads) const {
    const gemm::scale_columns scaled({factors_.data(), 1});
    const index_t columns = ready_.outputs();
    if (out_) {
      const kernels::code_target to = target_of(*out_, limits_);
      ready_.run(x, images, scratch,
                 scaled >> gemm::round_to(to.zero, to.range.lowest, to.range.highest) >>
                     gemm::store<std::uint8_t>(static_cast<std::uint8_t*>(y), columns),
                 threads);
    } else {
      ready_.run(
          x, images, scratch,
          scaled >> gemm::clamp(limits_.low, limits_.high) >> gemm::store<float>(static_cast<float*>(y), columns),
          threads);
    }
  }

 private:
  static shape four_axes(const shape& s) { return s.rank == 4 ? s : shape{s[0], s[1], 1, 1}; }

  gemm::convolution<std::uint8_t, Isa> ready_;
  std::vector<float> factors_;
  std::optional<grid> out_;
  clip limits_;
};

/// f(pixels of the window, where the result's pixel lies, how many places of the window lie on image or padding) for
/// every pixel of a result of `to`, N x C x H x W; windows that see nothing of the image are left out.
template <class F>
void for_each_window(const window& w, const std::uint8_t* x, const shape& from, const shape& to, F&& f) {
  struct taps {
    index_t first, inside, padded;
  };
  const auto along = [&](index_t at, std::size_t axis) {
    const index_t size = from[static_cast<int>(axis) + 2], step = w.dilations[axis],
                  start = at * w.strides[axis] - w.pads[axis];
    const index_t skipped = start < 0 ? (-start + step - 1) / step : 0;
    const auto before = [&](index_t end) {
      return std::clamp<index_t>((end - start + step - 1) / step, 0, w.kernel[axis]);
    };
    return taps{start + skipped * step, std::max<index_t>(0, before(size) - skipped), before(size + w.pads[axis + 2])};
  };
  const index_t channels = from[1], line = from[3] * channels;
  index_t pixel = 0;
  for (index_t n = 0; n < to[0]; ++n, x += from[2] * line) {
    for (index_t row = 0; row < to[2]; ++row) {
      const taps v = along(row, 0);
      for (index_t column = 0; column < to[3]; ++column, ++pixel) {
        const taps u = along(column, 1);
        if (v.inside == 0 || u.inside == 0) continue;
        f(kernels::pixel_block<std::uint8_t>{x + v.first * line + u.first * channels, v.inside, u.inside,
                                             w.dilations[0] * line, w.dilations[1] * channels},
          pixel * channels, v.padded * u.padded);
      }
    }
  }
}

template <class Isa>
void run(const max_pool& p, const std::uint8_t* x, const shape& from, std::uint8_t* y, const shape& to, const grid& g) {
  std::fill(y, y + to.count(), static_cast<std::uint8_t>(g.range.lowest));
  for_each_window(p.window, x, from, to, [&](const auto& block, index_t at, index_t) {
    kernels::largest_codes<Isa>(block, from[1], y + at);
  });
}

template <class Isa>
void run(const average_pool& p, const std::uint8_t* x, const shape& from, std::uint8_t* y, const shape& to,
         const grid& in, const grid& out) {
  std::fill(y, y + to.count(), static_cast<std::uint8_t>(out.zero_point));
  for_each_window(p.window, x, from, to, [&](const auto& block, index_t at, index_t padded) {
    const index_t count = p.count_padding ? padded : block.rows * block.columns;
    kernels::average_codes<Isa>(block, in.zero_point, in.scale / out.scale / static_cast<float>(count), from[1],
                                {out.zero_point, out.range}, y + at);
  });
}

/// Planes, one after the other, to pixels whose channels lie side by side.
template <class T>
void planes_to_pixels(const T* x, index_t planes, index_t pixels, T* y) {
  if (planes == 3) {
    for (index_t i = 0; i < pixels; ++i) {
      y[3 * i] = x[i];
      y[3 * i + 1] = x[pixels + i];
      y[3 * i + 2] = x[2 * pixels + i];
    }
    return;
  }
  constexpr index_t block = 64;
  for (index_t first = 0; first < pixels; first += block) {
    const index_t last = std::min(pixels, first + block);
    for (index_t c = 0; c < planes; ++c) {
      for (index_t i = first; i < last; ++i) y[i * planes + c] = x[c * pixels + i];
    }
  }
}

}  // namespace equant::inline EQUANT_ABI::nn::in_integers
