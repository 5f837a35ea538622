// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace program {

/// What the commands were compiled for: the name of their instruction set, and the features of a CPU that they need.
struct machine {
  const char* name;
  std::uint64_t features;
};
extern const machine built_for;

}  // namespace program
