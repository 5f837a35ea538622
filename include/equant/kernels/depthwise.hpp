// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/mac.hpp>
#include <equant/kernels/unrolled.hpp>
#include <equant/kernels/wide_lanes.hpp>

#include <algorithm>
#include <type_traits>

namespace equant::inline EQUANT_ABI::kernels {

/// What a depthwise convolution is made of: `count` neighbouring channels, each with `group` bytes of one column that
/// lie one below the other, and the step by which the channels' sums gain
///
///   sum over j of x[j][c] * w[c][j],   j = 0 .. group - 1
///
/// exactly, modulo 2^32.
///
///   word, column<T, Rows>(p, at, n)   the bytes of Rows rows, row j's at p[j] + at, the other rows anything; the first
///                                     n channels are in memory, n >= count: all
///   pad(x)                            the same where all bytes are x
///   words_at_once, columns<T, Rows>(p, at, to)   so many words at once, of whole neighbouring vectors, where that is
///                                     cheaper than one after the other
///   moved<T>                          what column and pad add to bytes of type T
///   element, load(w)                  how weights are stored, [c][j], and a vector of them
///   parts                             how many elements it takes to hold any difference of two codes as their sum
template <class Isa>
struct depthwise_on : depthwise_on<typename Isa::base> {};

/// One channel and one row: the specification.
template <>
struct depthwise_on<isa::portable> {
  using lanes = kernels::lanes<isa::portable>;
  using element = std::int16_t;
  static constexpr int group = 1;
  static constexpr int parts = 1;
  template <class T>
  static constexpr std::int32_t moved = 0;
  using word = std::int32_t;

  template <class T, int>
  static word column(const T* const* rows, index_t at, index_t) noexcept {
    return rows[0][at];
  }
  template <class T>
  static word pad(T x) noexcept {
    return x;
  }
  static word load(const element* w) noexcept { return *w; }
  static std::int32_t step(std::int32_t sum, word x, word w) noexcept {
    return lanes::add(sum, lanes::mul(x, w));
  }
};

/// How rows are taken together: `outputs` rows of the result come from the same `rows` rows of the image, which fill
/// `groups` words.
template <class Isa, int Kernel, int Stride>
struct depthwise_shape {
  static constexpr int group = depthwise_on<Isa>::group;
  static constexpr int groups = (Kernel + group - 1) / group;
  static constexpr int outputs = (groups * group - Kernel) / Stride + 1;
  static constexpr int rows = (outputs - 1) * Stride + Kernel;
  /// How many vectors of channels are taken together: as many as make words at once, where the words of the columns
  /// leave a third of the registers for sums and epilogue.
  static constexpr std::size_t vectors = [] {
    if constexpr (requires { depthwise_on<Isa>::words_at_once; }) {
      constexpr int words = (Kernel + Stride) * groups * depthwise_on<Isa>::words_at_once;
      if (words <= mac_on<Isa>::registers * 2 / 3) return std::size_t{depthwise_on<Isa>::words_at_once};
    }
    return std::size_t{1};
  }();
};

inline constexpr int most_depthwise_rows = 8;

/// One or more vectors of channels of some rows of the result.
template <class Isa, class T>
struct depthwise_operands {
  const T* rows[most_depthwise_rows];  ///< of the image, at column 0 and the first channel
  index_t step;                        ///< from column to column
  index_t width;                       ///< columns of the image
  index_t first;                       ///< column of the first output's first tap, negative where that is padding
  index_t columns;                     ///< of the result
  index_t outputs;                     ///< how many rows of the result are wanted
  T pad;                               ///< what stands beside the image
  const typename depthwise_on<Isa>::element* weights;  ///< [vector][output][part][tap column][group][channel][j]
  const std::int32_t* start;           ///< per channel, what the sums begin with
  index_t count;                       ///< how many channels are in memory, unless they are whole vectors
};

/// take(output, column, sums) for every pixel: the words of Kernel columns stay in registers and slide. `Whole` where
/// all channels of the Vectors are in memory.
template <class Isa, int Kernel, int Stride, int Parts, std::size_t Vectors, bool Whole, class T, class Take>
[[gnu::always_inline]] inline void depthwise(const depthwise_operands<Isa, T>& given, Take&& take) noexcept {
  using on = depthwise_on<Isa>;
  using lanes = typename on::lanes;
  using shape = depthwise_shape<Isa, Kernel, Stride>;
  static_assert(shape::rows <= most_depthwise_rows && (Vectors == 1 || Whole));
  constexpr std::size_t kernel = Kernel, groups = shape::groups, outputs = shape::outputs;
  constexpr std::size_t words = outputs * Parts * kernel * groups;
  constexpr bool held = Vectors == 1 && words <= 6;  // weights stay in registers
  const depthwise_operands<Isa, T> t = given;  // a copy, which stores of bytes cannot change
  typename lanes::i32 start[Vectors];
  unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
    start[v] = lanes::load(t.start + static_cast<index_t>(v) * lanes::count, lanes::count);
  });
  const auto beside = on::pad(t.pad);
  typename on::word window[kernel + Stride][groups][Vectors], weights[held ? words : 1];
  const auto weight = [&](auto v, auto i) __attribute__((always_inline)) {
    return on::load(t.weights + static_cast<index_t>(v * words + std::size_t{i}) * lanes::count * shape::group);
  };
  if constexpr (held) {
    unrolled<words>([&](auto i) __attribute__((always_inline)) { weights[i] = weight(std::size_t{0}, i); });
  }

  index_t x = t.first, at = t.first * t.step, column = 0;
  const auto fetch = [&](auto k, auto whole) __attribute__((always_inline)) {
    const bool inside = whole || static_cast<std::size_t>(x) < static_cast<std::size_t>(t.width);
    unrolled<groups>([&](auto g) __attribute__((always_inline)) {
      constexpr int from = static_cast<int>(g) * shape::group;
      constexpr int rows = std::min(shape::group, shape::rows - from);
      auto& to = window[k][g];
      if (!inside) {
        unrolled<Vectors>([&](auto v) __attribute__((always_inline)) { to[v] = beside; });
      } else if constexpr (Vectors > 1) {
        on::template columns<T, rows>(t.rows + from, at, to);
      } else {
        to[0] = on::template column<T, rows>(t.rows + from, at, Whole ? lanes::count : t.count);
      }
    });
    ++x;
    at += t.step;
  };
  const auto turn = [&](auto whole) __attribute__((always_inline)) {
    // The next column's words are on their way while this one's are multiplied.
    unrolled<Stride>([&](auto k) __attribute__((always_inline)) {
      fetch(std::integral_constant<std::size_t, k + Kernel>{}, whole);
    });
    unrolled<outputs>([&](auto r) __attribute__((always_inline)) {
      if (static_cast<index_t>(r) >= t.outputs) return;
      typename lanes::i32 sums[Vectors];
      unrolled<Vectors>([&](auto v) __attribute__((always_inline)) {
        sums[v] = start[v];
        unrolled<Parts * kernel * groups>([&](auto i) __attribute__((always_inline)) {
          constexpr std::size_t place = r * Parts * kernel * groups + i, tap = i % (kernel * groups);
          const auto word = window[tap / groups][tap % groups][v];
          if constexpr (held) {
            sums[v] = on::step(sums[v], word, weights[place]);
          } else {
            sums[v] = on::step(sums[v], word, weight(v, std::integral_constant<std::size_t, place>{}));
          }
        });
      });
      take(static_cast<index_t>(r), column, side_by_side<lanes, Vectors>(sums));
    });
    unrolled<kernel>([&](auto k) __attribute__((always_inline)) {
      unrolled<groups>([&](auto g) __attribute__((always_inline)) {
        unrolled<Vectors>([&](auto v) __attribute__((always_inline)) { window[k][g][v] = window[k + Stride][g][v]; });
      });
    });
    ++column;
  };

  unrolled<kernel>([&](auto k) __attribute__((always_inline)) { fetch(k, std::false_type{}); });
  while (column < t.columns) {
    const index_t inside = x < 0 || x >= t.width ? 0 : (t.width - x) / Stride;
    const index_t last = std::min(t.columns, column + inside);
    while (column < last) turn(std::true_type{});
    if (column < t.columns) turn(std::false_type{});
  }
}

}  // namespace equant::inline EQUANT_ABI::kernels

#if EQUANT_HAS_AVX2
#include <equant/kernels/avx2/depthwise.hpp>
#endif
#if EQUANT_HAS_AVXVNNI
#include <equant/kernels/avxvnni/depthwise.hpp>
#endif
#if EQUANT_HAS_AVX512VNNI
#include <equant/kernels/avx512vnni/depthwise.hpp>
#endif
#if EQUANT_HAS_NEON
#include <equant/kernels/neon/depthwise.hpp>
#endif
