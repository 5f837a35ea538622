// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <vector>

/// What quantizers and calibrators reach, beside what the best known tools reach and beside the bound of theory.
namespace accuracy {

inline constexpr double none = std::numeric_limits<double>::quiet_NaN();

struct row {
  std::string name;
  double bits_per_value = none;
  double equant = none;
  double anchor = none;  ///< the best known tool's figure; none where it has none
  double bound = none;   ///< what no quantizer can pass; none where there is no such bound
  std::string unit;      ///< "dB" (more is better), "dB loss" or "mse" (less is better)
};

/// The rows of one group, printed as they come.
class report {
 public:
  explicit report(std::string group) : group_(std::move(group)) {}

  void add(row r) {
    std::printf("%-12s %-44s %8s %12s %12s %12s  %s\n", group_.c_str(), r.name.c_str(), text(r.bits_per_value).c_str(),
                text(r.equant).c_str(), text(r.anchor).c_str(), text(r.bound).c_str(), r.unit.c_str());
    std::fflush(stdout);
    rows_.push_back(std::move(r));
  }

  void write(std::FILE* file) const {
    for (const row& r : rows_) {
      std::fprintf(file, "%s,%s,%s,%s,%s,%s,%s\n", group_.c_str(), r.name.c_str(), text(r.bits_per_value).c_str(),
                   text(r.equant).c_str(), text(r.anchor).c_str(), text(r.bound).c_str(), r.unit.c_str());
    }
  }

 private:
  static std::string text(double x) {
    char digits[32] = "";
    if (x == x) std::snprintf(digits, sizeof digits, "%.10g", x);
    return digits;
  }

  std::string group_;
  std::vector<row> rows_;
};

/// A group of rows: each file of this folder defines one, `static const accuracy::group g{"name", rows};`.
struct group {
  std::string name;
  std::function<void(report&)> rows;

  group(std::string its_name, std::function<void(report&)> its_rows)
      : name(std::move(its_name)), rows(std::move(its_rows)) {
    all().push_back(*this);
  }

  static std::vector<group>& all() {
    static std::vector<group> groups;
    return groups;
  }
};

}  // namespace accuracy
