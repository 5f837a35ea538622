// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/convert.hpp>
#include <equant/quantizers/block_values.hpp>

/// Real numbers into the parameters that blocks keep, one by one or some at a time. Those that are blocks themselves
/// are given their own parameters before.
namespace equant::inline EQUANT_ABI::block_store {

/// What a parameter at a place becomes when it is kept there: r(x) is the nearest value, r.code(x) its code.
template <class Scheme>
struct rounding;

template <>
struct rounding<no_offset> {
  rounding(const stored<no_offset>&, index_t, index_t) {}
  float operator()(float) const { return 0; }
};
template <>
struct rounding<raw<>> {
  rounding(const stored<raw<>>&, index_t, index_t) {}
  float operator()(float x) const { return x; }
};
template <class F>
struct rounding<cast<F>> {
  using format = typename cast<F>::format_type;
  rounding(const stored<cast<F>>&, index_t, index_t) {}
  auto code(float x) const { return format::encode(x); }
  float operator()(float x) const { return format::decode(code(x)); }
};
template <class Format, class Scale, index_t Length, class Offset, class Rule>
struct rounding<block<Format, Scale, Length, Offset, Rule>> {
  using scheme = block<Format, Scale, Length, Offset, Rule>;

  rounding(const stored<scheme>& q, index_t line, index_t i) : p(block_values::parameters_of(q, line, i)) {}
  auto code(float x) const { return Format{}.encode(p.scale == 0 ? 0 : (x + p.offset) / p.scale); }
  float operator()(float x) const {
    const auto c = code(x);
    float y = 0;
    block_values::decode_block<Format, scheme::has_offset>(&c, 1, p.scale, p.offset, &y);
    return y;
  }

  kernels::block_parameters p;
};

inline void store(stored<no_offset>&, index_t, index_t, float) {}
inline void store(stored<raw<>>& q, index_t line, index_t i, float x) { q.values()[line * q.size().length + i] = x; }
template <class Scheme>
void store(stored<Scheme>& q, index_t line, index_t i, float x) {
  q.set(line, i, rounding<Scheme>(q, line, i).code(x));
}

/// n parameters of a line from `first` on.
inline void store(stored<no_offset>&, index_t, index_t, const float*, index_t) {}
inline void store(stored<raw<>>& q, index_t line, index_t first, const float* x, index_t n) {
  std::copy_n(x, n, q.values() + line * q.size().length + first);
}
template <class F>
void store(stored<cast<F>>& q, index_t line, index_t first, const float* x, index_t n) {
  using format = typename cast<F>::format_type;
  code_word<format::bits> words[block_values::chunk];
  float within[block_values::chunk];
  for (index_t done = 0; done < n; done += block_values::chunk) {
    const index_t m = std::min(block_values::chunk, n - done);
    if constexpr (std::same_as<F, fp16>) {
      for (index_t i = 0; i < m; ++i) within[i] = std::clamp(x[done + i], -format::largest(), format::largest());
      kernels::narrow(kernels::half_words{}, static_cast<const float*>(within), m, words);
    } else {
      for (index_t i = 0; i < m; ++i) words[i] = format::encode(x[done + i]);
    }
    q.put(line, first + done, words, m);
  }
}

}  // namespace equant::inline EQUANT_ABI::block_store
