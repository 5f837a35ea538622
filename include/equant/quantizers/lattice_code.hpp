// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/quantizers/lattice_book.hpp>
#include <equant/quantizers/vector_quantizer.hpp>

namespace equant::inline EQUANT_ABI {

/// Lattice quantization at 2 bits per value (Conway and Sloane, 1982): Dim values, a code of 2 Dim bits, the nearest
/// point of D4 (Dim = 4, 256 points) or E8 (Dim = 8, 65536 points) in a ball. The search is exact, and there is no
/// codebook to be trained or stored. A vector_code for values of mean 0 and variance 1; a ragged end is filled up with
/// zeros.
template <std::size_t Dim>
class lattice_code {
 public:
  static_assert(Dim == 4 || Dim == 8, "the lattices are D4 and E8");
  static constexpr auto dim = static_cast<index_t>(Dim);

  static constexpr index_t chunk() { return dim; }
  static constexpr std::size_t bytes(index_t n) { return static_cast<std::size_t>((n + dim - 1) / dim) * code_bytes; }
  static constexpr std::size_t size_bytes() { return 0; }

  void encode(const float* x, index_t n, std::uint8_t* stream) const {
    std::int32_t block[Dim];
    for (index_t first = 0; first < n; first += dim, stream += code_bytes) {
      for (index_t i = 0; i < dim; ++i) block[i] = first + i < n ? to_steps(x[first + i]) : 0;
      const std::uint32_t code = book().nearest(block, steps_per_half);
      for (std::size_t i = 0; i < code_bytes; ++i) stream[i] = static_cast<std::uint8_t>(code >> (8 * i));
    }
  }

  void decode(const std::uint8_t* stream, index_t n, float* y) const {
    for (index_t first = 0; first < n; first += dim, stream += code_bytes) {
      std::size_t code = 0;
      for (std::size_t i = 0; i < code_bytes; ++i) code |= std::size_t{stream[i]} << (8 * i);
      for (index_t i = 0; i < std::min(dim, n - first); ++i) {
        y[first + i] = static_cast<float>(book().points()[code][static_cast<std::size_t>(i)]) * half;
      }
    }
  }

  bool operator==(const lattice_code&) const = default;

 private:
  static constexpr std::size_t code_bytes = Dim / 4;
  /// Half a unit of the lattice, the best for a Gaussian.
  static constexpr float half = Dim == 4 ? 0.4125f : 0.4865f;
  /// Values are searched in whole numbers: the sums are exact.
  static constexpr std::int32_t steps_per_half = 4096;

  static std::int32_t to_steps(float x) {
    constexpr double most = 1 << 18;
    const double steps = static_cast<double>(x) * (steps_per_half / static_cast<double>(half));
    return static_cast<std::int32_t>(std::nearbyint(std::clamp(steps, -most, most)));
  }

  static const lattice::book<Dim>& book() {
    static const lattice::book<Dim> made = [] {
      if constexpr (Dim == 4) {
        return lattice::d4_book();
      } else {
        return lattice::e8_book();
      }
    }();
    return made;
  }
};

/// lattice_quantizer<8>().quantize(w): 2 bits per value by E8.
template <std::size_t Dim>
using lattice_quantizer = vector_quantizer<lattice_code<Dim>>;

}  // namespace equant::inline EQUANT_ABI
