// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/contract.hpp>
#include <equant/quantizers/lloyd_max.hpp>
#include <equant/quantizers/trellis_code.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <vector>

/// What a weight may become, in units of its scale. A code rounds the weights of one input, one of each output,
/// together: `code.round(column)`.
namespace equant::inline EQUANT_ABI::weights {

/// Ascending levels, each weight on its own.
class levels {
 public:
  explicit levels(std::vector<float> values) : values_(std::move(values)) {
    if (values_.empty() || values_.size() > 256) {
      contract::invalid_argument(values_.size(), " levels; 1 to 256 are possible");
    }
    for (std::size_t i = 1; i < values_.size(); ++i) {
      if (!(values_[i - 1] < values_[i])) contract::invalid_argument("level ", values_[i], " after ", values_[i - 1]);
      thresholds_.push_back((values_[i - 1] + values_[i]) / 2);
    }
    whole_ =
        values_[0] == std::rint(values_[0]) && values_.back() - values_[0] + 1 == static_cast<float>(values_.size());
    for (float x : values_) whole_ = whole_ && x == std::rint(x);
  }
  /// -(2^(bits - 1) - 1) to 2^(bits - 1) - 1: zero in the middle.
  static levels integers(int bits) {
    if (bits < 2 || bits > 8) contract::invalid_argument("integers of ", bits, " bits; 2 to 8 are possible");
    std::vector<float> values;
    for (int i = 1 - (1 << (bits - 1)); i < 1 << (bits - 1); ++i) values.push_back(static_cast<float>(i));
    return levels(std::move(values));
  }
  /// The 2^bits levels of least error for a Gaussian of variance 1: Lloyd 1957, Max 1960.
  static levels gaussian(int bits) {
    if (bits < 1 || bits > 8) contract::invalid_argument("levels of ", bits, " bits; 1 to 8 are possible");
    const std::vector<double> best = lloyd_max_levels<densities::gaussian>(1 << bits);
    return levels(std::vector<float>(best.begin(), best.end()));
  }

  std::size_t size() const { return values_.size(); }
  float value(std::size_t code) const { return values_[code]; }
  /// The largest magnitude.
  float reach() const { return std::max(std::abs(values_.front()), std::abs(values_.back())); }
  /// The number of the nearest level; of 0 for NaN. Between two integers the even one.
  std::size_t code(float x) const {
    if (x != x) x = 0;
    if (whole_) {
      return static_cast<std::size_t>(std::min(std::max(std::rint(x), values_[0]), values_.back()) - values_[0]);
    }
    return static_cast<std::size_t>(std::upper_bound(thresholds_.begin(), thresholds_.end(), x) - thresholds_.begin());
  }
  float nearest(float x) const { return values_[code(x)]; }
  void round(Eigen::VectorXf& column) const {
    if (whole_) {
      auto x = column.array();
      x = (x == x).select(x, 0).rint().max(values_[0]).min(values_.back());
    } else {
      for (index_t o = 0; o < column.size(); ++o) column[o] = nearest(column[o]);
    }
  }

 private:
  std::vector<float> values_, thresholds_;
  bool whole_ = false;  // neighbouring integers
};

/// Trellis codes along the outputs: the weights of an input are blocks of one circular code, Bits bits each.
template <int Bits>
class trellis_levels {
 public:
  explicit trellis_levels(int length = 12) : code_(length) {}

  void round(Eigen::VectorXf& column) const {
    stream_.assign(code_.bytes(column.size()), 0);
    code_.encode(column.data(), column.size(), stream_.data());
    code_.decode(stream_.data(), column.size(), column.data());
  }

 private:
  trellis_code<Bits> code_;
  mutable std::vector<std::uint8_t> stream_;
};

}  // namespace equant::inline EQUANT_ABI::weights
