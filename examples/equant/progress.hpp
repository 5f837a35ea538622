// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace program {

/// A bar that grows on the terminal's last line, on stderr, a note after it; nothing where that is no terminal.
void show_progress(const char* what, long done, long all, const std::string& note = "");

}  // namespace program
