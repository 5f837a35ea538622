// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/executor.hpp>
#include <equant/core/random.hpp>
#include <equant/quantizers/code_lines.hpp>

#include <cmath>

namespace equant::inline EQUANT_ABI {

/// 32 random bits for every position, from a seed and a counter: the same whoever asks, in whatever order.
struct counter_bits {
  std::uint64_t seed = 0;

  constexpr std::uint32_t operator()(std::uint64_t position) const {
    return static_cast<std::uint32_t>(splitmix64::mixed(splitmix64::mixed(seed) + position * splitmix64::step) >> 32);
  }
};

/// Rounding up or down at random, so that the mean is kept: up with the probability of the distance from below. The
/// bits are the caller's: any function from a position in the codes to 32 of them.
///
///   quantize<fp8_e4m3>(w, stochastic{counter_bits{seed}})
template <class Bits = counter_bits>
struct stochastic {
  Bits bits{};
};
template <class Bits>
stochastic(Bits) -> stochastic<Bits>;

/// Integers, and formats that round by random bits themselves: `encode(r, bits)`.
template <class F>
concept random_format = integer_format<F> || (element_format<F> && requires(const F f, float r, std::uint32_t bits) {
  { f.encode(r, bits) } -> std::same_as<code_word<F::bits>>;
});

/// A uniform quantizer that rounds so. The codes depend on the values, the parameters and the bits alone, not on
/// threads.
template <random_format Format, class Bits = counter_bits, class Map = affine>
class stochastic_quantizer {
 public:
  static_assert(std::is_integral_v<typename Map::zero_point_type>,
                "equant: stochastic rounding needs an integer zero point, or none");
  using result = quantized<Format, dynamic_size, Map>;

  explicit stochastic_quantizer(parameters<Map> p, Bits bits = {}) : parameters_(std::move(p)), bits_(bits) {}

  template <tensor_source X, executor Executor = serial>
  result quantize(const X& x, Executor&& run_on = {}) const {
    return with_view(x, [&](const auto& v) {
      result q(v.sizes, v.order(), parameters_);
      const traversal walk(v.sizes, q.order(), v.strides, q.strides(), q.blocks());
      for_each_run(walk, q.count(), run_on, [&](const run& r) {
        read_line(v.data + r.a, r.a_step, r.count, [&](const auto* from, index_t n, index_t offset) {
          encode(from, n, parameters_.at(r.parameter + offset * r.parameter_step, r.parameter_step), r.b + offset,
                 q.bytes().data());
        });
      });
      return q;
    });
  }

  /// The code of one number, in units of the scale: saturates, and sends NaN to the code of zero.
  static code_word<Format::bits> code(double r, std::int32_t zero_point, std::uint32_t random) {
    if constexpr (integer_format<Format>) {
      if (r != r) r = 0;
      const double low = Format::range.lowest - zero_point, high = Format::range.highest - zero_point;
      const double rounded = std::floor(std::clamp(r, low, high) + static_cast<double>(random) * 0x1p-32);
      return Format::to_word(static_cast<std::int32_t>(std::min(rounded, high)) + zero_point);
    } else {
      return Format{}.encode(static_cast<float>(r), random);
    }
  }

 private:
  template <class T>
  void encode(const T* x, index_t n, run_parameters<Map> p, index_t position, std::uint8_t* stream) const {
    code_lines::in_chunks<Format>(n, [&](code_word<Format::bits>* words, index_t first, index_t count) {
      for (index_t i = 0; i < count; ++i) {
        const auto here = p.from(first + i);
        const T r = *here.scale == 0 ? T(0) : x[first + i] / static_cast<T>(*here.scale);
        const std::uint32_t random = bits_(static_cast<std::uint64_t>(position + first + i));
        words[i] = code(static_cast<double>(r), *here.zero_point, random);
      }
      pack<Format::bits>(stream, position + first, words, count);
    });
  }

  parameters<Map> parameters_;
  Bits bits_;
};

}  // namespace equant::inline EQUANT_ABI
