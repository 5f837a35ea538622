// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/aligned.hpp>
#include <equant/core/granularity.hpp>
#include <equant/core/order.hpp>

#include <span>
#include <utility>
#include <vector>

namespace equant::inline EQUANT_ABI {

/// real = scale * (code - zero_point). The zero point is an integer, so that real zero has a code of its own and
/// padding with zeros costs no error. It is 0 for formats that have no zero point.
struct affine {
  using scale_type = float;
  using zero_point_type = std::int32_t;

  float scale = 1;
  std::int32_t zero_point = 0;

  constexpr bool operator==(const affine&) const = default;
};

/// The same with a real zero point: the textbook form, where real zero may lie between two codes. T is the type the
/// arithmetic is done in, the source's own.
template <class T>
struct real_affine {
  using scale_type = T;
  using zero_point_type = T;

  T scale = 1;
  T zero_point = 0;

  constexpr bool operator==(const real_affine&) const = default;
};

/// The codes of an integer grid, as values: kernels and conventions take them so, and serve every width.
struct code_range {
  std::int32_t lowest = 0;
  std::int32_t highest = 0;

  constexpr bool operator==(const code_range&) const = default;
};

/// Integer zero points beyond this are refused: within it every difference to a code is exact in float.
inline constexpr std::int32_t largest_zero_point = 1 << 22;

/// The parameters of one run as the kernels see them; a step of 0 means one for the whole run.
///
/// `inverse` may hold 1 / scale, stepped like the scales. It is a promise as well: every scale lies between 2^-100 and
/// 2^100 and every zero point is a code, which lets a kernel multiply where that provably gives the same code.
template <class Map>
struct run_parameters {
  const typename Map::scale_type* scale = nullptr;
  const typename Map::zero_point_type* zero_point = nullptr;
  index_t scale_step = 0;
  index_t zero_point_step = 0;
  const typename Map::scale_type* inverse = nullptr;

  constexpr run_parameters from(index_t i) const { return moved(i * scale_step, i * zero_point_step); }
  /// Those of another run, which lie some values further.
  constexpr run_parameters moved(index_t scales, index_t zero_points) const {
    return {scale + scales, zero_point + zero_points, scale_step, zero_point_step,
            inverse == nullptr ? nullptr : inverse + scales};
  }
};

/// Whether a kernel may multiply by 1 / scale: see run_parameters.
template <class Map>
constexpr bool invertible(const Map& map, code_range range) {
  using S = typename Map::scale_type;
  using Z = typename Map::zero_point_type;
  return map.scale > S(0x1p-100f) && map.scale < S(0x1p100f) && map.zero_point >= Z(range.lowest) &&
         map.zero_point <= Z(range.highest);
}

/// The parameters of a whole tensor: one map, or separate arrays of scales and zero points, a value per block in
/// row-major order of the blocks. A zero point all blocks share is stored once.
template <class Map>
class parameters {
 public:
  using map_type = Map;
  using scale_type = typename Map::scale_type;
  using zero_point_type = typename Map::zero_point_type;

  constexpr parameters() = default;
  constexpr parameters(Map single) : single_(single) { check(single.scale, single.zero_point); }
  parameters(const blocking& where, const std::vector<scale_type>& scales,
             const std::vector<zero_point_type>& zero_points = {zero_point_type(0)})
      : where_(where), scales_(scales.begin(), scales.end()), zero_points_(zero_points.begin(), zero_points.end()) {
    if (zero_points_.size() != scales_.size() && zero_points_.size() != 1) {
      contract::invalid_argument(zero_points_.size(), " zero points for ", scales_.size(), " scales");
    }
    for (std::size_t i = 0; i < scales_.size(); ++i) {
      check(scales_[i], zero_points_[zero_points_.size() == 1 ? 0 : i]);
    }
  }

  /// Whether one map holds for everything.
  constexpr bool single() const { return scales_.empty(); }
  constexpr index_t count() const { return single() ? 1 : static_cast<index_t>(scales_.size()); }

  constexpr Map operator[](index_t block) const {
    if (single()) return single_;
    const auto i = static_cast<std::size_t>(block);
    return {scales_[i], zero_points_.size() == 1 ? zero_points_[0] : zero_points_[i]};
  }

  constexpr std::span<const scale_type> scales() const {
    return single() ? std::span<const scale_type>(&single_.scale, 1) : std::span<const scale_type>(scales_);
  }
  constexpr std::span<const zero_point_type> zero_points() const {
    return single() ? std::span<const zero_point_type>(&single_.zero_point, 1)
                    : std::span<const zero_point_type>(zero_points_);
  }

  /// The blocks these parameters belong to, for a tensor of `sizes`; refused where there are more or fewer.
  blocking blocks(const shape& sizes) const {
    if (single()) return normal_form(per_tensor, sizes);
    const index_t wanted = where_.counts(sizes).count();
    if (wanted != count()) {
      contract::invalid_argument("a tensor of ", to_string(sizes), " has ", wanted,
                                 " blocks, but there are parameters for ", count());
    }
    return where_;
  }

  constexpr run_parameters<Map> at(index_t block, index_t step) const {
    const bool shared = zero_points().size() == 1;
    return {scales().data() + block, zero_points().data() + (shared ? 0 : block), step,
            shared ? 0 : step, nullptr};
  }

  constexpr std::size_t size_bytes() const {
    return scales().size_bytes() + zero_points().size_bytes();
  }

  /// Equal when they mean the same, however they are stored.
  constexpr bool operator==(const parameters& other) const {
    if (count() != other.count() || (count() > 1 && where_ != other.where_)) return false;
    for (index_t i = 0; i < count(); ++i) {
      if ((*this)[i] != other[i]) return false;
    }
    return true;
  }

 private:
  static constexpr void check(scale_type scale, zero_point_type zero_point) {
    if (!(scale >= 0) || scale > std::numeric_limits<scale_type>::max()) {
      contract::invalid_argument("scale ", scale, " is not a finite non-negative number");
    }
    constexpr auto most = std::is_integral_v<zero_point_type>
                              ? zero_point_type(largest_zero_point)
                              : std::numeric_limits<zero_point_type>::max();
    if (!(zero_point >= -most && zero_point <= most)) {
      contract::invalid_argument("zero point ", zero_point, " is not between ", -most, " and ", most);
    }
  }

  Map single_{};
  blocking where_{};
  aligned_vector<scale_type> scales_{};
  aligned_vector<zero_point_type> zero_points_{};
};

}  // namespace equant::inline EQUANT_ABI
