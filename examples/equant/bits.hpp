// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

namespace program {

/// `equant bits`: every quantizer at every bit depth on one tensor.
struct bits_options {
  std::string input;
  std::optional<int> axis;    ///< per axis, and the axis of the groups
  std::optional<long> group;  ///< group size
  int low = 1, high = 16;
  std::optional<double> sqnr;       ///< name the cheapest scheme with so many dB
  std::optional<std::size_t> bytes; ///< name the best scheme that takes no more
  std::string csv, json, svg, png;  ///< files to write; empty: none
};

void bits(const bits_options& options);

}  // namespace program
