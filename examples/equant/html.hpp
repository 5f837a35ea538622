// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/report.hpp>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace program {

/// Two networks side by side.
struct comparison {
  std::string first, second;
  long inputs = 0;
  double sqnr_db = 0, agreement = 0;
  std::array<std::size_t, 2> bytes{};
  std::optional<std::array<double, 2>> accuracy;
  equant::nn::network_report layers;
  std::vector<std::pair<std::string, std::string>> chosen{};  ///< what the quantizer chose, and why
};

/// A page that shows it: tables and plots, no scripts, nothing from the network.
std::string html_page(const comparison& c);

}  // namespace program
