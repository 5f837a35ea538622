// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Says which instruction set it was built for and whether this CPU has it, on CPUs that lack it too.
#include <equant/core/cpu.hpp>

#include <cstdio>

int main() {
  std::printf("%s: %s\n", equant::isa::native::name, equant::cpu_supports_native() ? "here" : "lacking");
  return 0;
}
