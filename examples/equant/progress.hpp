// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

namespace program {

/// A bar that grows on the terminal's last line, on stderr; nothing where that is no terminal.
void show_progress(const char* what, long done, long all);

}  // namespace program
