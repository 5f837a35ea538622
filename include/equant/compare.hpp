// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/metrics/error.hpp>
#include <equant/quantizers/block_quantizer.hpp>
#include <equant/quantizers/uniform_quantizer.hpp>

namespace equant::inline EQUANT_ABI {

namespace comparing {

inline void check_sizes(const shape& a, const shape& b) {
  if (a != b) contract::invalid_argument("comparing a tensor of ", to_string(a), " with one of ", to_string(b));
}

/// Calls f(x, y, n) with contiguous pairs of two tensors of the same shape, in any layouts.
template <class T, class U, class F>
void for_each_pair(const view<const T>& x, const view<const U>& y, F&& f) {
  check_sizes(x.sizes, y.sizes);
  using wide = std::conditional_t<std::same_as<working<T>, working<U>>, working<T>, double>;
  const traversal walk(x.sizes, x.order(), x.strides, y.strides, normal_form(per_tensor, x.sizes));
  walk.for_each_run([&](const run& r) {
    read_line_as<wide>(x.data + r.a, r.a_step, r.count, [&](const wide* a, index_t n, index_t at) {
      read_line_as<wide>(y.data + r.b + at * r.b_step, r.b_step, n,
                         [&](const wide* b, index_t m, index_t k) { f(a + k, b, m); });
    });
  });
}

/// Whether x lies beyond what the format represents; `word` is its code, and only the two at the ends can say so.
template <element_format Format, class T, class Map>
bool clips(const Format& format, code_word<Format::bits> word, T x, const run_parameters<Map>& p) {
  T inside = 0;
  if constexpr (integer_format<Format>) {
    const std::int32_t code = Format::value(word);
    if (code != Format::range.lowest && code != Format::range.highest && x == x) return false;
    kernels::gradient_mask(rules_of<convention::standard, Map>{}, &x, index_t{1}, p, Format::range, &inside);
  } else {
    kernels::gradient_mask(format, &x, index_t{1}, p, &inside);
  }
  return inside == 0;
}

/// What a quantization_report is made of.
class gathered {
 public:
  explicit gathered(index_t codes) : used_(static_cast<std::size_t>(codes), 0) {}

  template <class T>
  void add(const T* x, const T* y, index_t n) {
    sums_.add(x, y, n);
  }
  void add_code(std::size_t code) { used_[code] = 1; }
  void add_clipped(double error) {
    clipped_square_ = std::fma(error, error, clipped_square_);
    ++clipped_;
  }

  quantization_report report(double bits_per_value) const {
    quantization_report r{sums_.report()};
    r.codes = static_cast<index_t>(used_.size());
    r.codes_used = std::count(used_.begin(), used_.end(), 1);
    r.bits_per_value = bits_per_value;
    if (r.count > 0) {
      const double n = static_cast<double>(r.count);
      r.clipped = static_cast<double>(clipped_) / n;
      r.mse_clipping = clipped_square_ / n;
      r.mse_rounding = std::max(r.mse - r.mse_clipping, 0.0);  // NaN stays NaN
    }
    return r;
  }

 private:
  metrics::error_accumulator sums_;
  std::vector<char> used_;
  double clipped_square_ = 0;
  index_t clipped_ = 0;
};

}  // namespace comparing

/// The error of y against the reference x, two tensors of the same shape in any layouts. Computed in double where
/// either is double, else as differences of floats.
template <tensor_source X, tensor_source Y>
error_report compare(const X& x, const Y& y) {
  metrics::error_accumulator sums;
  with_view(x, [&](const auto& a) {
    with_view(y, [&](const auto& b) {
      comparing::for_each_pair(a, b, [&](const auto* u, const auto* v, index_t n) { sums.add(u, v, n); });
    });
  });
  return sums.report();
}

/// The error of a quantized tensor against the x it was made from, with what was clipped, what was rounded, how many
/// codes occur and what it takes to store.
template <tensor_source X, class Format, class Map>
quantization_report compare(const X& x, const quantized<Format, dynamic_size, Map>& q) {
  comparing::gathered found(index_t{1} << Format::bits);
  with_view(x, [&](const auto& v) {
    comparing::check_sizes(v.sizes, q.sizes());
    using T = working<scalar_of<X>>;
    const traversal walk(q.sizes(), q.order(), q.strides(), v.strides, q.blocks());
    walk.for_each_run([&](const run& r) {
      T y[line_chunk];
      code_word<Format::bits> words[line_chunk];
      for (index_t done = 0; done < r.count; done += line_chunk) {
        const index_t n = std::min(line_chunk, r.count - done);
        const auto p = q.params().at(r.parameter + done * r.parameter_step, r.parameter_step);
        code_lines::decode(q.format(), q.bytes().data(), r.a + done, n, p, y);
        unpack<Format::bits>(q.bytes().data(), r.a + done, words, n);
        for (index_t i = 0; i < n; ++i) found.add_code(words[i]);
        read_line(v.data + r.b + done * r.b_step, r.b_step, n, [&](const T* from, index_t m, index_t k) {
          found.add(from, y + k, m);
          for (index_t i = 0; i < m; ++i) {
            if (!comparing::clips(q.format(), words[k + i], from[i], p.from(k + i))) continue;
            found.add_clipped(static_cast<double>(y[k + i]) - static_cast<double>(from[i]));
          }
        });
      }
    });
  });
  return found.report(q.bits_per_value());
}

/// The same of a tensor in a block scheme.
template <tensor_source X, block_scheme Scheme>
quantization_report compare(const X& x, const quantized_blocks<Scheme>& q) {
  using format = typename Scheme::format_type;
  constexpr index_t chunk = Scheme::length == whole ? line_chunk : (line_chunk / Scheme::length + 1) * Scheme::length;
  comparing::gathered found(index_t{1} << format::bits);
  with_view(x, [&](const auto& v) {
    comparing::check_sizes(v.sizes, q.sizes());
    value_lines<const scalar_of<X>> lines(v, q.size());
    aligned_vector<float> y(static_cast<std::size_t>(chunk));
    lines.read(0, q.size().lines, chunk, [&](index_t line, index_t first, index_t n, const float* from) {
      for (index_t done = 0; done < n; done += chunk) {
        const index_t m = std::min(chunk, n - done);
        block_values::decode(q, line, first + done, m, y.data());
        found.add(from + done, static_cast<const float*>(y.data()), m);
        kernels::block_parameters p;
        for (index_t i = 0; i < m; ++i) {
          const index_t at = first + done + i;
          if (i == 0 || Scheme::starts_at(at)) p = block_values::parameters_of(q, line, at);
          found.add_code(q.code(line, at));
          const float x_i = from[done + i];
          if (p.scale == 0 || format{}.contains((x_i + p.offset) / p.scale)) continue;
          found.add_clipped(static_cast<double>(y[static_cast<std::size_t>(i)]) - static_cast<double>(x_i));
        }
      }
    });
  });
  return found.report(q.bits_per_value());
}

/// The measures by name, for two tensors; see error_report.
namespace metrics {

double mse(const tensor_source auto& x, const tensor_source auto& y) { return compare(x, y).mse; }
double rmse(const tensor_source auto& x, const tensor_source auto& y) { return compare(x, y).rmse; }
double mae(const tensor_source auto& x, const tensor_source auto& y) { return compare(x, y).mae; }
double max_abs(const tensor_source auto& x, const tensor_source auto& y) { return compare(x, y).max_abs; }
double mean_error(const tensor_source auto& x, const tensor_source auto& y) { return compare(x, y).mean; }
double sqnr_db(const tensor_source auto& x, const tensor_source auto& y) { return compare(x, y).sqnr_db; }
double psnr(const tensor_source auto& x, const tensor_source auto& y) { return compare(x, y).psnr; }
double cosine(const tensor_source auto& x, const tensor_source auto& y) { return compare(x, y).cosine; }

}  // namespace metrics
}  // namespace equant::inline EQUANT_ABI
