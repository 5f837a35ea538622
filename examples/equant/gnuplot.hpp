// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

namespace program {

/// Text in gnuplot's quotes.
std::string quoted(std::string text);

/// A picture drawn by gnuplot: `script` says how, into the file it is given. Throws std::runtime_error, and leaves no
/// file, where gnuplot is missing or fails.
void draw(const std::function<std::string(const std::string& unfinished)>& script, const std::string& path);

}  // namespace program
