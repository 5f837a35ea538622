// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "builders.hpp"

#include <equant/core/affine.hpp>
#include <equant/core/arithmetic.hpp>

#include <bit>
#include <sstream>

/// What the element-wise kernels are tried on: values chosen to be rounded wrongly, each with the parameters it meets.
namespace scenarios {

using namespace equant;
using builders::integer_grid, builders::random_numbers;

/// Roundings to try beside the standard one.
using away = arithmetic<half_away>;
using reciprocal = arithmetic<nearest_even, scaling::reciprocal>;
using truncating = arithmetic<toward_zero>;
using before = arithmetic<nearest_even, scaling::division, zero_point_added::before_rounding>;
using gemmlowp = arithmetic<half_away, scaling::division, zero_point_added::before_rounding>;
using reciprocal_before = arithmetic<nearest_even, scaling::reciprocal, zero_point_added::before_rounding>;

/// How many of the values are hard. Codes near a tie send a whole block of the fast path to the slow one, and hide what
/// the fast one does with the rest: so some scenarios hold one of them per block, others none.
enum class flavour { ordinary, one_in_32, hostile };

/// Whether the scale, and the zero point, are one for all values or one for each.
struct steps {
  index_t scale, zero_point;
};
inline constexpr steps all_steps[] = {{0, 0}, {1, 1}, {1, 0}, {0, 1}};

template <class Map>
std::vector<typename Map::scale_type> scales() {
  using S = typename Map::scale_type;
  std::vector<S> v;
  for (double s : {0.00214854861, 1.0, 0.1, 3e-5, 0.03, 1e-38, 1e38, 1e-40, 0.0, 0x1p-121, 0x1p-119, 0x1p119, 7.3}) {
    v.push_back(static_cast<S>(s));
  }
  v.push_back(std::numeric_limits<S>::denorm_min());
  v.push_back(std::numeric_limits<S>::max());
  return v;
}

template <class Map>
std::vector<typename Map::zero_point_type> zero_points(code_range range) {
  using Z = typename Map::zero_point_type;
  std::vector<Z> v = {Z(0), Z(range.lowest), Z(range.highest), Z((range.lowest + range.highest) / 2),
                      Z(largest_zero_point), Z(-largest_zero_point), Z(range.highest + 1000),
                      Z(range.lowest - 77)};
  if (!std::is_integral_v<Z>) {
    for (double z : {0.5, -1.5, 0.3, range.highest - 0.25, 1e30, -1e30}) v.push_back(static_cast<Z>(z));
  }
  return v;
}

/// One hard value for a scale and zero point.
template <class T, class Map>
T hostile_value(random_numbers& random, const Map& map, code_range range) {
  const double s = static_cast<double>(map.scale), z = static_cast<double>(map.zero_point);
  const double reach = std::max(range.highest - z, z - range.lowest) + 1;
  const double k = range.lowest - 2 + random.below(range.highest - range.lowest + 5) - z;
  const int few = random.below(5) - 2;
  switch (random.below(8)) {
    case 0:
    case 1: return builders::neighbour(static_cast<T>((k + 0.5) * s), few);
    case 2: return static_cast<T>((k + 0.5 + random.uniform(-2, 2) * reach * 0x1p-21) * s);
    case 3: return builders::neighbour(static_cast<T>(k * s), few);
    case 4: {
      const auto& special = builders::special_values<T>();
      return special[static_cast<std::size_t>(random.below(static_cast<int>(special.size())))];
    }
    case 5:
      if constexpr (sizeof(T) == 4) return std::bit_cast<T>(static_cast<std::uint32_t>(random.bits()));
      if constexpr (sizeof(T) == 8) return std::bit_cast<T>(random.bits());
      [[fallthrough]];
    case 6: return static_cast<T>(random.uniform(-4, 4) * reach * s);
    default: return static_cast<T>((k + random.uniform(0, 1)) * s);
  }
}

/// Values and their parameters.
template <class T, class Map>
struct scenario {
  code_range range;
  steps step;
  std::vector<T> x;
  std::vector<typename Map::scale_type> scale;
  std::vector<typename Map::zero_point_type> zero_point;

  index_t size() const { return static_cast<index_t>(x.size()); }
  Map map(index_t i) const {
    return {scale[static_cast<std::size_t>(i * step.scale)],
            zero_point[static_cast<std::size_t>(i * step.zero_point)]};
  }
  /// f(x, map, range) of every value.
  template <class F>
  auto each(F f) const {
    std::vector<decltype(f(x[0], map(0), range))> results;
    for (index_t i = 0; i < size(); ++i) results.push_back(f(x[static_cast<std::size_t>(i)], map(i), range));
    return results;
  }
  std::string at(index_t i) const {
    std::ostringstream text;
    text.precision(17);
    text << "element " << i << ": x " << x[static_cast<std::size_t>(i)] << ", scale " << map(i).scale << ", zero point "
         << map(i).zero_point << ", steps " << step.scale << " and " << step.zero_point;
    return text.str();
  }
};

/// Beyond any vector's length; every length up to 300 is the start of a scenario.
inline constexpr index_t longest = 303;

/// Scenario `number` of a grid: each number is another choice of scale, zero point and flavour.
template <class T, class Map>
scenario<T, Map> make(const integer_grid& grid, steps step, int number, index_t n = longest) {
  random_numbers random(static_cast<std::uint64_t>(grid.bits * 1000 + number) * 4 +
                        static_cast<std::uint64_t>(step.scale * 2 + step.zero_point));
  const auto all_scales = scales<Map>();
  const auto all_zeros = zero_points<Map>(grid.range);
  const auto how = static_cast<flavour>(number % 3);
  auto choose = [&](const auto& from, bool any) {
    const int i = any ? random.below(static_cast<int>(from.size())) : number * 11;  // 11: prime to their sizes
    return from[static_cast<std::size_t>(i) % from.size()];
  };
  scenario<T, Map> s{grid.range, step, {}, {choose(all_scales, false)}, {choose(all_zeros, false)}};
  for (index_t i = 1; i < n; ++i) {
    if (step.scale == 1) s.scale.push_back(choose(all_scales, true));
    if (step.zero_point == 1) s.zero_point.push_back(choose(all_zeros, true));
  }
  for (index_t i = 0; i < n; ++i) {
    const Map map = s.map(i);
    const bool hard = how == flavour::hostile || (how == flavour::one_in_32 && i % 32 == (i / 32 * 5 + number) % 32);
    const double whole = grid.range.lowest + random.below(grid.range.highest - grid.range.lowest + 1) -
                         static_cast<double>(map.zero_point);
    s.x.push_back(hard ? hostile_value<T>(random, map, grid.range)
                       : static_cast<T>((whole + random.uniform(-0.45, 0.45)) * static_cast<double>(map.scale)));
  }
  return s;
}

/// The parameters of a scenario's first n values, in memory of exactly that size, `offset` elements off.
template <class Map>
class exact_parameters {
 public:
  template <class T>
  exact_parameters(const scenario<T, Map>& s, index_t n, index_t offset)
      : step_(s.step),
        scale_(s.scale.data(), step_.scale == 1 ? n : 1, offset),
        zero_point_(s.zero_point.data(), step_.zero_point == 1 ? n : 1, offset) {}

  run_parameters<Map> get() const {
    return {scale_.data(), zero_point_.data(), step_.scale, step_.zero_point};
  }

 private:
  steps step_;
  builders::exact_copy<typename Map::scale_type> scale_;
  builders::exact_copy<typename Map::zero_point_type> zero_point_;
};

/// All lengths up to 300 for the widths at the ends of the stores, a spread of them for the others.
inline const std::vector<index_t>& lengths(int bits) {
  static const std::vector<index_t> every = [] {
    std::vector<index_t> v;
    for (index_t n = 0; n <= 300; ++n) v.push_back(n);
    return v;
  }();
  static const std::vector<index_t> some = {0,  1,  2,  7,  8,   9,   15,  16,  17,  31,  32,
                                            33, 39, 63, 64, 65,  95,  97,  128, 255, 257, 300};
  return bits % 4 == 0 ? every : some;
}

/// f(s, n, offset) for scenarios of every grid: each of `count` of them whole, and each length of one of them. Offsets
/// of 0 to 3 elements go round with the lengths.
template <class T, class Map, class Prepare, class Check>
void for_each(const integer_grid& grid, int count, Prepare prepare, Check check) {
  for (const steps& step : all_steps) {
    std::vector<decltype(prepare(make<T, Map>(grid, step, 0)))> cases;
    for (int number = 0; number < count; ++number) {
      cases.push_back(prepare(make<T, Map>(grid, step, number)));
      check(cases.back(), longest, number % 4);
    }
    for (index_t n : lengths(grid.bits)) {
      check(cases[static_cast<std::size_t>(n) % cases.size()], n, (n + step.scale) % 4);
    }
  }
}

}  // namespace scenarios
