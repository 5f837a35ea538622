// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/gemm/depthwise.hpp>
#include <equant/gemm/gemm.hpp>
#include <equant/gemm/window_rows.hpp>

namespace equant::inline EQUANT_ABI::gemm {

namespace driver {

/// An epilogue that sees other columns: those of a group. Tiles are compiled for this form alone.
template <class Epilogue>
struct moved_columns {
  const Epilogue* epilogue;
  index_t by;

  template <class L>
  [[gnu::always_inline]] auto at(index_t column, int count) const {
    return epilogue->template at<L>(column + by, count);
  }
};

}  // namespace driver

/// A convolution of images of codes, N x H x W x C, whose weights O x C / groups x K x K' were laid out once:
///
///   sum[n][y][x][o] = bias[o] + sum over i, j, c of
///       (a[n][y s + i d - top][x s' + j d' - left][c of o's group] - za) * (w[o][c][i][j] - zw[o])
///
/// exactly, modulo 2^32 (see gemm.hpp for the depth that cannot overflow, here C / groups * K * K'). What lies beside
/// the image is real zero, the code za. The epilogue sees a matrix of N H' W' rows, one per pixel of the result, and O
/// columns. The result depends neither on the instruction set nor on the number of threads, and nothing is allocated
/// while it is computed. A dense layer is the convolution of images N x 1 x 1 x C.
template <byte_code T, class Isa = isa::native>
class convolution {
 public:
  convolution() = default;

  /// `weight_zeros`: none, one, or one per output; `bias`: none, or one per output. Throws std::invalid_argument where
  /// sizes do not fit or a zero point is no code.
  template <byte_code W>
  convolution(const view<const W>& w, std::span<const std::int32_t> weight_zeros, std::span<const std::int32_t> bias,
              const moving_window& window, index_t groups, std::int32_t zero_point)
      : window_(window), groups_(groups), zero_point_(static_cast<T>(zero_point)) {
    check(w.sizes, weight_zeros.size(), bias.size(), zero_point);
    outputs_ = w.sizes[0];
    inputs_ = w.sizes[1];
    if (groups > 1 && inputs_ == 1 && outputs_ == groups && suits_depthwise()) {
      const view<const W> kernel{
          w.data, {w.sizes[2], w.sizes[3], outputs_}, {w.strides[2], w.strides[3], w.strides[0]}};
      depthwise_ = depthwise_weights<Isa>(kernel, window.strides[0], weight_zeros);
      start_ = driver::depthwise_start<T>(depthwise_, zero_point, bias);
      return;
    }
    const index_t each = outputs_ / groups, depth = window.kernel[0] * window.kernel[1] * inputs_;
    std::vector<W> codes(static_cast<std::size_t>(depth * each));
    for (index_t g = 0; g < groups; ++g) {
      auto to = codes.begin();
      for (index_t i = 0; i < window.kernel[0]; ++i) {
        for (index_t j = 0; j < window.kernel[1]; ++j) {
          for (index_t c = 0; c < inputs_; ++c) {
            const W* from = w.data + g * each * w.strides[0] + c * w.strides[1] + i * w.strides[2] + j * w.strides[3];
            for (index_t o = 0; o < each; ++o) *to++ = from[o * w.strides[0]];
          }
        }
      }
      const auto own = [&](std::span<const std::int32_t> all) {
        return all.size() <= 1 ? all : all.subspan(static_cast<std::size_t>(g * each), static_cast<std::size_t>(each));
      };
      packed_.emplace_back(view<const W>{codes.data(), {depth, each}, {each, 1}}, own(weight_zeros));
      const auto sums = driver::start_sums(
          packed_.back(), zero_point + driver::flip_offset<Isa, T>,
          bias.empty() ? bias : bias.subspan(static_cast<std::size_t>(g * each), static_cast<std::size_t>(each)));
      start_.insert(start_.end(), sums.begin(), sums.end());
    }
  }

  index_t outputs() const { return outputs_; }

  /// N x H' x W' x O for images N x H x W x C.
  shape result_sizes(const shape& images) const {
    shape result{images[0], 0, 0, outputs_};
    for (int axis = 0; axis < 2; ++axis) {
      const auto a = static_cast<std::size_t>(axis);
      const index_t span = (window_.kernel[a] - 1) * window_.dilations[a] + 1;
      const index_t room = images.rank != 4 ? -1 : images[axis + 1] + window_.pads[a] + window_.pads[a + 2] - span;
      if (room < 0 || images[3] != inputs_ * groups_) {
        contract::invalid_argument("a convolution of ", inputs_ * groups_, " channels by a kernel of ",
                                   window_.kernel[0], " x ", window_.kernel[1], " on images of ", to_string(images));
      }
      result[axis + 1] = room / window_.strides[a] + 1;
    }
    return result;
  }

  /// Bytes of scratch that `run` needs on images of these sizes, by so many threads.
  std::size_t scratch_bytes(const shape& images, int threads) const {
    const shape result = result_sizes(images);
    if (packed_.empty()) return static_cast<std::size_t>(images[2] * images[3]);
    const auto workers = static_cast<std::size_t>(threads);
    if (window_.one_by_one() && groups_ == 1)
      return slow_bytes(result) + workers * driver::copy_bytes<Isa>(pixels(nullptr, images));
    return slow_bytes(result) + workers * driver::copy_bytes<Isa>(windows(nullptr, images, result, 0));
  }

  /// `images` lie densely. Throws std::invalid_argument where the sizes do not fit or the scratch is too small.
  template <class Epilogue, class Executor = serial>
  void run(const T* images, const shape& sizes, std::span<std::uint8_t> scratch, const Epilogue& epilogue,
           Executor&& executor = {}) const {
    const shape result = result_sizes(sizes);
    if (scratch.size() < scratch_bytes(sizes, executor.threads())) {
      contract::invalid_argument("a scratch of ", scratch.size(), " bytes where ",
                                 scratch_bytes(sizes, executor.threads()), " are needed");
    }
    if (result.count() == 0) return;
    if (packed_.empty()) {
      std::memset(scratch.data(), static_cast<unsigned char>(zero_point_),
                  static_cast<std::size_t>(sizes[2] * sizes[3]));
      const view<const T> x{images, sizes, row_major_strides(sizes)};
      const padding p{window_.pads[0], window_.pads[1], window_.pads[2], window_.pads[3]};
      const auto* beside = reinterpret_cast<const T*>(scratch.data());
      driver::choose_depthwise(driver::depthwise_context<Isa, T, Epilogue>{&x, &depthwise_, result, p, zero_point_,
                                                                           start_.data(), beside, &epilogue}, executor);
    } else if (window_.one_by_one() && groups_ == 1) {
      run_group(pixels(images, sizes), 0, result, scratch, driver::moved_columns<Epilogue>{&epilogue, 0}, executor);
    } else {
      for (index_t g = 0; g < groups_; ++g) {
        const driver::moved_columns<Epilogue> own{&epilogue, g * (outputs_ / groups_)};
        run_group(windows(images, sizes, result, g), g, result, scratch, own, executor);
      }
    }
  }

 private:
  void check(const shape& w, std::size_t weight_zeros, std::size_t bias, std::int32_t zero_point) const {
    const bool fits = w.rank == 4 && groups_ >= 1 && w[0] % groups_ == 0 && w[2] == window_.kernel[0] &&
                      w[3] == window_.kernel[1] && w.count() > 0;
    if (!fits) {
      contract::invalid_argument("weights of ", to_string(w), ", in ", groups_, " groups, for a kernel of ",
                                 window_.kernel[0], " x ", window_.kernel[1]);
    }
    for (std::size_t a = 0; a < 2; ++a) {
      if (window_.strides[a] < 1 || window_.dilations[a] < 1 || window_.pads[a] < 0 || window_.pads[a + 2] < 0) {
        contract::invalid_argument("a window with stride ", window_.strides[a], ", dilation ", window_.dilations[a],
                                   ", padding ", window_.pads[a], " and ", window_.pads[a + 2]);
      }
    }
    const auto outputs = static_cast<std::size_t>(w[0]);
    if ((weight_zeros > 1 && weight_zeros != outputs) || (bias > 0 && bias != outputs)) {
      contract::invalid_argument(weight_zeros, " zero points and a bias of ", bias, " for ", outputs, " outputs");
    }
    if (zero_point != static_cast<T>(zero_point))
      contract::invalid_argument("the zero point ", zero_point, " is no code of the images");
  }

  /// Windows the depthwise kernels know; others are products of one column each.
  bool suits_depthwise() const {
    const index_t k = window_.kernel[0], s = window_.strides[0];
    return (k == 3 || k == 5) && (s == 1 || s == 2) && window_.kernel[1] == k && window_.strides[1] == s &&
           window_.dilations == std::array<index_t, 2>{1, 1};
  }

  matrix_rows<Isa, T> pixels(const T* images, const shape& sizes) const {
    return matrix_rows<Isa, T>(view<const T>{images, {sizes[0] * sizes[1] * sizes[2], inputs_}, {inputs_, 1}});
  }
  window_rows<Isa, T> windows(const T* images, const shape& sizes, const shape& result, index_t group) const {
    return {images, sizes, result, window_, group * inputs_, inputs_, zero_point_};
  }

  /// Where weights have zero points: the sums of the rows, and room for one row.
  std::size_t slow_bytes(const shape& result) const {
    bool any = false;
    for (const auto& b : packed_) any = any || !b.zero_points().empty();
    if (!any) return 0;
    const index_t bytes = result[0] * result[1] * result[2] * 4 + window_.kernel[0] * window_.kernel[1] * inputs_;
    return static_cast<std::size_t>((bytes + 63) / 64 * 64);
  }

  template <class Rows, class Epilogue, class Executor>
  void run_group(const Rows& rows, index_t g, const shape& result, std::span<std::uint8_t> scratch,
                 const Epilogue& epilogue, Executor&& executor) const {
    const packed_matrix<Isa>& b = packed_[static_cast<std::size_t>(g)];
    const std::int32_t* weights = nullptr;
    if (!b.zero_points().empty()) weights = row_sums(rows, b.rows(), scratch);
    const driver::context<Epilogue> c{&epilogue,       b.columns(),
                                      b.sums().data(), b.zero_points().empty() ? nullptr : b.zero_points().data(),
                                      nullptr,         weights};
    driver::run<Isa, driver::flips<Isa, T>>(rows, b, c, start_.data() + g * b.padded_columns(),
                                            scratch.data() + slow_bytes(result), executor);
  }

  /// Per row the sum of (a - za), which zero points of weights are multiplied with.
  template <class Rows>
  const std::int32_t* row_sums(const Rows& rows, index_t depth, std::span<std::uint8_t> scratch) const {
    auto* sums = reinterpret_cast<std::int32_t*>(scratch.data());
    auto* line = reinterpret_cast<T*>(sums + rows.count());
    for (index_t m = 0; m < rows.count(); ++m) {
      const T* from = line;
      if constexpr (requires { rows.copy_codes(m, 1, line); }) {
        rows.copy_codes(m, 1, line);
      } else {
        from = rows.row(m);
      }
      sums[m] = kernels::byte_sum<Isa>(from, depth) - driver::times(static_cast<std::int32_t>(depth), zero_point_);
    }
    return sums;
  }

  moving_window window_;
  index_t groups_ = 1, outputs_ = 0, inputs_ = 0;
  T zero_point_ = 0;
  std::vector<packed_matrix<Isa>> packed_;  // one per group; none: depthwise
  depthwise_weights<Isa> depthwise_;
  std::vector<std::int32_t> start_;
};

}  // namespace equant::inline EQUANT_ABI::gemm
