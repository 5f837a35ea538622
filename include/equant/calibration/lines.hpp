// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/eigen.hpp>
#include <equant/core/traversal.hpp>
#include <equant/kernels/convert.hpp>

namespace equant::inline EQUANT_ABI {

/// The type a source is computed in: double stays double, everything else is float.
template <class T>
using working = std::conditional_t<std::same_as<std::remove_const_t<T>, double>, double, float>;

/// How many values are gathered at a time where memory cannot be used in place; a multiple of 8.
inline constexpr index_t line_chunk = 1024;

namespace lines {

template <class T>
struct words_of;
template <>
struct words_of<fp16> {
  using type = kernels::half_words;
};
template <>
struct words_of<bf16> {
  using type = kernels::bfloat_words;
};

template <class T>
inline constexpr bool sixteen_bits = std::same_as<T, fp16> || std::same_as<T, bf16>;

/// Whether a line of T is computed where it lies.
template <class T>
constexpr bool in_place(index_t step) {
  return std::same_as<T, working<T>> && step == 1;
}

}  // namespace lines

/// Reads strided elements of type T as contiguous values of type W: in place where they are that already, else in
/// chunks. f(const W*, count, offset from the line's start) is called in order.
template <class W, class T, class F>
void read_line_as(const T* x, index_t step, index_t count, F&& f) {
  if constexpr (std::same_as<T, W>) {
    if (step == 1) return f(x, count, index_t{0});
  }
  W values[line_chunk];
  for (index_t done = 0; done < count; done += line_chunk) {
    const index_t n = std::min(line_chunk, count - done);
    const T* from = x + done * step;
    if constexpr (lines::sixteen_bits<T>) {
      std::uint16_t words[line_chunk];
      for (index_t i = 0; i < n; ++i) words[i] = Eigen::numext::bit_cast<std::uint16_t>(from[i * step]);
      using kind = typename lines::words_of<T>::type;
      if constexpr (std::same_as<W, float>) {
        kernels::widen(kind{}, static_cast<const std::uint16_t*>(words), n, values);
      } else {
        for (index_t i = 0; i < n; ++i) values[i] = kind::widen(words[i]);
      }
    } else {
      for (index_t i = 0; i < n; ++i) values[i] = from[i * step];
    }
    f(static_cast<const W*>(values), n, done);
  }
}

template <class T, class F>
void read_line(const T* x, index_t step, index_t count, F&& f) {
  read_line_as<working<T>>(x, step, count, f);
}

/// Writes strided elements of type T from contiguous working values: f(working<T>*, count, offset) fills them, in place
/// where memory allows, else in chunks.
template <class T, class F>
void write_line(T* y, index_t step, index_t count, F&& f) {
  if constexpr (std::same_as<T, working<T>>) {
    if (step == 1) return f(y, count, index_t{0});
  }
  working<T> values[line_chunk];
  for (index_t done = 0; done < count; done += line_chunk) {
    const index_t n = std::min(line_chunk, count - done);
    T* to = y + done * step;
    f(static_cast<working<T>*>(values), n, done);
    if constexpr (lines::sixteen_bits<T>) {
      std::uint16_t words[line_chunk];
      kernels::narrow(typename lines::words_of<T>::type{}, static_cast<const float*>(values), n, words);
      for (index_t i = 0; i < n; ++i) to[i * step] = Eigen::numext::bit_cast<T>(words[i]);
    } else {
      for (index_t i = 0; i < n; ++i) to[i * step] = values[i];
    }
  }
}

}  // namespace equant::inline EQUANT_ABI
