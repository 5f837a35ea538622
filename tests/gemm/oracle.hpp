// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "builders.hpp"

#include <equant/core/view.hpp>

#include <memory>
#include <span>

/// Integer products written a second time: three loops in 64 bits, and memory that ends where the operands end.
namespace oracle {

using namespace equant;
using wide = std::int64_t;

/// Codes of a matrix in some layout, with the memory that holds them and nothing behind.
template <class T>
class matrix {
 public:
  enum class layout { rows, columns, spaced };

  matrix(index_t rows, index_t cols, layout how, std::uint64_t seed, bool extremes = false)
      : sizes_{rows, cols}, strides_(strides(rows, cols, how)) {
    builders::random_numbers random(seed);
    const index_t last = (rows - 1) * strides_[0] + (cols - 1) * strides_[1];
    std::vector<T> codes(static_cast<std::size_t>(last + 1));
    for (T& c : codes) {
      c = static_cast<T>(random.bits() >> 13);
      if (extremes) c = random.below(2) == 0 ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
    }
    memory_ = std::make_unique<builders::exact_copy<T>>(codes.data(), last + 1, static_cast<index_t>(seed % 3));
  }

  view<const T> get() const { return {memory_->data(), sizes_, strides_}; }
  wide at(index_t i, index_t j) const { return memory_->data()[i * strides_[0] + j * strides_[1]]; }

 private:
  static shape strides(index_t rows, index_t cols, layout how) {
    if (how == layout::rows) return {cols, 1};
    if (how == layout::columns) return {1, rows};
    return {2 * cols + 3, 2};
  }

  shape sizes_, strides_;
  std::unique_ptr<builders::exact_copy<T>> memory_;
};

inline wide pick(std::span<const std::int32_t> from, index_t i) {
  return from.empty() ? 0 : from[from.size() == 1 ? 0 : static_cast<std::size_t>(i)];
}

/// sum[m][n], row-major, as the product's definition has it.
template <class A, class B>
std::vector<std::int32_t> product(const matrix<A>& a, std::span<const std::int32_t> za, const matrix<B>& b,
                                  std::span<const std::int32_t> zb, std::span<const std::int32_t> bias) {
  std::vector<std::int32_t> sums;
  const index_t depth = b.get().sizes[0];
  for (index_t m = 0; m < a.get().sizes[0]; ++m) {
    for (index_t n = 0; n < b.get().sizes[1]; ++n) {
      wide sum = bias.empty() ? 0 : bias[static_cast<std::size_t>(n)];
      for (index_t k = 0; k < depth; ++k) sum += (a.at(m, k) - pick(za, m)) * (b.at(k, n) - pick(zb, n));
      sums.push_back(static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint64_t>(sum))));
    }
  }
  return sums;
}

}  // namespace oracle
