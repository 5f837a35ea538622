// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/aligned.hpp>
#include <equant/core/random.hpp>
#include <equant/kernels/nearest.hpp>

#include <span>
#include <vector>

namespace equant::inline EQUANT_ABI::product {

inline constexpr std::int32_t most = 8191;  // of a coordinate, in steps

/// Points of up to 8 coordinates, in whole steps, and the search for the nearest of them.
class book {
 public:
  book(index_t dim, index_t size)
      : dim_(dim),
        size_(size),
        padded_((size + kernels::nearest_lanes - 1) / kernels::nearest_lanes * kernels::nearest_lanes),
        values_(static_cast<std::size_t>(pairs() * padded_ * 2)),
        squares_(static_cast<std::size_t>(padded_), kernels::nearest_never) {}

  index_t dim() const { return dim_; }
  index_t size() const { return size_; }
  index_t pairs() const { return (dim_ + 1) / 2; }

  std::int16_t at(index_t k, index_t d) const { return values_[place(k, d)]; }

  void set(index_t k, const std::int16_t* point) {
    std::int32_t square = 0;
    for (index_t d = 0; d < dim_; ++d) {
      values_[place(k, d)] = point[d];
      square += point[d] * point[d];
    }
    squares_[static_cast<std::size_t>(k)] = square;
  }

  /// x has 2 pairs() coordinates.
  index_t nearest(const std::int16_t* x) const {
    return kernels::nearest(x, {values_.data(), squares_.data(), padded_, pairs()});
  }

  bool operator==(const book& other) const {
    return dim_ == other.dim_ && size_ == other.size_ && values_ == other.values_;
  }

 private:
  std::size_t place(index_t k, index_t d) const {
    return static_cast<std::size_t>(2 * (d / 2 * padded_ + k) + d % 2);
  }

  index_t dim_, size_, padded_;
  aligned_vector<std::int16_t> values_;
  aligned_vector<std::int32_t> squares_;
};

/// |x - c_k|^2.
inline std::int64_t distance(const book& b, const std::int16_t* x, index_t k) {
  std::int64_t sum = 0;
  for (index_t d = 0; d < b.dim(); ++d) {
    const std::int64_t e = x[d] - b.at(k, d);
    sum += e * e;
  }
  return sum;
}

/// k-means (Lloyd, 1957), begun by k-means++ (Arthur and Vassilvitskii, 2007): every next point is a sample drawn with
/// a probability in proportion to its squared distance to those before. In whole numbers, so that the order of sums
/// does not matter. A point that no sample is nearest to moves to the sample farthest from its own. `samples` holds
/// vectors of 2 pairs coordinates.
inline book k_means(std::span<const std::int16_t> samples, index_t dim, index_t size, std::uint64_t seed, int passes) {
  book b(dim, size);
  const index_t width = 2 * b.pairs(), count = static_cast<index_t>(samples.size()) / width;
  const auto sample = [&](index_t i) { return samples.data() + i * width; };
  splitmix64 random(seed);
  std::vector<std::int64_t> far(static_cast<std::size_t>(count), 1);
  for (index_t k = 0; k < size; ++k) {
    std::int64_t sum = 0;
    for (const std::int64_t d : far) sum += d;
    if (sum == 0) {  // fewer different samples than points
      b.set(k, sample(0));
      continue;
    }
    auto left = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(sum));
    index_t drawn = 0;
    for (; left >= far[static_cast<std::size_t>(drawn)]; ++drawn) left -= far[static_cast<std::size_t>(drawn)];
    b.set(k, sample(drawn));
    for (index_t i = 0; i < count; ++i) {
      std::int64_t& d = far[static_cast<std::size_t>(i)];
      d = k == 0 ? distance(b, sample(i), k) : std::min(d, distance(b, sample(i), k));
    }
  }
  for (int pass = 0; pass < passes; ++pass) {
    std::vector<std::int64_t> sums(static_cast<std::size_t>(size * dim)), used(static_cast<std::size_t>(size));
    for (index_t i = 0; i < count; ++i) {
      const index_t k = b.nearest(sample(i));
      far[static_cast<std::size_t>(i)] = distance(b, sample(i), k);
      ++used[static_cast<std::size_t>(k)];
      for (index_t d = 0; d < dim; ++d) sums[static_cast<std::size_t>(k * dim + d)] += sample(i)[d];
    }
    const book before = b;
    for (index_t k = 0; k < size; ++k) {
      std::int16_t point[8];
      const std::int64_t n = used[static_cast<std::size_t>(k)];
      if (n == 0) {
        const auto farthest = std::max_element(far.begin(), far.end());
        if (*farthest > 0) b.set(k, sample(farthest - far.begin()));
        *farthest = 0;
        continue;
      }
      for (index_t d = 0; d < dim; ++d) {
        const std::int64_t twice = 2 * sums[static_cast<std::size_t>(k * dim + d)] + n;  // the mean, halves upward
        const std::int64_t low = twice / (2 * n);
        point[d] = static_cast<std::int16_t>(low - (twice % (2 * n) < 0));
      }
      b.set(k, point);
    }
    if (b == before) break;
  }
  return b;
}

}  // namespace equant::inline EQUANT_ABI::product
