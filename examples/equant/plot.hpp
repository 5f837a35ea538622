// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/sweep/table.hpp>

#include <string>
#include <utility>
#include <vector>

namespace program {

/// How the values of a tensor are spread, and where some quantizers have their levels.
struct spread {
  std::vector<std::pair<double, double>> bins;  ///< middle, count
  std::vector<std::pair<std::string, std::vector<double>>> levels;
};

/// How many series of each kind of quantizer are shown at a glance.
inline constexpr std::size_t shown_of_each_kind = 3;

/// Draws a sweep's best series of each kind as SQNR against bits per value, and levels over the histogram of the data,
/// through gnuplot, into an .svg or .png file (by `terminal`: "svg" or "pngcairo"). Throws std::runtime_error, and
/// leaves no file, where gnuplot is missing or fails.
void plot(const equant::sweep::table& t, const spread& data, const std::string& title, const std::string& terminal,
          const std::string& path);

}  // namespace program
