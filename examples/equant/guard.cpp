// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Compiled for any CPU, and run before all other code of the program, static initialisers included: on a CPU that the
// commands were not compiled for, it says so. No function of the standard library's templates is called here, because
// the linker may have taken the commands' body of it.
#include "machine.hpp"

#include <equant/core/cpu.hpp>

#include <cstdio>
#include <iterator>
#include <unistd.h>

namespace {

[[gnu::constructor(101)]] void refuse_foreign_cpu() {
  const equant::cpu::features missing = equant::cpu::missing(program::built_for.features);
  if (missing == 0) return;
  std::fprintf(stderr, "equant: built for %s, but this CPU lacks", program::built_for.name);
  for (unsigned i = 0; i < std::size(equant::cpu::names); ++i) {
    if ((missing >> i & 1) != 0) std::fprintf(stderr, " %s", equant::cpu::names[i]);
  }
  std::fprintf(stderr, "; configure with another EQUANT_PROGRAM_ARCH\n");
  std::fflush(stderr);
  _exit(1);
}

}  // namespace
