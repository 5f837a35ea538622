// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include <cstdio>
#include <unistd.h>

namespace program {

void show_progress(const char* what, long done, long all, const std::string& note) {
  if (isatty(2) == 0 || all < 1) return;
  const long width = 40, filled = width * done / all;
  std::fprintf(stderr, "\r%s [%s%s] %ld of %ld %s%s", what, std::string(static_cast<std::size_t>(filled), '#').c_str(),
               std::string(static_cast<std::size_t>(width - filled), ' ').c_str(), done, all,
               note.c_str(), done >= all ? "\n" : "");
}

}  // namespace program
