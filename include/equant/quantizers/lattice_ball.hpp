// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <algorithm>
#include <deque>
#include <span>
#include <vector>

namespace equant::inline EQUANT_ABI::lattice {

/// The points of a lattice in a ball, as the orbits of their leaders: what a point becomes with its coordinates made
/// positive and sorted, largest first. All coordinates are in halves.
///
/// The nearest point to x of an orbit has the signs of x, and its magnitudes in the order of those of x; where the
/// number of minus signs has the wrong parity, the smallest magnitude of x counts as negative. So the nearest of all
/// points is found by one dot product with each leader, exactly (Conway and Sloane, 1982, for orbits of this kind).
template <std::size_t Dim>
class ball {
 public:
  using point = std::array<std::int8_t, Dim>;

  struct leader {
    point values{};
    bool parity = false;         ///< whether the number of minus signs is fixed: coordinates are odd halves
    int minus = 0;               ///< and this is it, modulo 2
    std::uint32_t first = 0;     ///< the orbit's first code
    std::uint32_t orders = 0;    ///< how many orders the magnitudes have
    int sign_bits = 0;
  };

  /// Adds the orbit of a leader; the sum of all coordinates is even or odd, in whole units, as `odd` says.
  void add(const point& values, bool odd) {
    leader l;
    l.values = values;
    l.parity = values[0] % 2 != 0;
    int sum = 0, nonzero = 0;
    for (const int v : values) {
      sum += v;
      nonzero += v != 0;
    }
    l.minus = (sum / 2 + odd) % 2;
    l.sign_bits = l.parity ? nonzero - 1 : nonzero;
    l.first = size_;
    l.orders = orders(values);
    size_ += l.orders << l.sign_bits;
    leaders_.push_back(l);
  }

  const std::vector<leader>& leaders() const { return leaders_; }
  std::uint32_t size() const { return size_; }

  struct found {
    std::uint32_t code = 0;
    std::int64_t score = 0;  ///< 2 x.p - unit p.p: the larger, the nearer
  };

  /// The point nearest to x among the orbits of the first `orbits` leaders. The coordinates of x are in any unit,
  /// `unit` of it to a half. Of points equally near one of an earlier leader is taken.
  found nearest(const std::int32_t* x, std::int32_t unit, std::size_t orbits) const {
    std::array<std::size_t, Dim> place;  // where the largest coordinate stands, the second, ...
    std::array<std::int32_t, Dim> size;
    int minus = 0;
    for (std::size_t i = 0; i < Dim; ++i) {
      const std::int32_t magnitude = x[i] < 0 ? -x[i] : x[i];
      minus ^= x[i] < 0;
      std::size_t at = i;
      for (; at > 0 && size[at - 1] < magnitude; --at) {
        size[at] = size[at - 1];
        place[at] = place[at - 1];
      }
      size[at] = magnitude;
      place[at] = i;
    }
    const leader* best = nullptr;
    std::int64_t score = 0;
    for (const leader& l : std::span(leaders_).first(orbits)) {
      std::int64_t s = 0, square = 0;
      for (std::size_t i = 0; i < Dim; ++i) {
        s += std::int64_t{size[i]} * l.values[i];
        square += l.values[i] * l.values[i];
      }
      if (l.parity && minus != l.minus) s -= 2 * std::int64_t{size[Dim - 1]} * l.values[Dim - 1];
      s = 2 * s - square * unit;
      if (best == nullptr || s > score) {
        best = &l;
        score = s;
      }
    }
    point p;
    for (std::size_t i = 0; i < Dim; ++i) {
      const std::size_t at = place[i];
      const std::int8_t v = best->values[i];
      p[at] = x[at] < 0 ? static_cast<std::int8_t>(-v) : v;
    }
    if (best->parity && minus != best->minus) {
      std::int8_t& last = p[place[Dim - 1]];
      last = static_cast<std::int8_t>(-last);
    }
    return {code(*best, p), score};
  }

  /// All points, by their codes.
  std::vector<point> points() const {
    std::vector<point> all(size_);
    for (const leader& l : leaders_) {
      std::deque<std::int8_t> order(l.values.begin(), l.values.end());  // on an array g++ 12 warns of its own vectors
      std::sort(order.begin(), order.end());
      do {
        for (std::uint32_t signs = 0; signs < 1u << Dim; ++signs) {
          point p;
          std::copy(order.begin(), order.end(), p.begin());
          int minus = 0;
          bool distinct = true;
          for (std::size_t i = 0; i < Dim; ++i) {
            if ((signs >> i & 1) == 0) continue;
            distinct = distinct && p[i] != 0;
            p[i] = static_cast<std::int8_t>(-p[i]);
            minus ^= 1;
          }
          if (distinct && (!l.parity || minus == l.minus)) all[code(l, p)] = p;
        }
      } while (std::next_permutation(order.begin(), order.end()));
    }
    return all;
  }

 private:
  /// How many orders Dim values have: Dim! over the factorials of how often each occurs.
  static std::uint32_t orders(const point& values) {
    std::uint32_t n = 1;
    std::uint32_t run = 0;
    for (std::size_t i = 0; i < Dim; ++i) {
      run = i > 0 && values[i] == values[i - 1] ? run + 1 : 1;
      n = n * static_cast<std::uint32_t>(i + 1) / run;
    }
    return n;
  }

  /// The rank of the order of the magnitudes, lexicographic, then the signs of what is not zero.
  static std::uint32_t code(const leader& l, const point& p) {
    std::array<std::uint32_t, 8> count{};  // of each magnitude, which are at most 7 halves
    for (const int v : l.values) ++count[static_cast<std::size_t>(v)];
    std::uint32_t rank = 0, left = l.orders, signs = 0, bit = 0;
    for (std::size_t i = 0; i < Dim; ++i) {
      const int v = p[i];
      const auto magnitude = static_cast<std::size_t>(v < 0 ? -v : v);
      std::uint32_t smaller = 0;
      for (std::size_t m = 0; m < magnitude; ++m) smaller += count[m];
      const auto places = static_cast<std::uint32_t>(Dim - i);
      rank += left * smaller / places;
      left = left * count[magnitude]-- / places;
      if (v != 0) signs |= static_cast<std::uint32_t>(v < 0) << bit++;
    }
    return l.first + (rank << l.sign_bits | (signs & ((1u << l.sign_bits) - 1)));
  }

  std::vector<leader> leaders_;
  std::uint32_t size_ = 0;
};

}  // namespace equant::inline EQUANT_ABI::lattice
