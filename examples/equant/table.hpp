// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace program {

/// Rows of text in columns as wide as they need to be.
class text_table {
 public:
  explicit text_table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  std::string text() const {
    std::vector<std::size_t> widths(rows_[0].size(), 0);
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string all;
    for (const auto& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        line += row[i];
        if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
      }
      line.erase(line.find_last_not_of(' ') + 1);
      all += line + '\n';
    }
    return all;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// A number with so many significant digits; "exact" for an infinite SQNR is the caller's word.
inline std::string number(double x, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*g", digits, x);
  return text;
}
inline std::string decibels(double db) {
  char text[32];
  if (std::isinf(db)) return db > 0 ? "exact" : "-";
  std::snprintf(text, sizeof text, "%.1f", db);
  return text;
}
inline std::string percent(double part) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * part);
  return text;
}

/// "12.3 KB".
inline std::string in_bytes(std::size_t n) {
  char text[32];
  const double x = static_cast<double>(n);
  if (n < 1000) return std::to_string(n) + " bytes";
  std::snprintf(text, sizeof text, n < 1000000 ? "%.1f KB" : "%.1f MB", n < 1000000 ? x / 1e3 : x / 1e6);
  return text;
}

}  // namespace program
