// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <cstddef>

/// What `recommend` is asked for, of a tensor (sweep/recommend.hpp) or a network (nn/recommend.hpp).
namespace equant::inline EQUANT_ABI {

/// At least so much signal over its error.
struct target_sqnr {
  double db = 0;
};

/// At most so many bytes, parameters included.
struct target_bytes {
  std::size_t bytes = 0;
};

}  // namespace equant::inline EQUANT_ABI
