// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/archive.hpp>
#include <equant/core/view.hpp>
#include <equant/kernels/tile.hpp>
#include <equant/storage/buffer.hpp>

#include <span>
#include <vector>

namespace equant::inline EQUANT_ABI::gemm {

/// What integer products multiply: codes of a byte.
template <class T>
concept byte_code = std::same_as<T, std::int8_t> || std::same_as<T, std::uint8_t>;

/// The right operand of a product, K x N codes, laid out once in the order the kernels read it: panels of some columns,
/// in each [k / group][column][k % group], K padded with zeros and the last panel narrower. Its columns' sums and zero
/// points are kept beside it.
///
/// Unsigned codes become signed ones and their zero points go with them where the instruction set wants that, which
/// changes no result.
template <class Isa = isa::native>
class packed_matrix {
 public:
  using mac = kernels::mac_on<Isa>;
  using element = typename mac::element;
  static constexpr index_t lane_count = mac::lanes::count;
  static constexpr index_t panel = kernels::tiling<Isa>::vectors * lane_count;

  packed_matrix() = default;

  /// `zero_points`: none, one for all columns, or one per column.
  template <byte_code T>
  packed_matrix(const view<const T>& b, std::span<const std::int32_t> zero_points)
      : rows_(checked(b)[0]),
        columns_(b.sizes[1]),
        offset_(std::is_unsigned_v<T> && sizeof(element) == 1 ? 128 : 0),
        unsigned_(std::is_unsigned_v<T>),
        codes_(static_cast<std::size_t>(padded_rows() * padded_columns()) * sizeof(element)),
        sums_(static_cast<std::size_t>(padded_columns()), 0) {
    set_zero_points(zero_points);
    for (index_t p = 0; p < panels(); ++p) pack(b, p);
  }
  template <byte_code T>
  explicit packed_matrix(const view<const T>& b, std::int32_t zero_point = 0)
      : packed_matrix(b, std::span<const std::int32_t>(&zero_point, 1)) {}

  index_t rows() const { return rows_; }
  index_t columns() const { return columns_; }
  std::size_t size_bytes() const {
    return codes_.size() + (sums_.size() + zero_points_.size()) * sizeof(std::int32_t);
  }

  index_t panels() const { return (columns_ + panel - 1) / panel; }
  index_t groups() const { return (rows_ + mac::group - 1) / mac::group; }
  index_t padded_columns() const { return (columns_ + lane_count - 1) / lane_count * lane_count; }
  /// Of panel p: how many columns there are, how many are stored, and where its codes begin.
  index_t width(index_t p) const { return std::min(panel, columns_ - p * panel); }
  index_t stored_width(index_t p) const { return std::min(panel, padded_columns() - p * panel); }
  const element* codes(index_t p) const { return elements() + p * panel * padded_rows(); }

  /// Per column, padded: the sum of the stored codes, and the stored codes' zero points (empty: all are 0).
  std::span<const std::int32_t> sums() const { return sums_; }
  std::span<const std::int32_t> zero_points() const { return zero_points_; }

  /// The code at (k, n) as it was given.
  std::int32_t code(index_t k, index_t n) const { return elements()[place(k, n)] + offset_; }

  /// The same bytes on every machine: sizes, zero points and codes, column by column.
  std::string save() const {
    archive_writer out("packed_matrix", 1);
    out.integer(rows_);
    out.integer(columns_);
    out.integer(unsigned_);
    for (index_t n = 0; n < columns_; ++n) {
      out.integer((zero_points_.empty() ? 0 : zero_points_[static_cast<std::size_t>(n)]) + offset_);
    }
    std::string bytes;
    for (index_t n = 0; n < columns_; ++n) {
      for (index_t k = 0; k < rows_; ++k) bytes += static_cast<char>(code(k, n));
    }
    out.text(bytes);
    return std::move(out).take();
  }

  static packed_matrix load(std::string_view saved) {
    archive_reader in(saved, "packed_matrix", 1);
    const shape sizes{in.integer(), in.integer()};
    const bool is_unsigned = in.integer() != 0;
    if (sizes[0] < 0 || sizes[1] < 0 || sizes[1] > static_cast<index_t>(saved.size())) {
      in.fail("a shape of ", to_string(sizes));
    }
    std::vector<std::int32_t> zeros(static_cast<std::size_t>(sizes[1]));
    for (std::int32_t& z : zeros) z = static_cast<std::int32_t>(in.integer());
    const std::string bytes = in.text();
    if (static_cast<index_t>(bytes.size()) != checked_count(sizes)) {
      in.fail(bytes.size(), " codes for a matrix of ", to_string(sizes));
    }
    in.finish();
    const shape strides{1, sizes[0]};
    if (is_unsigned) {
      return packed_matrix(
          view<const std::uint8_t>{reinterpret_cast<const std::uint8_t*>(bytes.data()), sizes, strides}, zeros);
    }
    return packed_matrix(view<const std::int8_t>{reinterpret_cast<const std::int8_t*>(bytes.data()), sizes, strides},
                         zeros);
  }

 private:
  template <class T>
  static const shape& checked(const view<const T>& b) {
    if (b.sizes.rank != 2) contract::invalid_argument("packing a tensor of ", to_string(b.sizes), " as a matrix");
    static_cast<void>(checked_count(b.sizes));
    return b.sizes;
  }

  index_t padded_rows() const { return groups() * mac::group; }
  element* elements() { return reinterpret_cast<element*>(codes_.data()); }
  const element* elements() const { return reinterpret_cast<const element*>(codes_.data()); }
  index_t place(index_t k, index_t n) const {
    const index_t p = n / panel;
    return p * panel * padded_rows() + k / mac::group * mac::group * stored_width(p) + n % panel * mac::group +
           k % mac::group;
  }

  void set_zero_points(std::span<const std::int32_t> given) {
    const auto n = static_cast<std::size_t>(columns_);
    if (given.size() > 1 && given.size() != n) {
      contract::invalid_argument(given.size(), " zero points for ", n, " columns");
    }
    std::vector<std::int32_t> stored(static_cast<std::size_t>(padded_columns()), 0);
    bool any = false;
    for (std::size_t i = 0; i < n; ++i) {
      stored[i] = (given.empty() ? 0 : given[given.size() == 1 ? 0 : i]) - offset_;
      any = any || stored[i] != 0;
    }
    if (any) zero_points_ = std::move(stored);
  }

  template <class T>
  void pack(const view<const T>& b, index_t p) {
    const index_t first = p * panel, stored = stored_width(p), real = width(p);
    element* out = elements() + first * padded_rows();
    std::int32_t* sums = sums_.data() + first;
    for (index_t k = 0; k < padded_rows(); k += mac::group) {
      for (index_t n = 0; n < stored; ++n) {
        for (index_t j = 0; j < mac::group; ++j) {
          element code = 0;
          if (n < real && k + j < rows_) {
            const T given = b.data[(k + j) * b.strides[0] + (first + n) * b.strides[1]];
            code = static_cast<element>(given - offset_);
            sums[n] += code;
          }
          *out++ = code;
        }
      }
    }
  }

  index_t rows_ = 0;
  index_t columns_ = 0;
  std::int32_t offset_ = 0;  // given code - stored code
  bool unsigned_ = false;
  byte_buffer codes_;
  std::vector<std::int32_t> sums_;
  std::vector<std::int32_t> zero_points_;
};

}  // namespace equant::inline EQUANT_ABI::gemm
