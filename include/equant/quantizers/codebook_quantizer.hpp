// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/formats/codebook.hpp>
#include <equant/quantizers/uniform_quantizer.hpp>

#include <vector>

namespace equant::inline EQUANT_ABI {

/// A quantizer with levels of its own: code = place of the level nearest to x / scale, real = level * scale. Levels
/// found on data are in its unit, so that the scale is 1. All of uniform_quantizer's operations are here.
template <int Bits>
class codebook_quantizer : public uniform_quantizer<codebook<Bits>> {
  using base = uniform_quantizer<codebook<Bits>>;

 public:
  codebook_quantizer() = default;
  explicit codebook_quantizer(const codebook<Bits>& levels, parameters<affine> p = affine{})
      : base(std::move(p), levels) {}
  /// Of 1 to 2^Bits finite levels in any order.
  explicit codebook_quantizer(std::vector<double> levels, parameters<affine> p = affine{})
      : codebook_quantizer(ascending(std::move(levels)), std::move(p)) {}

  std::span<const float> levels() const& { return this->format().levels(); }
  std::span<const float> levels() const&& = delete;  // they live in the quantizer

 private:
  static codebook<Bits> ascending(std::vector<double> levels) {
    std::sort(levels.begin(), levels.end(), [](double a, double b) { return a < b; });
    const std::vector<float> narrow(levels.begin(), levels.end());
    return codebook<Bits>(narrow);
  }
};

}  // namespace equant::inline EQUANT_ABI
