// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/float_conv.hpp>
#include <equant/nn/own_memory.hpp>
#include <equant/nn/strided.hpp>

#include <cmath>
#include <span>

/// What each layer computes, in float: from inputs to a result whose sizes are inferred (shapes.hpp), both as values
/// lie in memory (strided.hpp). Convolutions are in float_conv.hpp.
namespace equant::inline EQUANT_ABI::nn {

/// A value in memory.
template <class T>
struct basic_buffer {
  T* data = nullptr;
  shape sizes;

  index_t count() const { return sizes.count(); }
};
using float_input = basic_buffer<const float>;
using float_output = basic_buffer<float>;

namespace in_float {

using array = Eigen::Map<Eigen::ArrayXf>;
using const_array = Eigen::Map<const Eigen::ArrayXf>;

inline const_array all(const float_input& x) { return {x.data, x.count()}; }
inline array all(const float_output& y) { return {y.data, y.count()}; }

inline void run(const dense& d, std::span<const float_input> x, const float_output& y) {
  const shape& w = d.weights.values.sizes;
  const index_t rows = w[1] == 0 ? 0 : x[0].count() / w[1];
  Eigen::Map<row_matrix> out(y.data, rows, w[0]);
  set_product(out, Eigen::Map<const row_matrix>(x[0].data, rows, w[1]),
              Eigen::Map<const row_matrix>(d.weights.values.values.data(), w[0], w[1]).transpose());
  if (!d.bias.values.empty()) {
    out.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(d.bias.values.data(), w[0]);
  }
}

inline void run(const batch_norm& b, std::span<const float_input> x, const float_output& y) {
  const index_t channels = y.sizes[1];
  Eigen::Array<float, 1, Eigen::Dynamic> factor(channels), shift(channels);
  for (index_t c = 0; c < channels; ++c) {
    const auto i = static_cast<std::size_t>(c);
    factor[c] = b.scale[i] / std::sqrt(b.variance[i] + b.epsilon);
    shift[c] = b.shift[i] - b.mean[i] * factor[c];
  }
  const shape strides = memory_strides(y.sizes);
  if (strides[1] == 1) {  // the channel is the fastest axis
    const index_t rows = channels == 0 ? 0 : y.count() / channels;
    const Eigen::Map<const row_matrix> from(x[0].data, rows, channels);
    Eigen::Map<row_matrix> to(y.data, rows, channels);
    for (index_t r = 0; r < rows; ++r) to.row(r).array() = from.row(r).array() * factor + shift;
    return;
  }
  for (index_t c = 0; c < channels; ++c) {
    shape channel = y.sizes;
    channel[1] = 1;
    for_each_line<1>(channel, {strides}, [&](const auto& at, const auto& step, index_t n) {
      const index_t from = at[0] + c * strides[1];
      for (index_t k = 0; k < n; ++k) y.data[from + k * step[0]] = x[0].data[from + k * step[0]] * factor[c] + shift[c];
    });
  }
}

inline void run(const clip& c, std::span<const float_input> x, const float_output& y) {
  all(y) = all(x[0]).max(c.low).min(c.high);
}

inline void run(const copy&, std::span<const float_input> x, const float_output& y) { all(y) = all(x[0]); }

template <class F>
void broadcast(const float_input& a, const float_input& b, const float_output& y, F&& f) {
  const int rank = y.sizes.rank;
  for_each_line<3>(y.sizes,
                   {memory_strides(y.sizes), stretched_strides(a.sizes, rank), stretched_strides(b.sizes, rank)},
                   [&](const auto& at, const auto& step, index_t n) {
                     for (index_t i = 0; i < n; ++i) {
                       y.data[at[0] + i * step[0]] = f(a.data[at[1] + i * step[1]], b.data[at[2] + i * step[2]]);
                     }
                   });
}

inline void run(const binary& b, std::span<const float_input> x, const float_output& y) {
  const bool same = x[0].sizes == y.sizes && x[1].sizes == y.sizes;
  if (same && b.kind == binary_kind::add) {
    all(y) = all(x[0]) + all(x[1]);
    return;
  }
  switch (b.kind) {
    case binary_kind::add: return broadcast(x[0], x[1], y, [](float p, float q) { return p + q; });
    case binary_kind::subtract: return broadcast(x[0], x[1], y, [](float p, float q) { return p - q; });
    case binary_kind::multiply: return broadcast(x[0], x[1], y, [](float p, float q) { return p * q; });
    case binary_kind::divide: return broadcast(x[0], x[1], y, [](float p, float q) { return p / q; });
  }
}

inline void run(const unary& u, std::span<const float_input> x, const float_output& y) {
  switch (u.kind) {
    case unary_kind::exponential: all(y) = in_own_memory(all(x[0]).exp()); return;
    case unary_kind::sigmoid: all(y) = in_own_memory((1 + (-all(x[0])).exp()).inverse()); return;
    case unary_kind::negate: all(y) = -all(x[0]); return;
    case unary_kind::square_root: all(y) = in_own_memory(all(x[0]).sqrt()); return;
    case unary_kind::tanh: all(y) = in_own_memory(all(x[0]).tanh()); return;
  }
}

inline void run(const softmax& s, std::span<const float_input> x, const float_output& y) {
  const int axis = s.axis < 0 ? s.axis + y.sizes.rank : s.axis;
  const shape strides = memory_strides(y.sizes);
  shape others = y.sizes;
  others[axis] = 1;
  const index_t count = y.sizes[axis], step = strides[axis];
  for_each_line<1>(others, {strides}, [&](const auto& at, const auto& next, index_t n) {
    for (index_t line = 0; line < n; ++line) {
      const float* from = x[0].data + at[0] + line * next[0];
      float* to = y.data + at[0] + line * next[0];
      float most = -std::numeric_limits<float>::infinity(), sum = 0;
      for (index_t i = 0; i < count; ++i) most = std::max(most, from[i * step]);
      for (index_t i = 0; i < count; ++i) sum += to[i * step] = std::exp(from[i * step] - most);
      for (index_t i = 0; i < count; ++i) to[i * step] /= sum;
    }
  });
}

inline void run(const matmul&, std::span<const float_input> x, const float_output& y) {
  const shape &a = x[0].sizes, &b = x[1].sizes, &c = y.sizes;
  const index_t rows = a[a.rank - 2], depth = a[a.rank - 1], columns = b[b.rank - 1];
  const auto plain = [](const float_input& v) {
    std::vector<float> values(static_cast<std::size_t>(v.count()));
    copy_strided(v.sizes, v.data, memory_strides(v.sizes), values.data(), row_major_strides(v.sizes));
    return values;
  };
  const std::vector<float> left = plain(x[0]), right = plain(x[1]);
  std::vector<float> result(static_cast<std::size_t>(y.count()));
  shape outer = c, outer_a = row_major_strides(a), outer_b = row_major_strides(b), outer_c = row_major_strides(c);
  outer.rank -= 2;
  const auto stretched = [&](const shape& sizes, const shape& strides) {
    shape s = shape::filled(outer.rank, 0);
    for (int i = 0; i < sizes.rank - 2; ++i) s[i + c.rank - sizes.rank] = sizes[i] == 1 ? 0 : strides[i];
    return s;
  };
  outer_c.rank -= 2;
  for_each_line<3>(outer, {outer_c, stretched(a, outer_a), stretched(b, outer_b)},
                   [&](const auto& at, const auto& step, index_t n) {
                     for (index_t i = 0; i < n; ++i) {
                       set_product(Eigen::Map<row_matrix>(result.data() + at[0] + i * step[0], rows, columns),
                                   Eigen::Map<const row_matrix>(left.data() + at[1] + i * step[1], rows, depth),
                                   Eigen::Map<const row_matrix>(right.data() + at[2] + i * step[2], depth, columns));
                     }
                   });
  copy_strided<float>(c, result.data(), row_major_strides(c), y.data, memory_strides(c));
}

/// f(y's pixel, x's pixels of its window and how many places of the window lie on image or padding) for every pixel.
template <class Begin, class Take, class End>
void pool(const window& w, const float_input& x, const float_output& y, Begin&& begin, Take&& take, End&& end) {
  const index_t channels = x.sizes[1], height = x.sizes[2], width = x.sizes[3];
  float* to = y.data;
  for (index_t n = 0; n < y.sizes[0]; ++n) {
    const float* image = x.data + n * channels * height * width;
    for (index_t row = 0; row < y.sizes[2]; ++row) {
      for (index_t column = 0; column < y.sizes[3]; ++column, to += channels) {
        array result(to, channels);
        begin(result);
        index_t inside = 0, padded = 0;
        for (index_t i = 0; i < w.kernel[0]; ++i) {
          const index_t v = row * w.strides[0] - w.pads[0] + i * w.dilations[0];
          for (index_t j = 0; j < w.kernel[1]; ++j) {
            const index_t u = column * w.strides[1] - w.pads[1] + j * w.dilations[1];
            if (v < height + w.pads[2] && u < width + w.pads[3]) ++padded;
            if (v < 0 || v >= height || u < 0 || u >= width) continue;
            ++inside;
            take(result, const_array(image + (v * width + u) * channels, channels));
          }
        }
        end(result, inside, padded);
      }
    }
  }
}

inline void run(const max_pool& p, std::span<const float_input> x, const float_output& y) {
  pool(
      p.window, x[0], y, [](array& r) { r.setConstant(-std::numeric_limits<float>::infinity()); },
      [](array& r, const const_array& v) { r = r.max(v); }, [](array&, index_t, index_t) {});
}

inline void run(const average_pool& p, std::span<const float_input> x, const float_output& y) {
  pool(
      p.window, x[0], y, [](array& r) { r.setZero(); }, [](array& r, const const_array& v) { r += v; },
      [&](array& r, index_t inside, index_t padded) {
        r /= static_cast<float>(std::max<index_t>(1, p.count_padding ? padded : inside));
      });
}

inline void run(const global_average_pool&, std::span<const float_input> x, const float_output& y) {
  const index_t channels = x[0].sizes[1], pixels = x[0].sizes[2] * x[0].sizes[3];
  for (index_t n = 0; n < x[0].sizes[0]; ++n) {
    array result(y.data + n * channels, channels);
    result.setZero();
    for (index_t p = 0; p < pixels; ++p) result += const_array(x[0].data + (n * pixels + p) * channels, channels);
    result /= static_cast<float>(std::max<index_t>(pixels, 1));
  }
}

}  // namespace in_float
}  // namespace equant::inline EQUANT_ABI::nn
