// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/eigen.hpp>
#include <equant/core/format.hpp>
#include <equant/core/traversal.hpp>
#include <equant/storage/buffer.hpp>
#include <equant/storage/packing.hpp>

#include <array>

namespace equant::inline EQUANT_ABI {

inline constexpr std::size_t dynamic_size = static_cast<std::size_t>(-1);

/// A quantized tensor: packed codes, and the parameters that give them their meaning.
///
/// The codes lie densely in the storage order of the tensor they came from; everything a user sees is logical, so that
/// two tensors with the same codes at the same places are equal whatever their order.
template <element_format Format, std::size_t Size = dynamic_size, class Map = affine>
class quantized {
 public:
  using format_type = Format;
  using map_type = Map;
  using word = code_word<Format::bits>;

  quantized() : quantized(shape{0}, axis_order::row_major(), Map{}) {}

  /// Codes of unknown value for a tensor of `sizes`, to be written through `bytes()`.
  quantized(const shape& sizes, const axis_order& order, parameters<Map> p, Format format = {})
      : sizes_(sizes),
        order_(order),
        parameters_(std::move(p)),
        blocks_(parameters_.blocks(sizes)),
        bytes_(packed_size(checked_count(sizes), Format::bits)),
        format_(format) {
    if (bytes_.size() > 0) bytes_.data()[bytes_.size() - 1] = 0;
  }

  const shape& sizes() const { return sizes_; }
  const axis_order& order() const { return order_; }
  index_t count() const { return sizes_.count(); }
  const Format& format() const { return format_; }

  const parameters<Map>& params() const { return parameters_; }
  std::span<const typename Map::scale_type> scales() const { return parameters_.scales(); }
  std::span<const typename Map::zero_point_type> zero_points() const { return parameters_.zero_points(); }
  /// Which elements share parameters.
  const blocking& blocks() const { return blocks_; }

  /// The packed codes, in storage order.
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), bytes_.size()}; }
  std::span<std::uint8_t> bytes() { return {bytes_.data(), bytes_.size()}; }

  /// Codes and parameters together, and the levels where the format carries them.
  std::size_t size_bytes() const {
    std::size_t size = bytes_.size() + parameters_.size_bytes();
    if constexpr (requires { format_.size_bytes(); }) size += format_.size_bytes();
    return size;
  }
  double bits_per_value() const {
    return count() == 0 ? 0 : 8.0 * static_cast<double>(size_bytes()) / static_cast<double>(count());
  }

  /// Strides of the codes, per logical axis.
  shape strides() const { return dense_strides(sizes_, order_); }

  /// The code at a position in storage order, or at logical coordinates.
  word code(index_t position) const { return get_code<Format::bits>(bytes_.data(), position); }
  word code(const shape& at) const {
    if (at.rank != sizes_.rank) {
      contract::invalid_argument("coordinates of rank ", at.rank, " in a tensor of ", to_string(sizes_));
    }
    const shape step = strides();
    index_t position = 0;
    for (int axis = 0; axis < at.rank; ++axis) {
      if (at[axis] < 0 || at[axis] >= sizes_[axis]) {
        contract::invalid_argument("position ", at[axis], " on axis ", axis, " of a tensor of ",
                                   to_string(sizes_));
      }
      position += at[axis] * step[axis];
    }
    return code(position);
  }

  /// The codes as integers, a matrix of the tensor's shape (rank at most 2). Where a code is a whole byte or word this
  /// is an Eigen map of the stored codes, else, and of a temporary, a matrix that holds them unpacked.
  auto codes() const&
    requires integer_format<Format>
  {
    using integer_type = typename Format::code_type;
    using matrix = Eigen::Matrix<integer_type, Eigen::Dynamic, Eigen::Dynamic>;
    using steps = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
    if (sizes_.rank > 2) {
      contract::invalid_argument("codes() of a tensor of ", to_string(sizes_),
                                 ": a matrix has rank 2; use code(at) or bytes()");
    }
    const shape step = strides();
    const index_t rows = sizes_.rank > 0 ? sizes_[0] : 1, cols = sizes_.rank > 1 ? sizes_[1] : 1;
    const steps stride(sizes_.rank > 1 ? step[1] : 1, sizes_.rank > 0 ? step[0] : 1);
    if constexpr (Format::bits == 8 || Format::bits == 16) {
      return Eigen::Map<const matrix, 0, steps>(reinterpret_cast<const integer_type*>(bytes_.data()), rows,
                                                cols, stride);
    } else {
      matrix m(rows, cols);
      for (index_t j = 0; j < cols; ++j) {
        for (index_t i = 0; i < rows; ++i) {
          m(i, j) = static_cast<integer_type>(
              Format::value(code(i * stride.inner() + j * stride.outer())));
        }
      }
      return m;
    }
  }
  auto codes() const&&
    requires integer_format<Format>
  {
    const auto stored = codes();  // a map would outlive what it looks at
    return Eigen::Matrix<typename Format::code_type, Eigen::Dynamic, Eigen::Dynamic>(stored);
  }

  /// The same codes with the same meaning at the same logical places.
  bool operator==(const quantized& other) const {
    if (sizes_ != other.sizes_ || !(format_ == other.format_) || !(parameters_ == other.parameters_)) {
      return false;
    }
    if (order_ == other.order_) return bytes_ == other.bytes_;
    bool same = true;
    const traversal walk(sizes_, order_, strides(), other.strides(), normal_form(per_tensor, sizes_));
    walk.for_each_run([&](const run& r) {
      for (index_t i = 0; i < r.count; ++i) {
        same = same && code(r.a + i * r.a_step) == other.code(r.b + i * r.b_step);
      }
    });
    return same;
  }

 private:
  shape sizes_;
  axis_order order_;
  parameters<Map> parameters_;
  blocking blocks_;
  byte_buffer bytes_;
  [[no_unique_address]] Format format_;
};

/// The literal form, for tables made at compile time: `Size` codes and one map.
template <element_format Format, std::size_t Size, class Map>
  requires(Size != dynamic_size)
class quantized<Format, Size, Map> {
 public:
  using format_type = Format;
  using map_type = Map;
  using word = code_word<Format::bits>;

  constexpr quantized() = default;
  constexpr quantized(const std::array<word, Size>& codes, Map map, Format format = {})
      : map_(map), format_(format) {
    for (std::size_t i = 0; i < Size; ++i) {
      put_code<Format::bits>(bytes_.data(), static_cast<index_t>(i), codes[i]);
    }
  }

  static constexpr index_t count() { return static_cast<index_t>(Size); }
  constexpr const Format& format() const { return format_; }
  constexpr Map map() const { return map_; }
  constexpr auto scale() const { return map_.scale; }
  constexpr auto zero_point() const { return map_.zero_point; }
  constexpr std::span<const std::uint8_t> bytes() const { return bytes_; }
  static constexpr std::size_t size_bytes() { return packed_size(count(), Format::bits) + sizeof(Map); }

  constexpr word code(index_t i) const { return get_code<Format::bits>(bytes_.data(), i); }
  constexpr bool operator==(const quantized&) const = default;

 private:
  std::array<std::uint8_t, packed_size(static_cast<index_t>(Size), Format::bits)> bytes_{};
  Map map_{};
  [[no_unique_address]] Format format_{};
};

}  // namespace equant::inline EQUANT_ABI
