// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/archive.hpp>
#include <equant/gemm/packed_matrix.hpp>
#include <equant/kernels/depthwise.hpp>

namespace equant::inline EQUANT_ABI::gemm {

/// The weights of a depthwise convolution, K x K x C codes (K 3 or 5) for a stride of 1 or 2, laid out once in the
/// order the kernels read them. Only the differences code - zero point count, -255 to 255; where bytes cannot hold
/// them, which wide asymmetric weights bring about, they are split into several, which costs time but no exactness.
template <class Isa = isa::native>
class depthwise_weights {
 public:
  using on = kernels::depthwise_on<Isa>;
  using element = typename on::element;
  static constexpr index_t lane_count = on::lanes::count;

  depthwise_weights() = default;

  /// `zero_points`: none, one for all channels, or one per channel; they are codes of type T.
  template <byte_code T>
  depthwise_weights(const view<const T>& w, index_t stride, std::span<const std::int32_t> zero_points = {}) {
    if (w.sizes.rank != 3 || w.sizes[0] != w.sizes[1]) {
      contract::invalid_argument("weights of ", to_string(w.sizes), " are not kernel x kernel x channels");
    }
    if (zero_points.size() > 1 && static_cast<index_t>(zero_points.size()) != w.sizes[2]) {
      contract::invalid_argument(zero_points.size(), " zero points for ", w.sizes[2], " channels");
    }
    for (std::int32_t z : zero_points) {
      if (z != static_cast<T>(z)) contract::invalid_argument("the zero point ", z, " is no code of the weights");
    }
    std::vector<std::int16_t> values;
    for (index_t i = 0; i < w.sizes[0]; ++i) {
      for (index_t j = 0; j < w.sizes[1]; ++j) {
        for (index_t c = 0; c < w.sizes[2]; ++c) {
          const auto which = zero_points.size() > 1 ? static_cast<std::size_t>(c) : 0;
          const std::int32_t zero = zero_points.empty() ? 0 : zero_points[which];
          const std::int32_t code = w.data[i * w.strides[0] + j * w.strides[1] + c * w.strides[2]];
          values.push_back(static_cast<std::int16_t>(code - zero));
        }
      }
    }
    *this = depthwise_weights(std::move(values), w.sizes[0], stride, w.sizes[2]);
  }

  index_t kernel() const { return kernel_; }
  index_t stride() const { return stride_; }
  index_t channels() const { return channels_; }
  std::size_t size_bytes() const {
    return codes_.size() + values_.size() * sizeof(std::int16_t) + sums_.size() * sizeof(std::int32_t);
  }

  /// How many elements a weight was split into, and the packed elements of the channels from `c` on, a multiple of
  /// lane_count.
  int parts() const { return parts_; }
  const element* codes(index_t c) const { return elements() + c * per_channel_; }
  /// Code less zero point, and its sum over the kernel.
  std::int32_t value(index_t i, index_t j, index_t c) const {
    return values_[static_cast<std::size_t>((i * kernel_ + j) * channels_ + c)];
  }
  std::span<const std::int32_t> sums() const { return sums_; }

  /// The same bytes on every machine: sizes, then the differences, two bytes each.
  std::string save() const {
    archive_writer out("depthwise_weights", 1);
    out.integer(kernel_);
    out.integer(stride_);
    out.integer(channels_);
    std::string bytes;
    for (std::int16_t v : values_) {
      bytes += static_cast<char>(v & 255);
      bytes += static_cast<char>(v >> 8);
    }
    out.text(bytes);
    return std::move(out).take();
  }

  static depthwise_weights load(std::string_view saved) {
    archive_reader in(saved, "depthwise_weights", 1);
    const index_t kernel = in.integer(), stride = in.integer(), channels = in.integer();
    const std::string bytes = in.text();
    in.finish();
    if (kernel == 0 && stride == 0 && channels == 0 && bytes.empty()) return {};
    if ((kernel != 3 && kernel != 5) || (stride != 1 && stride != 2)) {
      in.fail("a kernel of ", kernel, " with stride ", stride);
    }
    const auto size = static_cast<index_t>(bytes.size()), taps = 2 * kernel * kernel;
    if (channels < 1 || size % taps != 0 || size / taps != channels) {
      in.fail(size, " bytes for ", channels, " channels");
    }
    std::vector<std::int16_t> values;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
      const int v = static_cast<unsigned char>(bytes[i]) + 256 * static_cast<signed char>(bytes[i + 1]);
      if (v < -255 || v > 255) in.fail("a weight of ", v);
      values.push_back(static_cast<std::int16_t>(v));
    }
    return depthwise_weights(std::move(values), kernel, stride, channels);
  }

 private:
  depthwise_weights(std::vector<std::int16_t> values, index_t kernel, index_t stride, index_t channels)
      : kernel_(kernel), stride_(stride), channels_(channels), values_(std::move(values)) {
    if ((kernel != 3 && kernel != 5) || (stride != 1 && stride != 2) || channels < 1) {
      contract::invalid_argument("a depthwise kernel of ", kernel, " x ", kernel, " with stride ", stride, " on ",
                                 channels, " channels; there are 3 and 5, strides 1 and 2");
    }
    for (std::int16_t v : values_) {
      if (v != static_cast<element>(v)) parts_ = on::parts;
    }
    const index_t padded = (channels_ + lane_count - 1) / lane_count * lane_count;
    sums_.assign(static_cast<std::size_t>(padded), 0);
    for (std::size_t i = 0; i < values_.size(); ++i) sums_[i % static_cast<std::size_t>(channels_)] += values_[i];
    if (kernel_ == 3) {
      stride_ == 1 ? pack<3, 1>(padded) : pack<3, 2>(padded);
    } else {
      stride_ == 1 ? pack<5, 1>(padded) : pack<5, 2>(padded);
    }
  }

  element* elements() { return reinterpret_cast<element*>(codes_.data()); }
  const element* elements() const { return reinterpret_cast<const element*>(codes_.data()); }

  /// Part p of a weight: what the parts before could not hold.
  static element part(std::int32_t value, int p) {
    element held = 0;
    for (int i = 0; i <= p; ++i) {
      value -= held;
      held = static_cast<element>(std::clamp<std::int32_t>(value, std::numeric_limits<element>::min(),
                                                           std::numeric_limits<element>::max()));
    }
    return held;
  }

  template <int Kernel, int Stride>
  void pack(index_t padded) {
    using shape = kernels::depthwise_shape<Isa, Kernel, Stride>;
    per_channel_ = shape::outputs * parts_ * Kernel * shape::groups * on::group;
    codes_ = byte_buffer(static_cast<std::size_t>(padded * per_channel_) * sizeof(element));
    element* out = elements();
    for (index_t block = 0; block < padded; block += lane_count) {
      for (index_t r = 0; r < shape::outputs; ++r) {
        for (int p = 0; p < parts_; ++p) {
          for (index_t j = 0; j < Kernel; ++j) {
            for (index_t row = 0; row < shape::groups * on::group; row += on::group) {
              for (index_t c = block; c < block + lane_count; ++c) {
                for (index_t i = row - r * Stride; i < row - r * Stride + on::group; ++i) {
                  *out++ = c < channels_ && i >= 0 && i < Kernel ? part(value(i, j, c), p) : element(0);
                }
              }
            }
          }
        }
      }
    }
  }

  index_t kernel_ = 0;
  index_t stride_ = 0;
  index_t channels_ = 0;
  int parts_ = 1;
  index_t per_channel_ = 0;  // elements
  std::vector<std::int16_t> values_;  // code - zero point: [row][column][channel]
  std::vector<std::int32_t> sums_;
  byte_buffer codes_;
};

}  // namespace equant::inline EQUANT_ABI::gemm
