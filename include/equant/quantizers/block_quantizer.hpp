// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/scan.hpp>
#include <equant/kernels/quantize_blocks.hpp>
#include <equant/quantizers/block_store.hpp>
#include <equant/quantizers/block_search.hpp>
#include <equant/quantizers/uniform_quantizer.hpp>
#include <equant/quantizers/value_lines.hpp>

namespace equant::inline EQUANT_ABI {

/// How the scale and the offset of a block are chosen: by the rule of its scheme, or by a search for the least squares
/// of errors, for the same bytes.
struct by_rule {};
struct searched {};

/// Quantizes tensors in a block scheme; the values of a double are narrowed to float.
///
/// Where parameters are quantized themselves, those of all blocks are found first, then they are quantized as a table
/// of their own scheme, and codes are chosen for what came of them. The result does not depend on the executor.
template <block_scheme Scheme, class Choice = by_rule>
class block_quantizer {
 public:
  using format = typename Scheme::format_type;
  using rule = typename Scheme::rule_type;
  using result = quantized_blocks<Scheme>;

  /// Throws std::invalid_argument on NaN and infinity, naming the place, or leaves them out of what parameters are
  /// chosen by; then infinities saturate and NaN goes to the code of zero.
  template <tensor_source X, executor Executor = serial>
  result quantize(const X& x, non_finite policy = non_finite::reject, Executor&& run_on = {}) const {
    return with_view(x, [&](const auto& v) {
      result q(v.sizes);
      encode(v, q, policy, run_on);
      return q;
    });
  }

  /// The same into an existing result of the same shape, whose memory is used again.
  template <tensor_source X, executor Executor = serial>
  void quantize_into(const X& x, result& q, non_finite policy = non_finite::reject, Executor&& run_on = {}) const {
    with_view(x, [&](const auto& v) {
      if (q.sizes() != v.sizes) q = result(v.sizes);
      encode(v, q, policy, run_on);
    });
  }

  /// The same of a table of parameters, lines of finite values. A search counts errors by the weights.
  void encode_table(const aligned_vector<float>& x, const aligned_vector<float>& weights, stored<Scheme>& q) const {
    const line_table& t = q.size();
    if constexpr (searches && direct) {
      for (index_t line = 0; line < t.lines; ++line) {
        const index_t start = line * t.length;
        for_each_block(line, 0, t.length, [&](index_t row, index_t b, index_t at, index_t m) {
          encode_block(q, line, row, b, at, m, x.data() + start + at, weights.data() + start + at);
        });
      }
    } else {
      const view<const float> table{x.data(), shape{t.lines, t.length}, shape{t.length, 1}};
      encode(table, q, non_finite::reject, serial{});
    }
  }

 private:
  static constexpr index_t length = Scheme::length;
  static constexpr bool has_offset = Scheme::has_offset;
  /// What is gone through at a time: some thousand values.
  static constexpr index_t chunk = length == whole ? 4096 : (4096 + length - 1) / length * length;
  /// Parameters are kept as they come, so that a block is done in one go.
  static constexpr bool direct = length != whole && !block_scheme<typename Scheme::scale_type> &&
                                 !block_scheme<typename Scheme::offset_type>;
  static constexpr bool searches =  // but not over a whole tensor
      length != whole && (std::same_as<Choice, searched> || std::same_as<rule, rules::least_error>);
  static constexpr bool at_once = !searches && kernels::codes_at_once<rule>;
  static_assert(!at_once || (direct && length <= kernels::longest_block),
                "equant: this rule is for blocks of 256 values at most, whose parameters are kept directly");

  using parameters = kernels::block_parameters;
  using word = code_word<format::bits>;

  template <class T, class Executor>
  void encode(const view<const T>& x, stored<Scheme>& q, non_finite policy, Executor&& run_on) const {
    /// f(line, first, n, values) on finite values; where some are not, their codes are chosen last.
    const auto finite = [&](auto f) {
      return [&x, &q, policy, f](index_t line, index_t first, index_t n, const float* values) {
        if (all_finite(values, n)) return f(line, first, n, values);
        if (policy == non_finite::reject) scanning::reject_non_finite(x);
        const aligned_vector<float> clean = without_non_finite(values, n);
        f(line, first, n, clean.data());
        recode_non_finite(q, line, first, n, values);
      };
    };
    if constexpr (at_once) {
      const auto carefully = finite([&](index_t line, index_t first, index_t n, const float* values) {
        static_cast<void>(by_kernel(q, line, first, n, values));
      });
      for_each_chunk(x, q, run_on, [&](index_t line, index_t first, index_t n, const float* values) {
        if (!by_kernel(q, line, first, n, values)) carefully(line, first, n, values);
      });
    } else {
      if constexpr (!direct) find_parameters(x, q, finite, run_on);
      for_each_chunk(x, q, run_on, finite([&](index_t line, index_t first, index_t n, const float* values) {
        for_each_block(line, first, n, [&](index_t row, index_t b, index_t at, index_t m) {
          encode_block(q, line, row, b, first + at, m, values + at);
        });
      }));
    }
  }

  /// Chooses the parameters of one block, unless they are there already, and its codes.
  static void encode_block(stored<Scheme>& q, index_t line, index_t row, index_t b, index_t first, index_t n,
                           const float* x, const float* weights = nullptr) {
    if constexpr (direct || searches) {
      const parameters p = choose(x, weights, n, rounding_of(q.scales(), row, b), rounding_of(q.offsets(), row, b));
      block_store::store(q.scales(), row, b, p.scale);
      block_store::store(q.offsets(), row, b, p.offset);
    }
    const parameters kept{block_values::value(q.scales(), row, b), block_values::value(q.offsets(), row, b)};
    word words[block_values::chunk];
    for (index_t i = 0; i < n; i += block_values::chunk) {
      const index_t m = std::min(block_values::chunk, n - i);
      kernels::encode_block(format{}, x + i, m, kept, words);
      q.put(line, first + i, words, m);
    }
  }

  /// Finds the parameters of all blocks as real numbers, and has them quantized by their own scheme.
  template <class T, class Finite, class Executor>
  void find_parameters(const view<const T>& x, stored<Scheme>& q, Finite finite, Executor& run_on) const {
    const line_table blocks = q.size().blocks(length);
    const auto size = static_cast<std::size_t>(blocks.count());
    // What an error of a parameter costs: that of a scale as much as the squares of the levels it multiplies.
    aligned_vector<float> scales(size), offsets(size), scale_weights(size, 1), offset_weights(size, 1);
    const auto keep = [&](index_t i, parameters p, double scale_weight = 1, double offset_weight = 1) {
      const auto at = static_cast<std::size_t>(i);
      scales[at] = p.scale;
      offsets[at] = p.offset;
      scale_weights[at] = static_cast<float>(scale_weight);
      offset_weights[at] = static_cast<float>(offset_weight);
    };
    if constexpr (length == whole) {
      float ends[2] = {};
      bool any = false;
      for_each_chunk(x, q, serial{}, finite([&](index_t, index_t, index_t n, const float* values) {
        const auto r = kernels::block_rules::range_of(values, n);
        ends[0] = any ? std::min(ends[0], r.low) : r.low;
        ends[1] = any ? std::max(ends[1], r.high) : r.high;
        any = true;
      }));
      if (any) keep(0, kernels::fit(rules::standard{}, format{}, ends, 2, has_offset));
    } else {
      for_each_chunk(x, q, run_on, finite([&](index_t line, index_t first, index_t n, const float* values) {
        for_each_block(line, first, n, [&](index_t row, index_t b, index_t at, index_t m) {
          const parameters p = choose(values + at, nullptr, m, real<typename Scheme::scale_type>,
                                      real<typename Scheme::offset_type>);
          const auto sums = block_search::sums_of(format{}, values + at, nullptr, m, p.scale, p.offset);
          keep(row * blocks.length + b, p, sums.cc, sums.n);
        });
      }));
    }
    keep_table(q.scales(), scales, scale_weights);
    if constexpr (has_offset) keep_table(q.offsets(), offsets, offset_weights);
  }

  template <class S>
  static void keep_table(stored<S>& q, const aligned_vector<float>& table, const aligned_vector<float>& weights) {
    if constexpr (block_scheme<S>) {
      block_quantizer<S, std::conditional_t<searches, searched, by_rule>>().encode_table(table, weights, q);
    } else {
      const line_table& t = q.size();
      for (index_t line = 0; line < t.lines; ++line) {
        block_store::store(q, line, 0, table.data() + line * t.length, t.length);
      }
    }
  }

  /// A parameter before it is rounded: negative only where its scheme holds negative numbers.
  template <class S>
  static float real(float x) {
    if constexpr (block_scheme<S>) {
      constexpr typename S::format_type f{};
      if constexpr (!S::has_offset && f.decode(f.encode(-1)) >= 0) return std::max(x, 0.0f);
    }
    return x;
  }

  template <class S>
  static block_store::rounding<S> rounding_of(const stored<S>& q, index_t row, index_t b) {
    return {q, row, b};
  }

  template <class RoundScale, class RoundOffset>
  static parameters choose(const float* x, const float* weights, index_t n, RoundScale round_scale,
                           RoundOffset round_offset) {
    if constexpr (searches) {
      using search = block_search::search<format, has_offset, RoundScale, RoundOffset>;
      return search(format{}, x, weights, n, round_scale, round_offset).best(by_rule_of(x, n));
    } else {
      return by_rule_of(x, n);
    }
  }

  static parameters by_rule_of(const float* x, index_t n) {
    if constexpr (kernels::codes_at_once<rule>) {
      aligned_vector<word> codes(static_cast<std::size_t>(n));
      return kernels::fit(rule{}, format{}, x, n, codes.data());
    } else {
      return kernels::fit(rules::standard{}, format{}, x, n, has_offset);
    }
  }

  /// Codes and parameters of whole blocks in one go; false where a value is not finite.
  static bool by_kernel(stored<Scheme>& q, index_t line, index_t first, index_t n, const float* x) {
    constexpr std::size_t blocks = std::size_t{chunk} / length;
    float scale[blocks], offset[blocks];
    const index_t position = line * q.size().length + first;
    const auto run = [&](auto codes) {
      return kernels::quantize_blocks(rule{}, format{}, length, x, n, codes, scale, offset);
    };
    bool usable = true;
    if constexpr (format::bits == 8) {
      usable = run(q.bytes() + position);
    } else {
      bool packed = false;
      if constexpr (format::bits == 4) {
        packed = length % 2 == 0 && position % 2 == 0 && n % 2 == 0;
        if (packed) usable = run(nibbles<std::uint8_t>{q.bytes() + position / 2});
      }
      if (!packed) {
        word words[std::size_t{chunk}];
        usable = run(static_cast<word*>(words));
        q.put(line, first, words, n);
      }
    }
    const index_t here = (n + length - 1) / length;
    block_store::store(q.scales(), line, first / length, scale, here);
    block_store::store(q.offsets(), line, first / length, offset, here);
    return usable;
  }

  template <class T, class Executor, class F>
  static void for_each_chunk(const view<const T>& x, const stored<Scheme>& q, Executor&& run_on, F&& f) {
    for_each_part(q.size(), run_on, [&](index_t from, index_t to) {
      value_lines<const T> lines(x, q.size());
      lines.read(from, to, chunk, [&](index_t line, index_t first, index_t n, const float* values) {
        for (index_t done = 0; done < n; done += chunk) {
          f(line, first + done, std::min(chunk, n - done), values + done);
        }
      });
    });
  }

  /// f(line of its parameters, their place in it, start in the chunk, count) for the blocks of a chunk.
  template <class F>
  static void for_each_block(index_t line, index_t first, index_t n, F&& f) {
    if constexpr (length == whole) {
      f(index_t{0}, index_t{0}, index_t{0}, n);
    } else {
      for (index_t at = 0; at < n; at += length) f(line, (first + at) / length, at, std::min(length, n - at));
    }
  }

  static bool all_finite(const float* x, index_t n) {
    return kernels::block_rules::largest_magnitude(x, n) <= std::numeric_limits<float>::max();
  }

  /// Those that are not finite replaced by one of the same block that is.
  static aligned_vector<float> without_non_finite(const float* x, index_t n) {
    aligned_vector<float> clean(x, x + n);
    for_each_block(0, 0, n, [&](index_t, index_t, index_t at, index_t m) {
      const float* end = x + at + m;
      const float* usable = std::find_if(x + at, end, [](float v) { return scanning::finite(v); });
      for (float* v = clean.data() + at; v != clean.data() + at + m; ++v) {
        if (!scanning::finite(*v)) *v = usable == end ? 0 : *usable;
      }
    });
    return clean;
  }

  static void recode_non_finite(stored<Scheme>& q, index_t line, index_t first, index_t n, const float* x) {
    for_each_block(line, first, n, [&](index_t, index_t, index_t at, index_t m) {
      const parameters p = block_values::parameters_of(q, line, first + at);
      for (index_t i = at; i < at + m; ++i) {
        if (scanning::finite(x[i])) continue;
        const float v = x[i] != x[i] ? 0 : x[i];
        word code = 0;
        kernels::encode_block(format{}, &v, 1, p, &code);
        q.set(line, first + i, code);
      }
    });
  }
};

/// Writes the real values of q into `out`, a tensor or view of the same shape in any layout.
template <block_scheme Scheme, class Out, executor Executor = serial>
void dequantize_into(const quantized_blocks<Scheme>& q, Out&& out, Executor&& run_on = {}) {
  const auto y = room_for(q.sizes(), out);
  using T = typename decltype(y)::value_type;
  constexpr index_t chunk = Scheme::length == whole ? 512 : (511 / Scheme::length + 1) * Scheme::length;
  for_each_part(q.size(), run_on, [&](index_t from, index_t to) {
    value_lines<T> lines(y, q.size());
    lines.write(from, to, chunk, [&](index_t line, index_t first, index_t n, float* values) {
      block_values::decode(q, line, first, n, values);
    });
  });
}

}  // namespace equant::inline EQUANT_ABI
