// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/order.hpp>

#include <array>

/// How values of a network lie in memory: images N x C x H x W with the channel fastest, all others row-major.
namespace equant::inline EQUANT_ABI::nn {

inline shape memory_strides(const shape& s) {
  if (s.rank == 4) return {s[1] * s[2] * s[3], 1, s[3] * s[1], s[1]};
  return row_major_strides(s);
}

/// The strides of a value of sizes `own` that is stretched, as numpy broadcasts, to `rank` axes or more: 0 where it has
/// one entry for all.
inline shape stretched_strides(const shape& own, int rank) {
  const shape lying = memory_strides(own);
  shape s = shape::filled(rank, 0);
  for (int i = 0; i < own.rank; ++i) s[i + rank - own.rank] = own[i] == 1 ? 0 : lying[i];
  return s;
}

/// Calls f(offsets, steps, n) on lines that together visit every place of `sizes` once: `offsets[i]` is where a line
/// begins in operand i, whose strides are strides[i], and steps[i] leads to its next element. Lines run along the axis
/// on which operand 0 is densest.
template <std::size_t Operands, class F>
void for_each_line(const shape& sizes, const std::array<shape, Operands>& strides, F&& f) {
  std::array<int, max_rank> axes{};
  int rank = 0;
  for (int a = 0; a < sizes.rank; ++a) {
    if (sizes[a] == 0) return;
    if (sizes[a] == 1) continue;
    int at = rank++;
    for (; at > 0 && strides[0][axes[static_cast<std::size_t>(at - 1)]] < strides[0][a]; --at) {
      axes[static_cast<std::size_t>(at)] = axes[static_cast<std::size_t>(at - 1)];
    }
    axes[static_cast<std::size_t>(at)] = a;
  }
  std::array<index_t, Operands> offsets{}, steps{};
  if (rank == 0) return f(offsets, steps, index_t{1});
  const int inner = axes[static_cast<std::size_t>(rank - 1)];
  for (std::size_t o = 0; o < Operands; ++o) steps[o] = strides[o][inner];
  std::array<index_t, max_rank> at{};
  for (;;) {
    f(offsets, steps, sizes[inner]);
    int level = rank - 2;
    for (; level >= 0; --level) {
      const int axis = axes[static_cast<std::size_t>(level)];
      index_t& i = at[static_cast<std::size_t>(level)];
      if (++i < sizes[axis]) {
        for (std::size_t o = 0; o < Operands; ++o) offsets[o] += strides[o][axis];
        break;
      }
      for (std::size_t o = 0; o < Operands; ++o) offsets[o] -= (sizes[axis] - 1) * strides[o][axis];
      i = 0;
    }
    if (level < 0) return;
  }
}

/// y[i] = x[i] for every place of `sizes`.
template <class T>
void copy_strided(const shape& sizes, const T* x, const shape& x_strides, T* y, const shape& y_strides) {
  for_each_line<2>(sizes, {y_strides, x_strides}, [&](const auto& at, const auto& step, index_t n) {
    T* to = y + at[0];
    const T* from = x + at[1];
    if (step[0] == 1 && step[1] == 1) {
      std::copy(from, from + n, to);
    } else {
      for (index_t i = 0; i < n; ++i) to[i * step[0]] = from[i * step[1]];
    }
  });
}

}  // namespace equant::inline EQUANT_ABI::nn
