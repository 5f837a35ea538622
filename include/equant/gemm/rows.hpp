// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/gemm/packed_matrix.hpp>

#include <algorithm>
#include <vector>

/// The left operand of a product, row by row as the kernels read it: in place where memory allows it, else copied some
/// rows at a time.
namespace equant::inline EQUANT_ABI::gemm {

/// A source of rows:
///
///   count()               how many rows there are
///   readable()            how many, from the front, can be read in place up to a whole group: what lies behind a
///                         row is multiplied with zero, but must be memory
///   row(m), stride()      where such a row lies, and the bytes from row to row
///   copied_stride()       bytes from row to row of a copy
///   copy(first, n, to)    rows first .. first + n, as elements, padded with zeros to whole groups
template <class S, class Isa>
concept source_of_rows = requires(const S& s, index_t i, typename kernels::mac_on<Isa>::element* to) {
  { s.count() } -> std::same_as<index_t>;
  { s.readable() } -> std::same_as<index_t>;
  { s.row(i) } -> std::convertible_to<const void*>;
  { s.stride() } -> std::same_as<index_t>;
  { s.copied_stride() } -> std::same_as<index_t>;
  s.copy(i, i, to);
};

/// The rows of a matrix in any strides.
template <class Isa, byte_code T>
class matrix_rows {
  using mac = kernels::mac_on<Isa>;
  using element = typename mac::element;

 public:
  explicit matrix_rows(const view<const T>& a)
      : a_(a),
        padded_((a.sizes[1] + mac::group - 1) / mac::group * mac::group),
        in_place_(sizeof(element) == 1 && (a.strides[1] == 1 || a.sizes[1] == 1) && a.strides[0] >= 1) {}

  index_t count() const { return a_.sizes[0]; }
  index_t readable() const {
    if (!in_place_) return 0;
    const index_t beyond = padded_ - a_.sizes[1];
    if (beyond == 0) return a_.sizes[0];
    return std::max<index_t>(0, a_.sizes[0] - (beyond + a_.strides[0] - 1) / a_.strides[0]);
  }
  const T* row(index_t m) const { return a_.data + m * a_.strides[0]; }
  index_t stride() const { return a_.strides[0]; }
  index_t copied_stride() const { return padded_ * static_cast<index_t>(sizeof(element)); }
  void copy(index_t first, index_t count, element* to) const {
    const index_t depth = a_.sizes[1], step = a_.strides[1];
    std::vector<T> line(step == 1 ? 0 : static_cast<std::size_t>(depth));
    for (index_t m = first; m < first + count; ++m, to += padded_) {
      const T* from = row(m);
      for (std::size_t k = 0; k < line.size(); ++k) line[k] = from[static_cast<index_t>(k) * step];
      mac::copy(line.empty() ? from : line.data(), depth, to);
      std::fill(to + depth, to + padded_, element{0});
    }
  }

 private:
  view<const T> a_;
  index_t padded_;
  bool in_place_;
};

namespace driver {

/// How rows are cut into blocks that stay near while the panels go by, and where copies of them go.
struct row_blocks {
  index_t rows, blocks, tallest;

  row_blocks(index_t count, index_t copied_stride, index_t tallest_tile) : rows(count), tallest(tallest_tile) {
    constexpr index_t cache = 1 << 17;  // bytes
    const index_t fitting = std::max<index_t>(1, cache / std::max<index_t>(1, copied_stride) / tallest) * tallest;
    blocks = (rows + fitting - 1) / fitting;
  }

  index_t begin(index_t block) const { return part_begin(rows, blocks, block); }
  index_t longest() const { return blocks == 0 ? 0 : (rows + blocks - 1) / blocks; }
};

/// Bytes of scratch that copies of some rows take, for each thread.
template <class Isa, source_of_rows<Isa> Rows>
std::size_t copy_bytes(const Rows& left) {
  if (left.readable() == left.count()) return 0;
  const row_blocks cut(left.count(), left.copied_stride(),
                       kernels::tiling<Isa>::tallest(kernels::tiling<Isa>::vectors));
  const index_t bytes = cut.longest() * left.copied_stride();
  return static_cast<std::size_t>((bytes + 63) / 64 * 64);
}

}  // namespace driver
}  // namespace equant::inline EQUANT_ABI::gemm
