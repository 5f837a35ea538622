// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Linked with the program's guard: commands compiled for a CPU that has everything any CPU has. Nothing of this file
// may run, its static initialiser included.
#include "machine.hpp"

#include <cstdlib>

constinit const program::machine program::built_for = {"every CPU in one", ~std::uint64_t{0}};

namespace {
[[maybe_unused]] const int started = (std::abort(), 0);
}

int main() { std::abort(); }
