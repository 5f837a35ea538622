// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/quantizers/lattice_ball.hpp>

#include <initializer_list>
#include <limits>

namespace equant::inline EQUANT_ABI::lattice {

/// The points of a lattice that a code of 2 Dim bits tells apart: whole orbits, and as many points of further ones, the
/// rim, as there are codes left, picked evenly by a hash. The search is exact.
template <std::size_t Dim>
class book {
 public:
  static constexpr std::size_t size = std::size_t{1} << (2 * Dim);
  using point = typename ball<Dim>::point;

  /// Leaders of whole orbits come first, `whole` of them. The rim's points have the same length.
  book(ball<Dim> points, std::size_t whole)
      : ball_(std::move(points)),
        whole_(whole),
        inner_(whole < ball_.leaders().size() ? ball_.leaders()[whole].first : ball_.size()),
        points_(ball_.points()) {
    const std::size_t rim = points_.size() - inner_, room = size - inner_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> drawn(rim);
    for (std::uint32_t i = 0; i < rim; ++i) drawn[i] = {i * 0x9e3779b9u, i};
    std::sort(drawn.begin(), drawn.end());
    drawn.resize(std::min(rim, room));
    place_.assign(rim, none);
    rim_size_ = (drawn.size() + step - 1) / step * step;  // zeros at the end are never nearest: zero itself is a point
    rim_.resize(Dim * rim_size_);
    std::vector<point> kept(points_.begin(), points_.begin() + static_cast<std::ptrdiff_t>(inner_));
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      const point& p = points_[inner_ + drawn[i].second];
      place_[drawn[i].second] = static_cast<std::uint32_t>(i);
      for (std::size_t d = 0; d < Dim; ++d) rim_[d * rim_size_ + i] = static_cast<float>(p[d]);
      kept.push_back(p);
    }
    points_ = std::move(kept);
  }

  /// All points, by their codes.
  const std::vector<point>& points() const { return points_; }

  /// The code of the point nearest to x, `unit` of whose units are a half.
  std::uint32_t nearest(const std::int32_t* x, std::int32_t unit) const {
    const auto any = ball_.nearest(x, unit, ball_.leaders().size());
    if (any.code < inner_) return any.code;
    if (const std::uint32_t place = place_[any.code - inner_]; place != none) return inner_ + place;
    const auto inner = ball_.nearest(x, unit, whole_);
    const auto [place, score] = nearest_of_rim(x, unit);
    return score > inner.score ? inner_ + place : inner.code;
  }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::size_t step = 256;  // points of the rim at a time

  typename ball<Dim>::found nearest_of_rim(const std::int32_t* x, std::int32_t unit) const {
    typename ball<Dim>::found best;
    std::int32_t largest = 0;
    for (std::size_t first = 0; first < rim_size_; first += step) {
      // Whole numbers below 2^24: exact, in whatever order and with whatever instructions.
      float product[step] = {};
      for (std::size_t d = 0; d < Dim; ++d) {
        const float v = static_cast<float>(x[d]);
        const float* p = rim_.data() + d * rim_size_ + first;
        for (std::size_t i = 0; i < step; ++i) product[i] += v * p[i];
      }
      std::int32_t most = largest;
      for (std::size_t i = 0; i < step; ++i) most = std::max(most, static_cast<std::int32_t>(product[i]));
      if (most == largest) continue;
      largest = most;
      const auto at = std::find(product, product + step, static_cast<float>(most)) - product;
      best.code = static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(at);
    }
    std::int64_t square = 0;
    for (const int v : points_[inner_ + best.code]) square += v * v;
    best.score = 2 * std::int64_t{largest} - square * unit;
    return best;
  }

  ball<Dim> ball_;
  std::size_t whole_;
  std::uint32_t inner_;
  std::vector<point> points_;
  std::vector<std::uint32_t> place_;  // of every point of the rim's orbits, among those that were drawn
  std::size_t rim_size_ = 0;
  std::vector<float> rim_;  // coordinate by coordinate
};

/// The 256 points of D4 around a deep hole, within a radius of 3: whole coordinates of an odd sum.
inline book<4> d4_book() {
  ball<4> b;
  for (const std::array<std::int8_t, 4>& l : std::initializer_list<std::array<std::int8_t, 4>>{
           {2, 0, 0, 0}, {2, 2, 2, 0}, {4, 2, 0, 0}, {4, 2, 2, 2}, {6, 0, 0, 0}, {4, 4, 2, 0}}) {
    b.add(l, true);
  }
  return {std::move(b), b.leaders().size()};
}

/// The 56881 points of E8 within a radius of sqrt 10, and 8655 of the 60480 at sqrt 12. Coordinates are all whole or
/// all odd halves, of an even sum.
inline book<8> e8_book() {
  ball<8> b;
  std::array<std::int8_t, 8> l{};
  const auto descend = [&](auto self, std::size_t at, int largest, int left, bool whole_shells) -> void {
    if (at == 8) {
      int sum = 0;
      for (const int v : l) sum += v;
      const bool in_lattice = largest % 2 != 0 || sum % 4 == 0;
      if (in_lattice && (whole_shells || left == 0)) b.add(l, false);
      return;
    }
    for (int v = largest; v >= 0; v -= 2) {
      if (v * v > left) continue;
      l[at] = static_cast<std::int8_t>(v);
      self(self, at + 1, v, left - v * v, whole_shells);
    }
  };
  descend(descend, 0, 6, 4 * 10, true);
  descend(descend, 0, 7, 4 * 10, true);
  const std::size_t whole = b.leaders().size();
  descend(descend, 0, 6, 4 * 12, false);
  descend(descend, 0, 7, 4 * 12, false);
  return {std::move(b), whole};
}

}  // namespace equant::inline EQUANT_ABI::lattice
