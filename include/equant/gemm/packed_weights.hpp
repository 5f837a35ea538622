// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/archive.hpp>
#include <equant/core/view.hpp>
#include <equant/kernels/weight_lanes.hpp>
#include <equant/storage/buffer.hpp>

#include <algorithm>

namespace equant::inline EQUANT_ABI::gemm {

/// The right operand of a weight-only product, K x N:
///
///   w[k][n] = (code[k][n] - zero_point[g][n]) * scale[g][n],   g = k / group
///
/// codes of 2, 4 or 8 bits, scales in half precision (as 16-bit words), zero points one byte each or none. Laid out
/// once in the order the kernels read it, the same on every machine (see kernels::weight_layout), on huge pages where
/// there are some. A last group may be ragged. Codes are kept unsigned: signed ones and their zero points are moved up
/// by 2^(bits - 1) together, which changes no weight.
class packed_weights {
 public:
  using layout_type = kernels::weight_layout;
  static constexpr index_t panel = layout_type::panel;
  static constexpr index_t largest_group = 65536;  // up to which sums of a group are exact in 32 bits

  packed_weights() = default;

  /// `codes`: K x N, one per byte; `scales` and `zero_points`: ceil(K / group) x N; a group longer than K is cut to K.
  /// Without zero points (no data) the zero point is 0 where codes are signed and 2^(bits - 1) where they are not.
  /// Throws std::invalid_argument where sizes do not fit, a code has more bits, a scale is not finite or a zero point
  /// lies below the lowest code.
  template <class T>
    requires(std::same_as<T, std::int8_t> || std::same_as<T, std::uint8_t>)
  packed_weights(const view<const T>& codes, int bits, index_t group, const view<const std::uint16_t>& scales,
                 const view<const T>& zero_points = {})
      : packed_weights(checked(codes.sizes, bits, group), bits, group, zero_points.data != nullptr) {
    expect(scales.sizes, "scales");
    if (layout_.zeros) expect(zero_points.sizes, "zero points");
    const int offset = std::is_signed_v<T> ? 1 << (bits - 1) : 0, most = (1 << bits) - 1;
    for (index_t k = 0; k < rows_; ++k) {
      for (index_t n = 0; n < columns_; ++n) {
        const int given = codes.data[k * codes.strides[0] + n * codes.strides[1]];
        if (given + offset < 0 || given + offset > most) {
          contract::invalid_argument("code ", given, " at (", k, ", ", n, ") does not fit ", bits, " bits");
        }
        const place at = locate(k, n);
        *at.byte = static_cast<std::uint8_t>(*at.byte | (given + offset) << at.shift);
      }
    }
    for (index_t g = 0; g < groups(); ++g) {
      for (index_t n = 0; n < columns_; ++n) {
        const std::uint16_t word = scales.data[g * scales.strides[0] + n * scales.strides[1]];
        if (!finite(word)) contract::invalid_argument("scale (", g, ", ", n, ") is not finite");
        std::memcpy(block(g, n) + layout_.scales_at() + 2 * (n % panel), &word, sizeof word);
        if (!layout_.zeros) continue;
        const int zero = zero_points.data[g * zero_points.strides[0] + n * zero_points.strides[1]];
        if (zero + offset < 0) {
          contract::invalid_argument("zero point ", zero, " at (", g, ", ", n, ") lies below all codes of ", bits,
                                     " bits");
        }
        block(g, n)[layout_.zeros_at() + n % panel] = static_cast<std::uint8_t>(zero + offset);
      }
    }
  }

  index_t rows() const { return rows_; }
  index_t columns() const { return columns_; }
  int bits() const { return layout_.bits; }
  index_t group() const { return group_; }
  index_t groups() const { return (rows_ + group_ - 1) / group_; }
  bool has_zero_points() const { return layout_.zeros; }
  std::size_t size_bytes() const { return bytes_.size(); }

  const layout_type& layout() const { return layout_; }
  index_t panels() const { return (columns_ + panel - 1) / panel; }
  index_t panel_bytes() const { return groups() * layout_.group_bytes(); }
  const std::uint8_t* data(index_t p = 0) const { return bytes_.data() + p * panel_bytes(); }

  /// A weight's parts, the code and its zero point unsigned, and the weight itself, rounded once.
  int code(index_t k, index_t n) const {
    const place at = locate(k, n);
    return *at.byte >> at.shift & ((1 << bits()) - 1);
  }
  int zero_point(index_t g, index_t n) const {
    return layout_.zeros ? block(g, n)[layout_.zeros_at() + n % panel] : 1 << (bits() - 1);
  }
  float scale(index_t g, index_t n) const {
    return kernels::half_words::widen(scale_word(g, n));
  }
  float operator()(index_t k, index_t n) const {
    const index_t g = k / group_;
    return static_cast<float>(code(k, n) - zero_point(g, n)) * scale(g, n);
  }

  bool operator==(const packed_weights& other) const {
    return rows_ == other.rows_ && columns_ == other.columns_ && group_ == other.group_ && bits() == other.bits() &&
           layout_.zeros == other.layout_.zeros && bytes_ == other.bytes_;
  }

  /// The same bytes on every machine.
  std::string save() const {
    archive_writer out("packed_weights", 1);
    for (index_t n : {rows_, columns_, index_t{bits()}, group_, index_t{layout_.zeros}}) out.integer(n);
    out.text({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
    return std::move(out).take();
  }

  static packed_weights load(std::string_view saved) {
    archive_reader in(saved, "packed_weights", 1);
    const index_t rows = in.integer(), columns = in.integer(), bits = in.integer(), group = in.integer();
    const index_t zeros = in.integer();
    const auto most = static_cast<index_t>(saved.size()) * 4;  // codes in a byte
    if (rows < 1 || columns < 1 || rows > most / columns || (bits != 2 && bits != 4 && bits != 8) || group < 1 ||
        group > rows || group > largest_group || zeros < 0 || zeros > 1) {
      in.fail("weights of ", rows, " x ", columns, ", ", bits, " bits in groups of ", group);
    }
    const std::string bytes = in.text();
    in.finish();
    const auto b = static_cast<int>(bits);
    if (bytes.size() != stored_size(rows, columns, b, group, zeros == 1)) {
      in.fail(bytes.size(), " bytes for weights of ", rows, " x ", columns);
    }
    packed_weights w({rows, columns}, b, group, zeros == 1);
    std::memcpy(w.bytes_.data(), bytes.data(), bytes.size());
    for (index_t g = 0; g < w.groups(); ++g) {
      for (index_t n = 0; n < columns; ++n) {
        if (!finite(w.scale_word(g, n))) in.fail("scale (", g, ", ", n, ") is not finite");
      }
    }
    return w;
  }

 private:
  struct place {
    std::uint8_t* byte;
    int shift;
  };

  static constexpr layout_type layout_of(int bits, index_t group, bool zeros) {
    const index_t depth = layout_type::depth(bits);
    return {bits, zeros, (group + depth - 1) / depth};
  }
  static std::size_t stored_size(index_t rows, index_t columns, int bits, index_t group, bool zeros) {
    const index_t panels = (columns + panel - 1) / panel, groups = (rows + group - 1) / group;
    return static_cast<std::size_t>(panels * groups * layout_of(bits, group, zeros).group_bytes());
  }

  packed_weights(const shape& sizes, int bits, index_t group, bool zeros)
      : rows_(sizes[0]),
        columns_(sizes[1]),
        group_(std::min(group, rows_)),
        layout_(layout_of(bits, group_, zeros)),
        bytes_(stored_size(rows_, columns_, bits, group_, zeros)) {
    std::memset(bytes_.data(), 0, bytes_.size());
  }

  static const shape& checked(const shape& sizes, int bits, index_t group) {
    if (sizes.rank != 2 || sizes[0] < 1 || sizes[1] < 1) {
      contract::invalid_argument("packing a tensor of ", to_string(sizes), " as weights");
    }
    static_cast<void>(checked_count(sizes));
    if (bits != 2 && bits != 4 && bits != 8) {
      contract::invalid_argument("weights of ", bits, " bits: it is 2, 4 or 8");
    }
    if (group < 1 || std::min(group, sizes[0]) > largest_group) {
      contract::invalid_argument("groups of ", group, " weights: it is 1 to ", largest_group);
    }
    return sizes;
  }
  void expect(const shape& sizes, const char* what) const {
    if (sizes != shape{groups(), columns_}) {
      contract::invalid_argument(what, " of ", to_string(sizes), " for ", groups(), " groups of ", columns_,
                                 " columns");
    }
  }
  static bool finite(std::uint16_t half) { return (half & 0x7c00u) != 0x7c00u; }

  std::uint16_t scale_word(index_t g, index_t n) const {
    std::uint16_t word;
    std::memcpy(&word, block(g, n) + layout_.scales_at() + 2 * (n % panel), sizeof word);
    return word;
  }
  std::uint8_t* block(index_t g, index_t n) const {
    return const_cast<std::uint8_t*>(data(n / panel)) + g * layout_.group_bytes();
  }
  place locate(index_t k, index_t n) const {
    const index_t depth = layout_type::depth(bits()), inner = k % group_;
    const index_t byte = inner / depth * layout_type::step_bytes + 4 * (n % panel) + inner % 4;
    return {block(k / group_, n) + byte, static_cast<int>(inner % depth / 4) * bits()};
  }

  index_t rows_ = 0;
  index_t columns_ = 0;
  index_t group_ = 1;
  layout_type layout_;
  byte_buffer bytes_;
};

}  // namespace equant::inline EQUANT_ABI::gemm
