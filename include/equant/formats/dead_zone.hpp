// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/format.hpp>

#include <array>
#include <cmath>
#include <limits>

namespace equant::inline EQUANT_ABI {

/// Equal steps on either side of a zone around zero:
///
///   code = 0 where |r| < zone, else sign(r) * (1 + floor(|r| - zone)), saturated; two's complement
///   real = a level of its own for each of the codes -8..8; beyond, the middle of the cell less `pull`, towards zero
///
/// where the levels are the means of what falls into the cells. This is the scalar quantizer of least error for a given
/// entropy of its codes, but for the last hundredths of a decibel (Sullivan, 1996). By default the zone is half a step
/// and the levels are the integers.
template <int Bits>
class dead_zone {
 public:
  static_assert(Bits >= 5 && Bits <= 16, "codes with a dead zone have 5 to 16 bits");
  static constexpr int bits = Bits;
  static constexpr bool has_zero_point = false;
  static constexpr int highest = (1 << (Bits - 1)) - 1;
  static constexpr int near = 8;
  using word = code_word<Bits>;
  using near_levels = std::array<float, 2 * near + 1>;

  constexpr dead_zone() {
    for (int k = -near; k <= near; ++k) levels_[place(k)] = static_cast<float>(k);
  }
  /// Levels of -8..8; `below` and `above` are the pulls of codes less than -8 and greater than 8.
  constexpr dead_zone(float zone, const near_levels& levels, float below, float above)
      : zone_(zone), levels_(levels), below_(below), above_(above) {}

  constexpr word encode(float r) const {
    const float size = r < 0 ? -r : r;
    if (!(size >= zone_)) return 0;
    const float cell = size - zone_;
    const int k = cell < static_cast<float>(highest - 1) ? 1 + static_cast<int>(cell) : highest;
    return static_cast<word>(static_cast<unsigned>(r < 0 ? -k : k) & ((1u << Bits) - 1));
  }
  constexpr float decode(word c) const {
    const int k = value(c);
    if (k >= -near && k <= near) return levels_[place(k)];
    const float off = zone_ - 0.5f;
    return k > 0 ? static_cast<float>(k) + (off - above_) : static_cast<float>(k) - (off - below_);
  }
  /// The integer a code is.
  static constexpr int value(word c) {
    constexpr int sign = 1 << (Bits - 1);
    return (static_cast<int>(c) ^ sign) - sign;
  }

  constexpr float largest() const { return decode(highest); }
  constexpr bool contains(float r) const {
    return (r < 0 ? -r : r) <= static_cast<float>(highest) + zone_;
  }
  constexpr float zone() const { return zone_; }
  static constexpr std::size_t size_bytes() { return sizeof(float) * (2 * near + 4); }

  constexpr bool operator==(const dead_zone&) const = default;

 private:
  static constexpr std::size_t place(int k) { return static_cast<std::size_t>(k + near); }

  float zone_ = 0.5f;
  near_levels levels_{};
  float below_ = 0, above_ = 0;
};

}  // namespace equant::inline EQUANT_ABI
