// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

/// What a quantizer or a calibrator reaches, beside what the best known tools reach and beside the bound of theory.
struct accuracy_row {
  std::string group, row;
  double bits_per_value;
  double equant, anchor, bound;  ///< NaN, an empty field, where there is none
  std::string unit;              ///< dB (more is better), dB loss or mse (less is better)
};

class accuracy_report {
 public:
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();

  void add(accuracy_row row) { rows_.push_back(std::move(row)); }
  const std::vector<accuracy_row>& rows() const { return rows_; }

  void save(const std::string& path) const {
    std::ofstream out(path);
    out.precision(10);
    out << "group,row,bits_per_value,equant,anchor,bound,unit\n";
    const auto number = [&out](double value) {
      if (value == value) out << value;
      out << ',';
    };
    for (const accuracy_row& r : rows_) {
      out << r.group << ',' << r.row << ',';
      for (const double value : {r.bits_per_value, r.equant, r.anchor, r.bound}) number(value);
      out << r.unit << '\n';
    }
    if (!out.flush()) throw std::runtime_error("cannot write " + path);
  }

 private:
  std::vector<accuracy_row> rows_;
};

/// One function per file of this folder.
void calibrator_rows(accuracy_report&);
void block_rows(accuracy_report&);
void scalar_rows(accuracy_report&);
void vector_rows(accuracy_report&);
