// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "machine.hpp"

#include <equant/core/cpu.hpp>

// Compiled as the commands are, and a constant: to read it runs none of their code.
constinit const program::machine program::built_for = {equant::isa::native::name,
                                                       equant::cpu::native |
                                                           equant::cpu::needed_by<equant::isa::native>};
