// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/executor.hpp>
#include <equant/gemm/epilogue.hpp>
#include <equant/gemm/rows.hpp>
#include <equant/kernels/byte_sum.hpp>
#include <equant/kernels/tile.hpp>

#include <algorithm>
#include <array>

/// Integer matrix products.
///
///   sum[m][n] = bias[n] + sum over k of (a[m][k] - za[m]) * (b[k][n] - zb[n])
///
/// exactly, modulo 2^32: no sum overflows as long as K <= 33025 (both operands unsigned, any zero points among the
/// codes) or 65793 (one of them unsigned, the other signed with zero point 0). What becomes of the sums is up to the
/// epilogue. The result depends neither on the instruction set nor on the number of threads.
namespace equant::inline EQUANT_ABI::gemm {

/// What a product adds to a * b: the zero points of a (one, or one per row) and a bias per column.
struct terms {
  std::span<const std::int32_t> zero_points = {};  ///< empty: 0
  std::span<const std::int32_t> bias = {};         ///< empty: none
};

namespace driver {

inline std::int32_t times(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
}

/// Everything a tile needs beside its operands.
template <class Epilogue>
struct context {
  const Epilogue* epilogue;
  index_t columns;                  ///< of the product
  const std::int32_t* sums;         ///< of b, per column
  const std::int32_t* zeros;        ///< zero points of b, per column; null: 0
  const std::int32_t* row_zeros;    ///< of a, per row, where they differ; null: in the start
  const std::int32_t* row_weights;  ///< per row, what zeros are multiplied with

  bool corrected() const { return zeros != nullptr || row_zeros != nullptr; }
};

/// The sums of a tile that is not whole, or not yet right: zero points of b and of single rows of a are taken off here.
template <class L, class Epilogue>
void finish_slowly(const std::int32_t* sums, index_t rows, index_t stored, const context<Epilogue>& c, index_t row,
                   index_t column) noexcept {
  for (index_t v = 0; v < stored && column + v < c.columns; v += L::count) {
    const auto take = c.epilogue->template at<L>(column + v, static_cast<int>(c.columns - column - v));
    for (index_t r = 0; r < rows; ++r) {
      auto x = L::load(sums + r * stored + v, L::count);
      if (c.row_zeros != nullptr) {
        x = L::sub(x, L::mul(L::splat(c.row_zeros[row + r]), L::load(c.sums + column + v, L::count)));
      }
      if (c.zeros != nullptr) {
        x = L::sub(x, L::mul(L::splat(c.row_weights[row + r]), L::load(c.zeros + column + v, L::count)));
      }
      take(row + r, x);
    }
  }
}

/// How many parts a sum is split into: see kernels::tile.
template <class Isa, int Rows, int Vectors>
inline constexpr std::size_t split = std::max(1, kernels::mac_on<Isa>::registers / (2 * Rows * Vectors));

/// The sums of a tile, to memory.
template <class Isa, int Rows, int Vectors, bool Flip>
[[gnu::noinline]] void store_sums(const kernels::tile_operands& t, std::int32_t* sums) noexcept {
  constexpr index_t width = Vectors * kernels::mac_on<Isa>::lanes::count;
  kernels::tile<Isa, Rows, Vectors, split<Isa, Rows, Vectors>, Flip>(
      t, [&]<class L>(L, index_t v) __attribute__((always_inline)) {
        return [to = sums + v](index_t r, typename L::i32 x) __attribute__((always_inline)) {
          L::store(to + r * width, x, L::count);
        };
      });
}

template <class Isa, int Rows, int Vectors, bool Flip, class Epilogue>
[[gnu::noinline]] void run_slowly(const kernels::tile_operands& t, const context<Epilogue>& c, index_t row,
                                  index_t column) noexcept {
  using L = typename kernels::mac_on<Isa>::lanes;
  alignas(64) std::int32_t sums[Rows * Vectors * L::count];
  store_sums<Isa, Rows, Vectors, Flip>(t, sums);
  finish_slowly<L>(sums, Rows, Vectors * L::count, c, row, column);
}

/// The sums of a tile from registers to the epilogue; `Whole` where no column is padding.
template <class Isa, int Rows, int Vectors, bool Flip, bool Whole, class Epilogue>
[[gnu::always_inline]] inline void finish_tile(const kernels::tile_operands& t, const Epilogue& epilogue, index_t row,
                                               index_t column, index_t columns) noexcept {
  constexpr index_t width = Vectors * kernels::mac_on<Isa>::lanes::count;
  kernels::tile<Isa, Rows, Vectors, split<Isa, Rows, Vectors>, Flip>(
      t, [&]<class L>(L, index_t v) __attribute__((always_inline)) {
        const int count = Whole || v + L::count < width ? L::count : static_cast<int>(columns - column - v);
        return [take = epilogue.template at<L>(column + v, count), row](index_t r, typename L::i32 sums)
                   __attribute__((always_inline)) { take(row + r, sums); };
      });
}

template <class Isa, int Rows, int Vectors, bool Flip, bool Whole, class Epilogue>
[[gnu::noinline]] void run_tile(const kernels::tile_operands& t, const context<Epilogue>& c, index_t row,
                                index_t column) noexcept {
  finish_tile<Isa, Rows, Vectors, Flip, Whole>(t, *c.epilogue, row, column, c.columns);
}

/// Some tiles, one below the other.
template <class Isa, int Rows, int Vectors, bool Flip, bool Whole, class Epilogue>
[[gnu::noinline]] void run_tiles(kernels::tile_operands t, const context<Epilogue>& c, index_t row, index_t column,
                                 index_t tiles) noexcept {
  const Epilogue epilogue = *c.epilogue;  // a copy, which stores of bytes cannot change
  for (const index_t columns = c.columns; tiles > 0; --tiles, row += Rows) {
    finish_tile<Isa, Rows, Vectors, Flip, Whole>(t, epilogue, row, column, columns);
    t.a = static_cast<const char*>(t.a) + Rows * t.a_stride;
  }
}

/// All tiles of one panel.
template <class Isa, int Vectors, bool Flip, class Epilogue>
void run_panel(kernels::tile_operands t, const context<Epilogue>& c, index_t first_row, index_t rows,
               index_t column) noexcept {
  using tiling = kernels::tiling<Isa>;
  const bool corrected = c.corrected();
  const bool inside = column + Vectors * kernels::mac_on<Isa>::lanes::count <= c.columns;
  // Returns how many rows were done.
  const auto run = [&]<int Height>(std::integral_constant<int, Height>, index_t row, index_t left) -> index_t {
    const auto direct = [&]<bool Whole>(std::bool_constant<Whole>) -> index_t {
      if constexpr (Height < tiling::tallest(Vectors) || !tiling::in_a_row(Vectors)) {
        run_tile<Isa, Height, Vectors, Flip, Whole>(t, c, row, column);
        return Height;
      } else {
        const index_t tiles = std::max<index_t>(1, left / Height - 1);  // the last two may be other ones
        run_tiles<Isa, Height, Vectors, Flip, Whole>(t, c, row, column, tiles);
        return tiles * Height;
      }
    };
    if constexpr (2 * Height >= tiling::tallest(Vectors)) {
      if (inside && !corrected) return direct(std::true_type{});
    }
    if constexpr (tiling::tall(Vectors, Height)) {
      if (!corrected) return direct(std::false_type{});
    }
    run_slowly<Isa, Height, Vectors, Flip>(t, c, row, column);
    return Height;
  };
  for (index_t row = 0; row < rows;) {
    const index_t again = tiling::template again<Vectors>(row, rows - row);
    t.a = static_cast<const char*>(t.a) - again * t.a_stride;
    row -= again;
    const int height = tiling::template height<Vectors>(rows - row);
    index_t done = 0;
    [&]<int... H>(std::integer_sequence<int, H...>) {
      constexpr int tallest = tiling::tallest(Vectors);  // and the tallest first: there are most of them
      static_cast<void>(
          ((height == tallest - H && tiling::has(Vectors, tallest - H) &&
            (done = run(std::integral_constant<int, tiling::has(Vectors, tallest - H) ? tallest - H : 1>{},
                        first_row + row, rows - row)) > 0) ||
           ...));
    }(std::make_integer_sequence<int, tiling::tallest(Vectors)>{});
    t.a = static_cast<const char*>(t.a) + done * t.a_stride;
    row += done;
  }
}

/// Some rows, which lie at `a`, by some panels.
template <class Isa, bool Flip, class Epilogue>
void run_block(const packed_matrix<Isa>& b, const context<Epilogue>& c, const std::int32_t* start, const void* a,
               index_t stride, index_t first_row, index_t rows, index_t first_panel, index_t last_panel) {
  for (index_t p = first_panel; p < last_panel; ++p) {
    const index_t column = p * packed_matrix<Isa>::panel, width = b.stored_width(p);
    const kernels::tile_operands t{a, stride, b.codes(p), 4 * width, b.groups(), start + column};
    [&]<int... V>(std::integer_sequence<int, V...>) {
      static_cast<void>(((width == (V + 1) * packed_matrix<Isa>::lane_count &&
                          (run_panel<Isa, V + 1, Flip>(t, c, first_row, rows, column), true)) ||
                         ...));
    }(std::make_integer_sequence<int, kernels::tiling<Isa>::vectors>{});
  }
}

/// Each thread has copy_bytes of `scratch`.
template <class Isa, bool Flip, source_of_rows<Isa> Rows, class Epilogue, class Executor>
void run(const Rows& left, const packed_matrix<Isa>& b, const context<Epilogue>& c, const std::int32_t* start,
         std::uint8_t* scratch, Executor&& executor) {
  using element = typename kernels::mac_on<Isa>::element;
  const row_blocks cut(left.count(), left.copied_stride(),
                       kernels::tiling<Isa>::tallest(kernels::tiling<Isa>::vectors));
  const index_t workers = static_cast<index_t>(executor.threads()), blocks = cut.blocks;
  const index_t parts = std::min(b.panels(), workers <= blocks ? 1 : (workers + blocks - 1) / blocks);
  const auto task = [&](index_t number, element* copy) {
    const index_t block = number / parts, part = number % parts;
    const index_t from = cut.begin(block), to = cut.begin(block + 1);
    const index_t first = part_begin(b.panels(), parts, part), last = part_begin(b.panels(), parts, part + 1);
    const index_t direct = std::clamp(left.readable(), from, to);
    if (direct > from) {
      run_block<Isa, Flip>(b, c, start, left.row(from), left.stride(), from, direct - from, first, last);
    }
    if (direct < to) {
      left.copy(direct, to - direct, copy);
      run_block<Isa, Flip>(b, c, start, copy, left.copied_stride(), direct, to - direct, first, last);
    }
  };
  const index_t tasks = blocks * parts, shares = std::min(tasks, workers);
  const std::size_t bytes = copy_bytes<Isa>(left);
  executor(shares, [&](index_t share) {
    auto* copy = reinterpret_cast<element*>(scratch + static_cast<std::size_t>(share) * bytes);
    for (index_t i = part_begin(tasks, shares, share); i < part_begin(tasks, shares, share + 1); ++i) task(i, copy);
  });
}

/// What sums begin with: bias - zero * column sum, `zero` that of the codes as the kernels see them.
template <class Isa>
std::vector<std::int32_t> start_sums(const packed_matrix<Isa>& b, std::int32_t zero,
                                     std::span<const std::int32_t> bias) {
  std::vector<std::int32_t> start(static_cast<std::size_t>(b.padded_columns()), 0);
  for (std::size_t n = 0; n < static_cast<std::size_t>(b.columns()); ++n) {
    const std::uint32_t added = bias.empty() ? 0 : static_cast<std::uint32_t>(bias[n]);
    start[n] = static_cast<std::int32_t>(added - static_cast<std::uint32_t>(times(zero, b.sums()[n])));
  }
  return start;
}

/// Whether codes of type T are turned into the other kind for the kernels, and what that adds to them.
template <class Isa, byte_code T>
inline constexpr bool flips =
    sizeof(typename kernels::mac_on<Isa>::element) == 1 && std::is_unsigned_v<T> != kernels::mac_on<Isa>::unsigned_a;
template <class Isa, byte_code T>
inline constexpr std::int32_t flip_offset = !flips<Isa, T> ? 0 : kernels::mac_on<Isa>::unsigned_a ? 128 : -128;

}  // namespace driver

/// a * b with a packed once, M x K codes in any strides, by an epilogue (see epilogue.hpp); `executor` spreads the work
/// over threads. Throws std::invalid_argument where the sizes do not fit.
template <class Isa, byte_code T, class Epilogue, class Executor = serial>
void multiply(const view<const T>& a, const packed_matrix<Isa>& b, const terms& t, const Epilogue& epilogue,
          Executor&& executor = {}) {
  constexpr std::int32_t offset = driver::flip_offset<Isa, T>;
  if (a.sizes.rank != 2 || a.sizes[1] != b.rows()) {
    contract::invalid_argument("a product of ", to_string(a.sizes), " and ", b.rows(), " x ", b.columns());
  }
  const index_t rows = a.sizes[0], depth = b.rows(), columns = b.columns();
  if (t.zero_points.size() > 1 && static_cast<index_t>(t.zero_points.size()) != rows) {
    contract::invalid_argument(t.zero_points.size(), " zero points for ", rows, " rows");
  }
  if (!t.bias.empty() && static_cast<index_t>(t.bias.size()) != columns) {
    contract::invalid_argument("a bias of ", t.bias.size(), " for ", columns, " columns");
  }
  if (rows == 0 || columns == 0) return;

  const bool one = t.zero_points.size() <= 1;
  const std::int32_t zero = !one ? 0 : (t.zero_points.empty() ? 0 : t.zero_points[0]) + offset;
  const std::vector<std::int32_t> start = driver::start_sums(b, zero, t.bias);
  std::vector<std::int32_t> row_zeros, row_weights;
  if (!one) {
    for (std::int32_t z : t.zero_points) row_zeros.push_back(z + offset);
  }
  if (!b.zero_points().empty()) {
    // sum of (a - za) over k
    std::vector<T> line(a.strides[1] == 1 ? 0 : static_cast<std::size_t>(depth));
    for (index_t m = 0; m < rows; ++m) {
      const T* from = a.data + m * a.strides[0];
      for (std::size_t k = 0; k < line.size(); ++k) line[k] = from[static_cast<index_t>(k) * a.strides[1]];
      const std::int32_t sum = kernels::byte_sum<Isa>(line.empty() ? from : line.data(), depth);
      const std::int32_t za = t.zero_points.empty() ? 0 : t.zero_points[one ? 0 : static_cast<std::size_t>(m)];
      row_weights.push_back(sum - driver::times(static_cast<std::int32_t>(depth), za));
    }
  }
  const driver::context<Epilogue> c{&epilogue, columns, b.sums().data(),
                                    b.zero_points().empty() ? nullptr : b.zero_points().data(),
                                    row_zeros.empty() ? nullptr : row_zeros.data(), row_weights.data()};
  const matrix_rows<Isa, T> left(a);
  byte_buffer scratch(driver::copy_bytes<Isa>(left) * static_cast<std::size_t>(executor.threads()));
  driver::run<Isa, driver::flips<Isa, T>>(left, b, c, start.data(), scratch.data(), executor);
}

}  // namespace equant::inline EQUANT_ABI::gemm
