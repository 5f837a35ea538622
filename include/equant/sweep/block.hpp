// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/compare.hpp>
#include <equant/quantize.hpp>
#include <equant/sweep/table.hpp>

namespace equant::inline EQUANT_ABI::sweep {

/// Rows of the block schemes, and of minifloats per tensor, under the width of their codes, at their true bits per
/// value. The usual schemes of 4 bits are there by their own rule and searched; whatever searches is left out where a
/// tensor has more than `most_values`, for which it would take seconds.
struct block_rows {
  static constexpr const char* kind = "block";
  static constexpr index_t most_values = index_t{1} << 19;

  template <class T, int Bits>
  void operator()(const view<const T>& x, std::integral_constant<int, Bits> bits, table& out) const {
    if constexpr (std::same_as<T, float>) {
      rows_of(x, bits, out);
    } else {  // block schemes compute in float, and are compiled once
      aligned_vector<float> values(static_cast<std::size_t>(x.count()));
      const view<float> same{values.data(), x.sizes, row_major_strides(x.sizes)};
      const line_table lines = quantized_blocks<q8_0>::lines_of(x.sizes);
      const auto copy = [&](index_t line, index_t first, index_t n, const float* v) {
        std::copy_n(v, n, values.data() + line * lines.length + first);
      };
      value_lines<const T>(x, lines).read(0, lines.lines, 512, copy);
      rows_of(view<const float>(same), bits, out);
    }
  }

 private:
  template <int Bits>
  void rows_of(const view<const float>& x, std::integral_constant<int, Bits>, table& out) const {
    if constexpr (Bits == 2) {
      add<tq2_0>("tq2_0", x, out);
      add<q2_k>("q2_k", x, out);
    } else if constexpr (Bits == 3) {
      add<q3_k>("q3_k", x, out);
    } else if constexpr (Bits == 4) {
      both<mxfp4>("mxfp4", x, out);
      both<nvfp4>("nvfp4", x, out);
      both<nf4_blocks>("nf4", x, out);
      both<q4_0>("q4_0", x, out);
      both<q4_1>("q4_1", x, out);
      both<iq4_nl>("iq4_nl", x, out);
      add<iq4_xs>("iq4_xs", x, out);
      add<q4_k>("q4_k", x, out);
    } else if constexpr (Bits == 5) {
      add<q5_0>("q5_0", x, out);
      add<q5_1>("q5_1", x, out);
      add<q5_k>("q5_k", x, out);
    } else if constexpr (Bits == 6) {
      add<mxfp6_e2m3>("mxfp6 e2m3", x, out);
      add<mxfp6_e3m2>("mxfp6 e3m2", x, out);
      add<q6_k>("q6_k", x, out);
    } else if constexpr (Bits == 8) {
      add<mxfp8_e4m3>("mxfp8 e4m3", x, out);
      add<mxfp8_e5m2>("mxfp8 e5m2", x, out);
      add<mxint8>("mxint8", x, out);
      add<q8_0>("q8_0", x, out);
      add<fp8_e4m3>("fp8 e4m3", x, out);
      add<fp8_e5m2>("fp8 e5m2", x, out);
    }
  }

  template <class Scheme, class... Options>
  static void add(const char* name, const view<const float>& x, table& out, const Options&... options) {
    if (x.count() > most_values && searches<Scheme, Options...>()) return;
    const auto q = quantize<Scheme>(x, options...);
    if constexpr (block_scheme<Scheme>) {
      const std::string blocks = contract::joined("blocks of ", Scheme::length);
      out.rows.push_back(measured(Scheme::format_type::bits, name, blocks, compare(x, q), q.size_bytes()));
    } else {
      out.rows.push_back(measured(Scheme::bits, name, to_string(per_tensor), compare(x, q), q.size_bytes()));
    }
  }

  template <class Scheme, class... Options>
  static constexpr bool searches() {
    if constexpr (block_scheme<Scheme>) {
      return sizeof...(Options) > 0 || std::same_as<typename Scheme::rule_type, rules::least_error>;
    } else {
      return false;
    }
  }

  template <class Scheme>
  static void both(const char* name, const view<const float>& x, table& out) {
    add<Scheme>(name, x, out);
    add<Scheme>(contract::joined(name, " searched").c_str(), x, out, searched{});
  }
};

}  // namespace equant::inline EQUANT_ABI::sweep
