// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/formats/codebook.hpp>

namespace equant::inline EQUANT_ABI {

/// The 4-bit "normal float" of QLoRA (Dettmers et al., 2023): levels at quantiles of a Gaussian, scaled to -1..1, with
/// zero among them. Meant for blocks scaled by their largest magnitude.
struct nf4 : fixed_codebook<nf4, 4> {
  static constexpr std::array<float, 16> levels() {
    return {-1.0f,
            -0.6961928009986877f,
            -0.5250730514526367f,
            -0.39491748809814453f,
            -0.28444138169288635f,
            -0.18477343022823334f,
            -0.09105003625154495f,
            0.0f,
            0.07958029955625534f,
            0.16093020141124725f,
            0.24611230194568634f,
            0.33791524171829224f,
            0.44070982933044434f,
            0.5626170039176941f,
            0.7229568362236023f,
            1.0f};
  }
  constexpr bool operator==(const nf4&) const = default;
};

}  // namespace equant::inline EQUANT_ABI
