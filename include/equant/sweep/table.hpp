// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/metrics/error.hpp>

#include <optional>
#include <vector>

namespace equant::inline EQUANT_ABI::sweep {

/// What one quantizer makes of a tensor at one bit depth.
struct row {
  std::string kind;         ///< of its family: "uniform", ...; empty where that has none
  int bits = 0;             ///< width of a code
  std::string quantizer;    ///< "uniform symmetric", ...
  std::string granularity;  ///< "per tensor", ...
  double bits_per_value = 0;
  double sqnr_db = 0;
  double mse = 0;
  double max_abs = 0;
  std::size_t bytes = 0;
  double ratio = 0;  ///< how many times smaller than the same values in float32
  /// The largest SQNR any quantizer can reach at these bits per value (Shannon's lower bound on the error of
  /// independent values); absent for discrete data.
  std::optional<double> bound_db;

  /// How far from it, in dB.
  std::optional<double> gap_db() const {
    return bound_db ? std::optional<double>(*bound_db - sqnr_db) : std::nullopt;
  }
};

/// A row of what was measured; what a sweep's rows have in common is filled in by the sweep.
inline row measured(int bits, std::string quantizer, std::string granularity, const quantization_report& report,
                    std::size_t bytes) {
  row r;
  r.bits = bits;
  r.quantizer = std::move(quantizer);
  r.granularity = std::move(granularity);
  r.bits_per_value = report.bits_per_value;
  r.sqnr_db = report.sqnr_db;
  r.mse = report.mse;
  r.max_abs = report.max_abs;
  r.bytes = bytes;
  return r;
}

/// The rows of a sweep and what is known of its tensor.
struct table {
  shape sizes;
  double power = 0;                ///< mean square of the values
  std::optional<double> entropy;   ///< differential entropy estimated from them, bits
  std::vector<row> rows;
};

/// A figure in dB, where an error of zero is called exact.
inline std::string decibel(double x) {
  if (std::isnan(x)) return "-";
  if (std::isinf(x) && x > 0) return "exact";
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", x);
  return text;
}

}  // namespace equant::inline EQUANT_ABI::sweep

namespace equant::inline EQUANT_ABI {

/// The table as text: a line per row.
inline std::string to_string(const sweep::table& t) {
  char line[256];
  std::snprintf(line, sizeof line, "%4s  %-20s %-26s %9s %9s %11s %11s %12s %7s %9s\n", "bits", "quantizer",
                "granularity", "bits/val", "SQNR dB", "MSE", "max error", "bytes", "ratio", "to bound");
  std::string text = line;
  int bits = 0;
  for (const sweep::row& r : t.rows) {
    if (bits != 0 && r.bits != bits) text += '\n';
    bits = r.bits;
    std::snprintf(line, sizeof line, "%4d  %-20s %-26s %9.3f %9s %11.4g %11.4g %12zu %7.2f %9s\n", r.bits,
                  r.quantizer.c_str(), r.granularity.c_str(), r.bits_per_value,
                  sweep::decibel(r.sqnr_db).c_str(), r.mse, r.max_abs, r.bytes, r.ratio,
                  r.gap_db() ? sweep::decibel(*r.gap_db()).c_str() : "-");
    text += line;
  }
  return text;
}

/// The table as CSV, figures in full; what is absent is left empty.
inline std::string to_csv(const sweep::table& t) {
  std::string text = "bits,quantizer,granularity,bits_per_value,sqnr_db,mse,max_abs,bytes,ratio,bound_db,gap_db\n";
  const auto number = [](std::optional<double> x) {
    char digits[32] = "";
    if (x) std::snprintf(digits, sizeof digits, "%.17g", *x);
    return std::string(digits);
  };
  for (const sweep::row& r : t.rows) {
    text += contract::joined(r.bits, ",", r.quantizer, ",", r.granularity, ",", number(r.bits_per_value), ",",
                             number(r.sqnr_db), ",", number(r.mse), ",", number(r.max_abs), ",", r.bytes, ",",
                             number(r.ratio), ",", number(r.bound_db), ",", number(r.gap_db()), "\n");
  }
  return text;
}

template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const sweep::table& t) {
  return out << to_string(t);
}

}  // namespace equant::inline EQUANT_ABI
