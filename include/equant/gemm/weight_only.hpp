// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/gemm/activations.hpp>
#include <equant/core/executor.hpp>
#include <equant/storage/buffer.hpp>

#include <array>
#include <span>

/// Products of float activations and packed weights of 2, 4 or 8 bits:
///
///   y[m][n] = sum over k of x[m][k] * w[k][n]   (+ bias[n])
///
/// The order of the sums is fixed (see kernels::weight_tile and weight_tile_float; the bias is added last), so that the
/// result depends neither on the instruction set nor on the number of threads nor on the other rows.
namespace equant::inline EQUANT_ABI::gemm {

namespace weight_driver {

/// Where results go.
struct target {
  view<float> y;
  std::span<const float> bias;
};

/// One tile, its results stored.
template <class Isa, class Activations, int Bits, bool Zeros, int Rows, int Vectors>
void run_tile(const kernels::weight_operands& t, const target& to, index_t row, index_t column) noexcept {
  using W = kernels::weight_lanes<Isa>;
  Activations::template tile<Isa, Bits, Zeros, Rows, Vectors>(
      t, [&](int r, int c, typename W::f32 sums) __attribute__((always_inline)) {
        const index_t n = column + c;
        const int count = static_cast<int>(std::min<index_t>(W::count, to.y.sizes[1] - n));
        if (count <= 0) return;
        if (!to.bias.empty()) sums = W::add(sums, W::load(to.bias.data() + n, count));
        float* y = to.y.data + (row + r) * to.y.strides[0] + n * to.y.strides[1];
        if (to.y.strides[1] == 1) return W::store(y, sums, count);
        float line[W::count];
        W::store(line, sums, W::count);
        for (int i = 0; i < count; ++i) y[i * to.y.strides[1]] = line[i];
      });
}

using tile_function = void (*)(const kernels::weight_operands&, const target&, index_t, index_t) noexcept;

/// The tiles of `Vectors` vectors, by their number of rows less one.
template <class Isa, class Activations, int Bits, bool Zeros, int Vectors>
inline constexpr auto tiles = []<int... R>(std::integer_sequence<int, R...>) {
  return std::array<tile_function, sizeof...(R)>{run_tile<Isa, Activations, Bits, Zeros, R + 1, Vectors>...};
}(std::make_integer_sequence<int, Activations::template rows<kernels::weight_lanes<Isa>>>{});

/// Calls f with the tiles for weights of that kind.
template <class Isa, class Activations, class F>
void with_tiles(const packed_weights& w, F&& f) {
  const auto of_bits = [&](auto bits) {
    constexpr int v = Activations::template vectors<kernels::weight_lanes<Isa>>;
    if (w.has_zero_points()) {
      f(std::span<const tile_function>(tiles<Isa, Activations, bits(), true, v>));
    } else {
      f(std::span<const tile_function>(tiles<Isa, Activations, bits(), false, v>));
    }
  };
  if (w.bits() == 2) return of_bits(std::integral_constant<int, 2>{});
  if (w.bits() == 4) return of_bits(std::integral_constant<int, 4>{});
  of_bits(std::integral_constant<int, 8>{});
}

/// Rows as tiles see them, each with its activations: one tile of at most `most` rows, or as few of `shared` as there
/// can be, evenly high.
template <class Isa, class Activations>
class row_tiles {
 public:
  row_tiles(const packed_weights& w, index_t rows, index_t most, index_t shared)
      : rows_(rows),
        count_(rows <= most ? 1 : (rows + shared - 1) / shared),
        group_bytes_(Activations::row_bytes(w)),
        bytes_(static_cast<std::size_t>(rows * w.groups() * group_bytes_)) {}

  index_t count() const { return count_; }
  index_t first(index_t i) const { return rows_ * i / count_; }
  index_t height(index_t i) const { return first(i + 1) - first(i); }
  std::uint8_t* data(const packed_weights& w, index_t i) {
    return bytes_.data() + first(i) * w.groups() * group_bytes_;
  }

  /// Lays out tile i of the rows of x from `from` on.
  void lay(const packed_weights& w, const view<const float>& x, index_t from, index_t i) {
    const index_t rows = height(i);
    std::vector<float> line(x.strides[1] == 1 ? 0 : static_cast<std::size_t>(w.group()));
    std::vector<std::int8_t> codes;
    std::uint8_t* to = data(w, i);
    for (index_t g = 0; g < w.groups(); ++g, to += rows * group_bytes_) {
      const index_t k = g * w.group(), count = std::min(w.group(), w.rows() - k);
      for (index_t r = 0; r < rows; ++r) {
        const float* run = x.data + (from + first(i) + r) * x.strides[0] + k * x.strides[1];
        for (std::size_t j = 0; j < line.size() && static_cast<index_t>(j) < count; ++j) {
          line[j] = run[static_cast<index_t>(j) * x.strides[1]];
        }
        Activations::template lay<Isa>(w, line.empty() ? run : line.data(), count, r, rows, to, codes);
      }
    }
  }

 private:
  index_t rows_, count_, group_bytes_;
  byte_buffer bytes_;
};

}  // namespace weight_driver

/// y = x * w (+ bias), M x K times K x N, with activations as the policy says: `float_activations` or
/// `int8_activations`. `bias` is empty or holds N; `executor` spreads the work over threads. Throws
/// std::invalid_argument where sizes do not fit. y may not overlap x.
template <class Isa = isa::native, class Activations, class Executor = serial>
void multiply(Activations, const view<const float>& x, const packed_weights& w, const view<float>& y,
              std::span<const float> bias = {}, Executor&& executor = {}) {
  using W = kernels::weight_lanes<Isa>;
  using layout = kernels::weight_layout;
  if (x.sizes.rank != 2 || x.sizes[1] != w.rows() || y.sizes != shape{x.sizes[0], w.columns()}) {
    contract::invalid_argument("a product of ", to_string(x.sizes), " and weights of ", w.rows(), " x ", w.columns(),
                               " into ", to_string(y.sizes));
  }
  if (!bias.empty() && static_cast<index_t>(bias.size()) != w.columns()) {
    contract::invalid_argument("a bias of ", bias.size(), " for ", w.columns(), " columns");
  }
  constexpr index_t cache = 1 << 19;  // bytes of activations that stay near while the weights go by
  constexpr index_t most = Activations::template rows<W>, shared = Activations::template shared_rows<W>;
  constexpr index_t width = Activations::template vectors<W> * W::count;
  const weight_driver::target to{y, bias};
  const index_t row_bytes = w.groups() * Activations::row_bytes(w);
  const index_t block = std::max<index_t>(1, cache / row_bytes / shared) * shared;
  for (index_t from = 0; from < x.sizes[0]; from += block) {
    weight_driver::row_tiles<Isa, Activations> rows(w, std::min(block, x.sizes[0] - from), most, shared);
    executor(rows.count(), [&](index_t i) { rows.lay(w, x, from, i); });
    const index_t parts = std::min<index_t>(w.panels(), executor.threads());
    weight_driver::with_tiles<Isa, Activations>(w, [&](std::span<const weight_driver::tile_function> functions) {
      executor(parts, [&](index_t part) {
        alignas(64) float sums[static_cast<std::size_t>(most * width)];
        for (index_t p = w.panels() * part / parts; p < w.panels() * (part + 1) / parts; ++p) {
          for (index_t i = 0; i < rows.count(); ++i) {
            // All tiles but the first have this panel near: they fetch the next one, a share each.
            const bool fetches = i > 0 && p + 1 < w.panels();
            const index_t share = fetches ? w.layout().group_bytes() / (rows.count() - 1) : 0;
            const std::uint8_t* ahead = w.data(p + fetches) + std::max<index_t>(0, i - 1) * w.groups() * share;
            for (index_t c = 0; c < layout::panel; c += width) {
              const kernels::weight_operands t{rows.data(w, i), w.data(p), w.layout(), w.groups(), static_cast<int>(c),
                                               sums, ahead, c == 0 ? share : 0};
              functions[static_cast<std::size_t>(rows.height(i) - 1)](t, to, from + rows.first(i), p * layout::panel);
            }
          }
        }
      });
    });
  }
}

}  // namespace equant::inline EQUANT_ABI::gemm
