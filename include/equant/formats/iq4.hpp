// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/formats/codebook.hpp>

namespace equant::inline EQUANT_ABI {

/// The 16 levels of ggml's IQ4_NL and IQ4_XS: integers, closer together where weights are many, with no zero.
struct iq4 : fixed_codebook<iq4, 4> {
  static constexpr std::array<float, 16> levels() {
    return {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  }
  constexpr bool operator==(const iq4&) const = default;
};

}  // namespace equant::inline EQUANT_ABI
