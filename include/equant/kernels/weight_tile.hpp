// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/tile.hpp>
#include <equant/kernels/unrolled.hpp>
#include <equant/kernels/weight_lanes.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// The operands of a tile of a weight-only product. Activations of the tile's rows lie interleaved, group by group:
///
///   codes    [steps][rows][depth] int8, [rows] float scales, [rows] int32: minus the sum of the row's codes, times the
///            middle code where the weights have no zero points
///   floats   [steps][rows][depth]
struct weight_operands {
  const void* activations;
  const std::uint8_t* weights;  ///< a panel
  weight_layout layout;
  index_t groups;
  int first;                    ///< the tile's first column in the panel
  float* sums;                  ///< room for the results of a tile where registers have none
  const std::uint8_t* ahead;    ///< what is wanted next, asked for meanwhile: `ahead_step` bytes per group
  index_t ahead_step;
};

/// A tile with activations in codes, handed to finish(row, column, y):
///
///   y = 0; for every group g: y = fma(float(sum), sx * sw, y)
///
/// sum = sum over k in g of code_x[k] * (code_w[k] - zero[g]), an exact int32 for groups of at most 65536: 255 * 127 *
/// 65536 < 2^31; sx and sw are the two scales of g, their product rounded to float.
///
/// Registers hold the sums of a group. Where they have no room for y as well, it waits in memory meanwhile, so that a
/// tile can be twice as high and the codes are taken apart half as often.
template <class Isa, int Bits, bool Zeros, std::size_t Rows, std::size_t Vectors, class Finish>
void weight_tile(const weight_operands& t, Finish&& finish) noexcept {
  using W = weight_lanes<Isa>;
  constexpr int depth = weight_layout::depth(Bits);
  constexpr index_t panel = weight_layout::panel;
  constexpr bool held = 2 * Rows * Vectors + 8 <= std::size_t{mac_on<Isa>::registers};
  typename W::f32 y[held ? Rows : 1][held ? Vectors : 1];
  const auto put = [&](auto r, auto v, typename W::f32 x) __attribute__((always_inline)) {
    if constexpr (held) y[r][v] = x;
    else W::store(t.sums + (r * Vectors + v) * std::size_t{W::count}, x, W::count);
  };
  const auto get = [&](auto r, auto v) __attribute__((always_inline)) {
    if constexpr (held) return y[r][v];
    else return W::load(static_cast<const float*>(t.sums) + (r * Vectors + v) * std::size_t{W::count}, W::count);
  };
  unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
    unrolled<Vectors>([&](auto v) __attribute__((always_inline)) { put(r, v, W::splat(0.0f)); });
  });
  const char* a = static_cast<const char*>(t.activations);
  const std::uint8_t* codes = t.weights + 4 * t.first;
  const std::uint8_t* scales = t.weights + t.layout.scales_at() + 2 * t.first;
  const index_t group_bytes = t.layout.group_bytes();
  for (index_t g = 0; g < t.groups; ++g) {
    for (index_t i = 0; i < t.ahead_step; i += 64) __builtin_prefetch(t.ahead + g * t.ahead_step + i, 0, 2);
    const char* ends = a + t.layout.steps * (depth * static_cast<index_t>(Rows));
    typename W::i32 sum[Rows][Vectors];
    unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
      std::int32_t start;
      std::memcpy(&start, ends + 4 * (Rows + r), sizeof start);
      unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
        sum[r][v] = W::splat(start);
        if constexpr (Zeros) {
          const std::uint8_t* zeros = scales + 2 * panel - t.first;
          sum[r][v] = W::mul(sum[r][v], W::bytes(zeros + W::count * v));
        }
      });
    });
    const std::uint8_t* w = codes;
    do {
      typename W::word words[Vectors];
      unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
        words[v] = W::load(w + 4 * W::count * v);
      });
      unrolled<8 / Bits>([&](auto p) __attribute__((always_inline)) {
        typename W::word planes[Vectors];
        unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
          planes[v] = W::template plane<Bits, static_cast<int>(p)>(words[v]);
        });
        unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
          const auto row = W::spread(a + depth * r + 4 * p);
          unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
            sum[r][v] = W::template step<Bits>(sum[r][v], planes[v], row);
          });
        });
      });
      a += depth * Rows;
      w += weight_layout::step_bytes;
    } while (a < ends);
    typename W::f32 sw[Vectors];
    unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
      sw[v] = W::halves(scales + 2 * W::count * v);
    });
    unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
      float sx;
      std::memcpy(&sx, ends + 4 * r, sizeof sx);
      unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
        put(r, v, W::fma(W::to_float(sum[r][v]), W::mul(W::splat(sx), sw[v]), get(r, v)));
      });
    });
    a = ends + 8 * Rows;
    codes += group_bytes;
    scales += group_bytes;
  }
  unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
    unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
      finish(static_cast<int>(r), t.first + static_cast<int>(v) * W::count, get(r, v));
    });
  });
}

/// A tile with activations in float:
///
///   y = 0; for every group g: y = fma((p[0] + p[1]) + (p[2] + p[3]), sw, y)
///
/// where p[j] starts at 0 and takes the k of g with k mod 4 = j, counted from the group's first, in order:
/// p[j] = fma(x[k], float(code_w[k] - zero[g]), p[j]).
template <class Isa, int Bits, bool Zeros, std::size_t Rows, std::size_t Vectors, class Finish>
void weight_tile_float(const weight_operands& t, Finish&& finish) noexcept {
  using W = weight_lanes<Isa>;
  constexpr int depth = weight_layout::depth(Bits);
  constexpr index_t panel = weight_layout::panel;
  typename W::f32 y[Rows][Vectors];
  unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
    unrolled<Vectors>([&](auto v) __attribute__((always_inline)) { y[r][v] = W::splat(0.0f); });
  });
  const float* a = static_cast<const float*>(t.activations);
  const std::uint8_t* codes = t.weights + 4 * t.first;
  const std::uint8_t* scales = t.weights + t.layout.scales_at() + 2 * t.first;
  const index_t group_bytes = t.layout.group_bytes();
  for (index_t g = 0; g < t.groups; ++g) {
    typename W::f32 zero[Vectors], part[Rows][Vectors][4];
    unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
      zero[v] = W::splat(static_cast<float>(1 << (Bits - 1)));
      if constexpr (Zeros) {
        const std::uint8_t* zeros = scales + 2 * panel - t.first;
        zero[v] = W::to_float(W::bytes(zeros + W::count * v));
      }
      unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
        unrolled<4>([&](auto j) __attribute__((always_inline)) { part[r][v][j] = W::splat(0.0f); });
      });
    });
    const std::uint8_t* w = codes;
    for (index_t s = 0; s < t.layout.steps; ++s, a += depth * Rows, w += weight_layout::step_bytes) {
      unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
        const auto word = W::load(w + 4 * W::count * v);
        unrolled<depth>([&](auto k) __attribute__((always_inline)) {
          const auto weight = W::sub(W::template code<Bits, static_cast<int>(k)>(word), zero[v]);
          unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
            part[r][v][k % 4] = W::fma(W::splat(a[depth * r + k]), weight, part[r][v][k % 4]);
          });
        });
      });
    }
    unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
      const auto sw = W::halves(scales + 2 * W::count * v);
      unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
        const auto& p = part[r][v];
        y[r][v] = W::fma(W::add(W::add(p[0], p[1]), W::add(p[2], p[3])), sw, y[r][v]);
      });
    });
    codes += group_bytes;
    scales += group_bytes;
  }
  unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
    unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
      finish(static_cast<int>(r), t.first + static_cast<int>(v) * W::count, y[r][v]);
    });
  });
}

}  // namespace equant::inline EQUANT_ABI::kernels
