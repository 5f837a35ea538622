// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/format.hpp>

namespace equant::inline EQUANT_ABI {

/// One bit, the levels -1 (code 0) and +1 (code 1). Zero is none of them: it goes to +1, and NaN with it.
struct bipolar {
  static constexpr int bits = 1;
  static constexpr bool has_zero_point = false;

  static constexpr std::uint8_t encode(float r) { return r < 0 ? 0 : 1; }
  static constexpr float decode(std::uint8_t c) { return c == 0 ? -1.0f : 1.0f; }
  static constexpr float largest() { return 1; }
  /// Within the outermost levels: outside, binarized networks stop the gradient (Courbariaux et al., 2016).
  static constexpr bool contains(float r) { return r >= -1 && r <= 1; }

  constexpr bool operator==(const bipolar&) const = default;
};

using int1 = bipolar;

}  // namespace equant::inline EQUANT_ABI
