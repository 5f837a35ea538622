// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/sweep/table.hpp>

#include <string>

namespace program {

/// Draws a sweep as SQNR against bits per value, through gnuplot, into an .svg or .png file (by `terminal`: "svg" or
/// "pngcairo"). Throws std::runtime_error, and leaves no file, where gnuplot is missing or fails.
void plot(const equant::sweep::table& t, const std::string& title, const std::string& terminal,
          const std::string& path);

}  // namespace program
