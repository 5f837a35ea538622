// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/conventions.hpp>
#include <equant/core/executor.hpp>
#include <equant/kernels/fake_quantize.hpp>
#include <equant/quantizers/code_lines.hpp>

namespace equant::inline EQUANT_ABI {

/// Writes the real values of q into `out`, a tensor or view of the same shape in any layout. It may have further axes
/// of size 1: what was an array fits a vector or a matrix of one column. `run_on` may spread the work over threads.
template <class Format, class Map, class Out, executor Executor = serial>
void dequantize_into(const quantized<Format, dynamic_size, Map>& q, Out&& out, Executor&& run_on = {}) {
  const auto y = room_for(q.sizes(), out);
  using T = typename decltype(y)::value_type;
  const traversal walk(q.sizes(), q.order(), q.strides(), y.strides, q.blocks());
  const index_t moved = static_cast<index_t>(q.bytes().size() + sizeof(T) * static_cast<std::size_t>(q.count()));
  for_each_grid(walk, q.count(), run_on, [&](const run_grid& grid) {
    const run& first = grid.first;
    if constexpr (integer_format<Format> && Format::bits == 8 && std::same_as<T, working<T>>) {
      if (grid.short_lines()) {
        return kernels::dequantize_lines(code_lines::lines_of(grid, q.params()), q.bytes().data() + first.a,
                                         q.params().at(first.parameter, first.parameter_step), sign_bit<Format>,
                                         y.data + first.b);
      }
    }
    grid.for_each_run([&](const run& r) {
      const stores how =
          lines::in_place<T>(r.b_step) ? stores_for(moved, r.count * index_t{sizeof(T)}) : stores::cached;
      write_line(y.data + r.b, r.b_step, r.count, [&](working<T>* to, index_t n, index_t offset) {
        const auto p = q.params().at(r.parameter + offset * r.parameter_step, r.parameter_step);
        code_lines::decode(q.format(), q.bytes().data(), r.a + offset, n, p, to, how);
      });
    });
  });
}

/// Equal steps: a scale and a zero point per block, and an integer format.
///
///   code = clamp(round(x / scale) + zero_point),  real = (code - zero_point) * scale
///
/// The arithmetic is the convention's (standard: division, nearest even, zero point outside the rounding); the code of
/// a double is not narrowed to float before it is rounded. Infinities saturate; NaN goes to the code of zero.
///
/// Every operation on a tensor takes an executor last (serial, pool_executor): the work is spread over its threads and
/// the result is the same.
template <element_format Format, quantization_convention Convention = convention::standard, class Map = affine>
class uniform_quantizer {
 public:
  using format_type = Format;
  using rules = rules_of<Convention, Map>;
  using result = quantized<Format, dynamic_size, Map>;

  constexpr uniform_quantizer() = default;
  constexpr uniform_quantizer(parameters<Map> p, Format format = {})
      : parameters_(std::move(p)), format_(format) {
    if (!parameters_.single()) invert();
  }
  constexpr uniform_quantizer(Map map, Format format = {}) : parameters_(map), format_(format) {}

  constexpr const parameters<Map>& params() const { return parameters_; }
  constexpr const Format& format() const { return format_; }

  /// Codes in the storage order of x.
  template <tensor_source X, executor Executor = serial>
  result quantize(const X& x, Executor&& run_on = {}) const {
    return with_view(x, [&](const auto& v) {
      result q(v.sizes, v.order(), parameters_, format_);
      encode(v, q, run_on);
      return q;
    });
  }

  /// The same into an existing result of the same shape and order, whose memory is used again.
  template <tensor_source X, executor Executor = serial>
  void quantize_into(const X& x, result& q, Executor&& run_on = {}) const {
    with_view(x, [&](const auto& v) {
      const bool fits = q.sizes() == v.sizes && q.order() == v.order() && q.format() == format_ &&
                        q.params() == parameters_ && q.bytes().size() == packed_size(v.count(), Format::bits);
      if (!fits) q = result(v.sizes, v.order(), parameters_, format_);
      encode(v, q, run_on);
    });
  }

  /// The real values as a matrix or tensor of type Out.
  template <class Out = Eigen::MatrixXf, executor Executor = serial>
  Out dequantize(const result& q, Executor&& run_on = {}) const {
    Out y = make_plain<Out>(q.sizes());
    dequantize_into(q, y, run_on);
    return y;
  }

  /// To codes and back in one pass: what the quantized tensor would hold, in the source's own type.
  template <tensor_source X, executor Executor = serial>
  plain_of<X> fake_quantize(const X& x, Executor&& run_on = {}) const {
    return made_from(x, [&](const auto& v, const auto& y) { fake_quantize_into(v, y, run_on); });
  }

  /// The same into y, a tensor or view of the same shape in any layout.
  template <tensor_source X, class Y, executor Executor = serial>
  void fake_quantize_into(const X& x, Y&& y, Executor&& run_on = {}) const {
    const auto line = [&](const auto* from, index_t n, run_parameters<Map> p, auto* to, stores how) {
      if constexpr (integer_format<Format>) {
        stored_by(how, to, [&](auto out) { kernels::fake_quantize(rules{}, from, n, p, Format::range, out); });
      } else if constexpr (table_format<Format>) {
        code_lines::in_chunks<Format>(n, [&](code_word<Format::bits>* words, index_t first, index_t count) {
          code_lines::encode_words(rules{}, format_, from + first, count, p.from(first), words);
          const code_word<Format::bits>* codes = words;
          code_lines::decode_words(format_, codes, count, p.from(first), to + first);
        });
      } else {
        kernels::fake_quantize(format_, from, n, p, to);
      }
    };
    if constexpr (integer_format<Format>) {
      transform(x, y, run_on, line, [](const line_grid& grid, const auto* from, run_parameters<Map> p, auto* to) {
        kernels::fake_quantize_lines(rules{}, grid, from, p, Format::range, to);
      });
    } else {
      transform(x, y, run_on, line);
    }
  }

  /// The straight-through estimator's factor: 1 where x is rounded, 0 where it is clipped or NaN.
  template <tensor_source X, executor Executor = serial>
  plain_of<X> gradient_mask(const X& x, Executor&& run_on = {}) const {
    return made_from(x, [&](const auto& v, const auto& y) { gradient_mask_into(v, y, run_on); });
  }

  /// The same into y, a tensor or view of the same shape in any layout.
  template <tensor_source X, class Y, executor Executor = serial>
  void gradient_mask_into(const X& x, Y&& y, Executor&& run_on = {}) const {
    transform(x, y, run_on, [&](const auto* from, index_t n, run_parameters<Map> p, auto* to, stores) {
      if constexpr (integer_format<Format>) {
        kernels::gradient_mask(rules{}, from, n, p, Format::range, to);
      } else {
        kernels::gradient_mask(format_, from, n, p, to);
      }
    });
  }

  /// At compile time: codes of an array, by one map.
  template <class T, std::size_t N>
  constexpr quantized<Format, N, Map> quantize(const std::array<T, N>& x) const {
    if (!parameters_.single()) {
      contract::invalid_argument("an array is quantized per tensor; these are parameters for ",
                                 parameters_.count(), " blocks");
    }
    std::array<code_word<Format::bits>, N> codes{};
    if constexpr (integer_format<Format>) {
      kernels::quantize(rules{}, x.data(), index_t(N), parameters_.at(0, 0), Format::range, codes.data());
    } else {
      kernels::quantize(format_, x.data(), index_t(N), parameters_.at(0, 0), codes.data());
    }
    return {codes, parameters_[0], format_};
  }

 private:
  /// Keeps 1 / scale beside the parameters where all of them allow it.
  void invert() {
    if constexpr (integer_format<Format>) {
      aligned_vector<typename Map::scale_type> inverse;
      for (index_t block = 0; block < parameters_.count(); ++block) {
        const Map map = parameters_[block];
        if (!invertible(map, Format::range)) return;
        inverse.push_back(1 / map.scale);
      }
      inverse_ = std::move(inverse);
    }
  }

  run_parameters<Map> line_parameters(const run& r, index_t offset) const {
    const index_t block = r.parameter + offset * r.parameter_step;
    run_parameters<Map> p = parameters_.at(block, r.parameter_step);
    if (!inverse_.empty()) p.inverse = inverse_.data() + block;
    return p;
  }

  template <class T, class Executor>
  void encode(const view<const T>& x, result& q, Executor& run_on) const {
    const traversal walk(x.sizes, q.order(), x.strides, q.strides(), q.blocks());
    const index_t moved = static_cast<index_t>(q.bytes().size() + sizeof(T) * static_cast<std::size_t>(q.count()));
    for_each_grid(walk, q.count(), run_on, [&](const run_grid& grid) {
      const run& first = grid.first;
      if constexpr (integer_format<Format> && Format::bits == 8 && std::same_as<T, working<T>>) {
        if (grid.short_lines()) {
          return kernels::quantize_lines(rules{}, code_lines::lines_of(grid, parameters_), x.data + first.a,
                                         line_parameters(first, 0), Format::range, q.bytes().data() + first.b);
        }
      }
      grid.for_each_run([&](const run& r) {
        read_line(x.data + r.a, r.a_step, r.count, [&](const working<T>* v, index_t n, index_t offset) {
          const auto p = line_parameters(r, offset);
          const stores how = stores_for(moved, n * Format::bits / 8);
          code_lines::encode(rules{}, format_, q.bytes().data(), r.b + offset, v, n, p, how);
        });
      });
    });
  }

  /// A plain object of x's shape that f(view of x, view of it) fills.
  template <class X, class F>
  static plain_of<X> made_from(const X& x, F f) {
    return with_view(x, [&](const auto& v) {
      auto plain = make_plain<plain_of<X>>(v.sizes);
      f(v, bridge<plain_of<X>>::look(plain));
      return plain;
    });
  }

  /// Calls f(x, n, parameters, y, how to store) on every line of x and what lies at the same place in y; or, where many
  /// short lines can be done together, together(grid, x, parameters, y).
  template <class X, class Y, class Executor, class F, class Together = std::nullptr_t>
  void transform(const X& x, Y& out, Executor& run_on, F f, Together together = {}) const {
    const auto y = bridge<std::remove_const_t<Y>>::look(out);
    with_view(x, [&](const auto& v) {
      if (y.sizes != v.sizes) {
        contract::invalid_argument("a tensor of ", to_string(v.sizes), " does not fit into one of ",
                                   to_string(y.sizes));
      }
      using T = working<scalar_of<X>>;
      const traversal walk(v.sizes, v.order(), v.strides, y.strides, parameters_.blocks(v.sizes));
      const index_t size = sizeof(*y.data), moved = v.count() * (size + index_t{sizeof(*v.data)});
      using U = typename decltype(y)::value_type;
      for_each_grid(walk, v.count(), run_on, [&](const run_grid& grid) {
        const run& first = grid.first;
        if constexpr (!std::same_as<Together, std::nullptr_t> && std::same_as<scalar_of<X>, T> && std::same_as<U, T>) {
          if (grid.short_lines()) {
            return together(code_lines::lines_of(grid, parameters_), v.data + first.a, line_parameters(first, 0),
                            y.data + first.b);
          }
        }
        grid.for_each_run([&](const run& r) {
          read_line(v.data + r.a, r.a_step, r.count, [&](const T* from, index_t n, index_t offset) {
            const auto p = line_parameters(r, offset);
            const stores how = lines::in_place<U>(r.b_step) ? stores_for(moved, n * size) : stores::cached;
            write_line(y.data + r.b + offset * r.b_step, r.b_step, n,
                       [&](T* to, index_t m, index_t k) { f(from + k, m, p.from(k), to, how); });
          });
        });
      });
    });
  }

  parameters<Map> parameters_{};
  aligned_vector<typename Map::scale_type> inverse_{};
  [[no_unique_address]] Format format_{};
};

}  // namespace equant::inline EQUANT_ABI
