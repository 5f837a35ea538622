// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/sweep/table.hpp>
#include <equant/vector.hpp>

namespace equant::inline EQUANT_ABI::sweep {

/// Rows of the vector quantizers, per tensor, up to 4 bits: trellises, with the values of a Gaussian and with a table
/// fitted to the tensor; products of 2 to 8 values with their codebook; and at 2 bits the lattices D4 and E8. What is
/// fitted sees some 2^15 of the values, in stretches spread evenly, and is measured on all.
struct vector_rows {
  static constexpr const char* kind = "vector";
  static constexpr int length = 10;         // of a trellis: more is better and slower
  static constexpr int fitted_length = 8;   // its table is stored
  static constexpr index_t stretch = 256, most_stretches = 128;

  template <class T, int Bits>
  void operator()(const view<const T>& x, std::integral_constant<int, Bits>, table& out) const {
    if constexpr (Bits <= 4) {
      const std::vector<float> values = sample(vectors::normalised(x).values);
      add("trellis", Bits, x, trellis_quantizer<Bits>(length), out);
      add("fitted trellis", Bits, x, trellis_quantizer<Bits>(trellis_code<Bits>::trained(values, fitted_length)), out);
      constexpr index_t dim = 8 / Bits;
      const product_options options{.dim = dim, .bits = static_cast<int>(dim) * Bits, .passes = 25};
      add(contract::joined("products of ", dim).c_str(), Bits, x,
          product_quantizer(product_code::trained(values, options)), out);
    }
    if constexpr (Bits == 2) {
      add("lattice D4", Bits, x, lattice_quantizer<4>(), out);
      add("lattice E8", Bits, x, lattice_quantizer<8>(), out);
    }
  }

 private:
  static std::vector<float> sample(std::vector<float> values) {
    const auto stretches = static_cast<index_t>(values.size()) / stretch;
    if (stretches <= most_stretches) return values;
    for (index_t i = 0; i < most_stretches; ++i) {
      const auto from = values.begin() + stretches * i / most_stretches * stretch;
      std::copy(from, from + stretch, values.begin() + i * stretch);
    }
    values.resize(static_cast<std::size_t>(most_stretches * stretch));
    return values;
  }

  template <class T, class Quantizer>
  static void add(const char* name, int bits, const view<const T>& x, const Quantizer& quantizer, table& out) {
    const auto q = quantizer.quantize(x);
    out.rows.push_back(measured(bits, name, to_string(per_tensor), compare(x, q), q.size_bytes()));
  }
};

}  // namespace equant::inline EQUANT_ABI::sweep
