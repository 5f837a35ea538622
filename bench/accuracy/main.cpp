// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>

/// accuracy_report FILE.csv [GROUP...]: runs all groups, or those named.
int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: accuracy_report FILE.csv [GROUP...]\n");
    return 2;
  }
  auto groups = accuracy::group::all();
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::FILE* file = std::fopen(arguments[1], "w");
  if (file == nullptr) {
    std::fprintf(stderr, "cannot write %s\n", arguments[1]);
    return 1;
  }
  std::fprintf(file, "group,row,bits_per_value,equant,anchor,bound,unit\n");
  std::printf("%-12s %-44s %8s %12s %12s %12s  %s\n", "group", "row", "bits", "equant", "anchor", "bound", "unit");
  for (const accuracy::group& g : groups) {
    const bool named = std::find(arguments + 2, arguments + count, g.name) != arguments + count;
    if (count > 2 && !named) continue;
    accuracy::report rows(g.name);
    g.rows(rows);
    rows.write(file);
  }
  return std::fclose(file) == 0 ? 0 : 1;
}
