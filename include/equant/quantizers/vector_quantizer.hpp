// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/scan.hpp>
#include <equant/core/contraction.hpp>
#include <equant/core/eigen.hpp>
#include <equant/storage/buffer.hpp>

#include <span>
#include <utility>
#include <vector>

namespace equant::inline EQUANT_ABI {

/// A vector code is a format whose codes stand for several values at once. It works on runs of values of mean 0 and
/// variance 1:
///   chunk()              a run can be cut at multiples of it, on the boundary of a byte
///   bytes(n)             what the codes of n values take
///   encode(x, n, bytes)  the codes of a run
///   decode(bytes, n, y)  the values they stand for
///   size_bytes()         what has to be stored beside the codes, a codebook say
template <class C>
concept vector_code = std::equality_comparable<C> && requires(const C c, index_t n, const float* x, float* y,
                                                              std::uint8_t* to, const std::uint8_t* from) {
  { c.chunk() } -> std::convertible_to<index_t>;
  { c.bytes(n) } -> std::convertible_to<std::size_t>;
  { c.size_bytes() } -> std::convertible_to<std::size_t>;
  c.encode(x, n, to);
  c.decode(from, n, y);
};

/// A tensor in vector codes: real = center + scale * decoded. The codes lie in the storage order of the tensor.
template <vector_code Code>
class vector_quantized {
 public:
  vector_quantized(const shape& sizes, const axis_order& order, Code code)
      : sizes_(sizes), order_(order), code_(std::move(code)), bytes_(code_.bytes(checked_count(sizes))) {}

  const shape& sizes() const { return sizes_; }
  const axis_order& order() const { return order_; }
  index_t count() const { return sizes_.count(); }
  const Code& code() const { return code_; }
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), bytes_.size()}; }
  std::span<std::uint8_t> bytes() { return {bytes_.data(), bytes_.size()}; }

  double center = 0;
  double scale = 1;

  /// Codes, center and scale, and what the code stores.
  std::size_t size_bytes() const { return bytes_.size() + sizeof center + sizeof scale + code_.size_bytes(); }
  double bits_per_value() const {
    return count() == 0 ? 0 : 8.0 * static_cast<double>(size_bytes()) / static_cast<double>(count());
  }

  bool operator==(const vector_quantized&) const = default;

 private:
  shape sizes_;
  axis_order order_;
  Code code_;
  byte_buffer bytes_;
};

namespace vectors {

/// A run cut into parts for an executor: f(first, count, offset of its codes). The last one takes what is left over.
template <class Code, class Executor, class F>
void for_each_part(const Code& code, index_t count, Executor& run_on, F f) {
  const index_t units = count / code.chunk(), parts = std::max(index_t{1}, std::min(parts_for(run_on, count), units));
  run_on(parts, [&](index_t part) {
    const index_t first = part_begin(units, parts, part) * code.chunk();
    const index_t end = part + 1 == parts ? count : part_begin(units, parts, part + 1) * code.chunk();
    f(first, end - first, code.bytes(first));
  });
}

/// The values of a tensor in storage order, as (x - center) / scale with mean 0 and variance 1; scale is 0 where they
/// are all equal. Throws std::invalid_argument on NaN and infinity, naming the place, and where there are no values.
struct normalised {
  std::vector<float> values;
  double center = 0, scale = 0;

  template <class T>
  explicit normalised(const view<const T>& x) : values(static_cast<std::size_t>(x.count())) {
    if (x.count() == 0) contract::invalid_argument("a tensor of ", to_string(x.sizes), " has no values to quantize");
    const interval range = scan_ranges(x, normal_form(per_tensor, x.sizes), non_finite::reject)[0];
    const double n = static_cast<double>(x.count()), unit = range.largest_magnitude();
    if (range.low == range.high) {
      center = range.low;
      return;
    }
    // In units of the largest magnitude, so that squares stay in range.
    double sum = 0, square = 0;
    for_each_line(x, [&](const working<T>* v, index_t count, index_t) {
      for (index_t i = 0; i < count; ++i) sum += static_cast<double>(v[i]) / unit;
    });
    const double mean = sum / n;
    for_each_line(x, [&](const working<T>* v, index_t count, index_t) {
      for (index_t i = 0; i < count; ++i) {
        const double d = static_cast<double>(v[i]) / unit - mean;
        square += uncontracted(d * d);
      }
    });
    const double deviation = std::sqrt(square / n);
    for_each_line(x, [&](const working<T>* v, index_t count, index_t at) {
      for (index_t i = 0; i < count; ++i) {
        values[static_cast<std::size_t>(at + i)] =
            static_cast<float>((static_cast<double>(v[i]) / unit - mean) / deviation);
      }
    });
    center = mean * unit;
    scale = deviation * unit;
  }

 private:
  /// f(values, count, position in storage order).
  template <class T, class F>
  static void for_each_line(const view<const T>& x, F f) {
    const axis_order order = x.order();
    const traversal walk(x.sizes, order, x.strides, dense_strides(x.sizes, order), normal_form(per_tensor, x.sizes));
    walk.for_each_run([&](const run& r) {
      read_line(x.data + r.a, r.a_step, r.count, [&](const working<T>* v, index_t n, index_t offset) {
        f(v, n, r.b + offset);
      });
    });
  }
};

}  // namespace vectors

/// Writes the real values of q into `out`, a tensor or view of the same shape in any layout.
template <class Code, class Out, executor Executor = serial>
void dequantize_into(const vector_quantized<Code>& q, Out&& out, Executor&& run_on = {}) {
  const auto y = room_for(q.sizes(), out);
  using T = typename decltype(y)::value_type;
  std::vector<float> values(static_cast<std::size_t>(q.count()));
  vectors::for_each_part(q.code(), q.count(), run_on, [&](index_t first, index_t count, std::size_t at) {
    q.code().decode(q.bytes().data() + at, count, values.data() + first);
  });
  const traversal walk(q.sizes(), q.order(), dense_strides(q.sizes(), q.order()), y.strides,
                       normal_form(per_tensor, q.sizes()));
  const auto most = static_cast<double>(Eigen::NumTraits<T>::highest());  // codes reach beyond the data
  for_each_run(walk, q.count(), run_on, [&](const run& r) {
    write_line(y.data + r.b, r.b_step, r.count, [&](working<T>* to, index_t n, index_t offset) {
      const float* from = values.data() + r.a + offset * r.a_step;
      for (index_t i = 0; i < n; ++i) {
        const double offset_from_center = uncontracted(q.scale * static_cast<double>(from[i * r.a_step]));
        to[i] = static_cast<working<T>>(std::clamp(q.center + offset_from_center, -most, most));
      }
    });
  });
}

/// Quantizes tensors by a vector code: values in storage order, less their mean, over their deviation; then center and
/// scale are fitted to the codes by least squares, which only ever lowers the error. A constant tensor is exact.
///
/// The work is spread over an executor's threads; the result does not depend on it.
template <vector_code Code>
class vector_quantizer {
 public:
  using result = vector_quantized<Code>;

  /// A code, or what one is made from.
  template <class... Arguments>
    requires std::constructible_from<Code, Arguments...>
  explicit vector_quantizer(Arguments&&... arguments) : code_(std::forward<Arguments>(arguments)...) {}

  /// A code fitted to the values of x; what else it takes follows.
  template <tensor_source X, class... Options>
  static vector_quantizer trained(const X& x, const Options&... options) {
    return with_view(x, [&](const auto& v) {
      return vector_quantizer(Code::trained(vectors::normalised(v).values, options...));
    });
  }

  const Code& code() const { return code_; }

  template <tensor_source X, executor Executor = serial>
  result quantize(const X& x, Executor&& run_on = {}) const {
    return with_view(x, [&](const auto& v) {
      const vectors::normalised z(v);
      result q(v.sizes, v.order(), code_);
      vectors::for_each_part(code_, v.count(), run_on, [&](index_t first, index_t count, std::size_t at) {
        code_.encode(z.values.data() + first, count, q.bytes().data() + at);
      });
      fit(z, q, run_on);
      return q;
    });
  }

  template <class Out = Eigen::MatrixXf, executor Executor = serial>
  Out dequantize(const result& q, Executor&& run_on = {}) const {
    Out y = make_plain<Out>(q.sizes());
    dequantize_into(q, y, run_on);
    return y;
  }

 private:
  /// The line through the pairs (decoded y, value x) of least error. Products of floats are exact in double.
  template <class Executor>
  static void fit(const vectors::normalised& z, result& q, Executor& run_on) {
    q.center = z.center;
    q.scale = z.scale;
    std::vector<float> decoded(z.values.size());
    vectors::for_each_part(q.code(), q.count(), run_on, [&](index_t first, index_t count, std::size_t at) {
      q.code().decode(q.bytes().data() + at, count, decoded.data() + first);
    });
    double x = 0, y = 0, xy = 0, yy = 0;
    for (std::size_t i = 0; i < decoded.size(); ++i) {
      const double a = static_cast<double>(z.values[i]), b = static_cast<double>(decoded[i]);
      x += a;
      y += b;
      xy += a * b;
      yy += b * b;
    }
    const double n = static_cast<double>(decoded.size());
    const double spread = yy - uncontracted(y * (y / n));
    if (!(spread > 1e-6 * n)) return;  // all decoded values are equal
    const double slope = (xy - uncontracted(x * (y / n))) / spread;
    q.scale = std::min(z.scale * slope, std::numeric_limits<double>::max());
    q.center = z.center + uncontracted(z.scale * (x / n - uncontracted(slope * (y / n))));
  }

  Code code_;
};

}  // namespace equant::inline EQUANT_ABI
