// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/contract.hpp>
#include <equant/kernels/error_sums.hpp>
#include <equant/kernels/min_max.hpp>

#include <algorithm>
#include <cmath>
#include <iosfwd>
#include <string>

namespace equant::inline EQUANT_ABI {

/// What two tensors tell about the error of the second, e = y - x, where x is the reference.
///
/// A NaN anywhere makes the figures it touches NaN. Over no values all sums are 0.
struct error_report {
  index_t count = 0;
  double mse = 0;      ///< mean of e^2
  double rmse = 0;     ///< square root of mse, in the unit of x
  double mae = 0;      ///< mean of |e|
  double max_abs = 0;  ///< largest |e|
  double mean = 0;     ///< mean of e: the bias
  double sqnr_db = 0;  ///< 10 log10(sum x^2 / sum e^2); +infinity where there is no error
  double psnr = 0;     ///< 10 log10((max x - min x)^2 / mse), in dB
  double cosine = 0;   ///< x.y / (|x| |y|); 1 where both are all zero

  /// Not a single value differs.
  bool exact() const { return max_abs == 0 && mse == 0; }
};

/// The same of a quantized tensor, which also knows why: what was clipped and what was rounded, and what it cost.
struct quantization_report : error_report {
  double clipped = 0;        ///< fraction of values outside the represented range
  double mse_clipping = 0;   ///< their part of mse
  double mse_rounding = 0;   ///< the part of all others
  index_t codes_used = 0;    ///< different codes that occur
  index_t codes = 0;         ///< different codes there are
  double bits_per_value = 0; ///< codes and parameters
};

namespace metrics {

/// Gathers what an error_report is made of, batch by batch; parts merge.
class error_accumulator {
 public:
  /// n pairs in contiguous memory.
  template <class T>
  void add(const T* x, const T* y, index_t n) {
    if (n == 0) return;
    const auto range = kernels::min_max(x, n);
    low_ = std::min(low_, static_cast<double>(range.low));
    high_ = std::max(high_, static_cast<double>(range.high));
    sums_ += kernels::sum_errors(x, y, n);
    count_ += n;
  }

  void merge(const error_accumulator& other) {
    sums_ += other.sums_;
    low_ = std::min(low_, other.low_);
    high_ = std::max(high_, other.high_);
    count_ += other.count_;
  }

  index_t count() const { return count_; }
  const kernels::error_sums& sums() const { return sums_; }

  error_report report() const {
    error_report r;
    r.count = count_;
    if (count_ == 0) return r;
    const double n = static_cast<double>(count_);
    const kernels::error_sums& s = sums_;
    const bool valid = s.square == s.square;
    r.mse = s.square / n;
    r.rmse = std::sqrt(r.mse);
    r.mae = s.magnitude / n;
    r.max_abs = valid ? s.largest : s.square;
    r.mean = s.error / n;
    r.sqnr_db = decibel(s.x_square, s.square);
    r.psnr = decibel((high_ - low_) * (high_ - low_), r.mse);
    const double norms = std::sqrt(s.x_square) * std::sqrt(s.y_square);
    r.cosine = s.x_square == 0 && s.y_square == 0 ? 1 : norms == 0 ? 0 : s.product / norms;
    return r;
  }

  /// 10 log10(signal / noise), +infinity without noise.
  static double decibel(double signal, double noise) {
    if (noise == 0) return std::numeric_limits<double>::infinity();
    return 10 * std::log10(signal / noise);
  }

 private:
  kernels::error_sums sums_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
  index_t count_ = 0;
};

}  // namespace metrics

namespace reports {

inline std::string number(double x, const char* unit = "") {
  char text[64];
  std::snprintf(text, sizeof text, "%.6g%s", x, unit);
  return text;
}
inline std::string row(const char* name, const std::string& value) {
  std::string line = name;
  line.resize(std::max<std::size_t>(line.size(), 16), ' ');
  return line.append(value).append("\n");
}

}  // namespace reports

/// A small table; an error of zero is called exact.
inline std::string to_string(const error_report& r) {
  using reports::number, reports::row;
  const auto decibel = [&](double x) { return r.exact() ? std::string("exact") : number(x, " dB"); };
  return row("values", std::to_string(r.count)) + row("mse", number(r.mse)) + row("rmse", number(r.rmse)) +
         row("mae", number(r.mae)) + row("max abs error", number(r.max_abs)) +
         row("mean error", number(r.mean)) + row("sqnr", decibel(r.sqnr_db)) + row("psnr", decibel(r.psnr)) +
         row("cosine", number(r.cosine));
}

inline std::string to_string(const quantization_report& r) {
  using reports::number, reports::row;
  return to_string(static_cast<const error_report&>(r)) +
         row("clipped", number(100 * r.clipped, " % of the values")) +
         row("  mse of those", number(r.mse_clipping)) + row("  of the others", number(r.mse_rounding)) +
         row("codes used", contract::joined(r.codes_used, " of ", r.codes)) +
         row("bits per value", number(r.bits_per_value));
}

template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const error_report& r) {
  return out << to_string(r);
}
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             const quantization_report& r) {
  return out << to_string(r);
}

}  // namespace equant::inline EQUANT_ABI
