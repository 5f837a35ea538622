// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/formats/formats.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

/// Operands for tests and benchmarks: the same numbers on every machine, in memory that ends where they end.
namespace builders {

using equant::index_t;

/// A small generator (splitmix64; Steele, Lea and Flood, 2014).
class random_numbers {
 public:
  explicit random_numbers(std::uint64_t seed = 1) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// In [0, count).
  int below(int count) { return static_cast<int>(bits() % static_cast<std::uint64_t>(count)); }
  /// In [low, high).
  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
  }

 private:
  std::uint64_t state_;
};

template <class T>
std::vector<T> uniform(index_t n, double low, double high, std::uint64_t seed = 1) {
  random_numbers random(seed);
  std::vector<T> x(static_cast<std::size_t>(n));
  for (T& v : x) v = static_cast<T>(random.uniform(low, high));
  return x;
}

/// The number `steps` representable numbers further up, or down where negative.
template <class T>
T neighbour(T x, int steps) {
  const T end = steps < 0 ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
  for (int i = 0; i < (steps < 0 ? -steps : steps); ++i) x = std::nextafter(x, end);
  return x;
}

/// Zeros, the ends of every kind of number, infinities and NaN, with both signs.
template <class T>
const std::vector<T>& special_values() {
  using limits = std::numeric_limits<T>;
  static const std::vector<T> values = [] {
    std::vector<T> v;
    for (T x : {T(0), limits::denorm_min(), neighbour(limits::min(), -1), limits::min(), limits::epsilon(),
                T(0.5), neighbour(T(0.5), -1), T(1), T(8388607.5), T(2147483648.0), T(9.3e18),
                limits::max(), limits::infinity(), limits::quiet_NaN()}) {
      v.push_back(x);
      v.push_back(-x);
    }
    return v;
  }();
  return values;
}

/// An integer format as values, which is how the kernels know it.
struct integer_grid {
  std::string name;
  int bits;
  equant::code_range range;
  std::int32_t sign;
};

template <class... Format>
std::vector<integer_grid> grids_of(equant::formats::list<Format...>) {
  return {integer_grid{std::to_string(Format::bits) + " bits, " + std::to_string(Format::range.lowest) +
                           " to " + std::to_string(Format::range.highest),
                       Format::bits, Format::range, equant::sign_bit<Format>}...};
}

/// Every integer format of the library; some widths of each kind where an emulator runs the tests.
inline const std::vector<integer_grid>& integer_grids() {
  static const std::vector<integer_grid> grids = [] {
    auto all = grids_of(equant::formats::integers{});
#ifdef EQUANT_TEST_EMULATED
    std::erase_if(all, [](const integer_grid& g) { return g.bits != 3 && g.bits != 4 && g.bits != 8 && g.bits != 16; });
#endif
    return all;
  }();
  return grids;
}

/// Elements [0, n) of an array, `offset` elements off its allocation's start and ending with it: a sanitizer sees
/// the first read beyond.
template <class T>
class exact_copy {
 public:
  exact_copy(const T* x, index_t n, index_t offset = 0)
      : memory_(new T[static_cast<std::size_t>(offset + n)]), start_(memory_.get() + offset) {
    if (n > 0) std::memcpy(start_, x, static_cast<std::size_t>(n) * sizeof(T));
  }
  const T* data() const { return start_; }

 private:
  std::unique_ptr<T[]> memory_;
  T* start_;
};

/// Room for n results between canaries, `offset` elements off an aligned start.
template <class T>
class guarded {
 public:
  explicit guarded(index_t n, index_t offset = 0)
      : before_(static_cast<std::size_t>(offset) * sizeof(T) + margin),
        after_(before_ + static_cast<std::size_t>(n) * sizeof(T)),
        bytes_(after_ + margin, canary) {}

  T* data() { return reinterpret_cast<T*>(bytes_.data() + before_); }

  /// Whether nothing but the n results was written.
  bool intact() const {
    static const std::vector<unsigned char> untouched(margin + 64, canary);
    return std::memcmp(bytes_.data(), untouched.data(), before_) == 0 &&
           std::memcmp(bytes_.data() + after_, untouched.data(), margin) == 0;
  }

 private:
  static constexpr std::size_t margin = 64;
  static constexpr unsigned char canary = 0xa5;

  std::size_t before_, after_;
  std::vector<unsigned char> bytes_;
};

/// Whether two arrays hold the same bits, so that -0 differs from +0 and NaN equals NaN.
template <class T>
bool same_bits(const T* a, const T* b, index_t n) {
  return n == 0 || std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof(T)) == 0;
}

/// The first place where two arrays differ in a bit, n where they don't.
template <class T>
index_t first_difference(const T* a, const T* b, index_t n) {
  if (same_bits(a, b, n)) return n;
  index_t i = 0;
  while (same_bits(a + i, b + i, 1)) ++i;
  return i;
}

}  // namespace builders
