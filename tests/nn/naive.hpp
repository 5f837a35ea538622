// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/random.hpp>
#include <equant/nn/float_layers.hpp>

/// Layers as their definitions say, in double, one number at a time, on tensors that lie N x C x H x W.
namespace naive {

using namespace equant;

struct tensor {
  shape sizes;
  std::vector<double> values;

  explicit tensor(const shape& s) : sizes(s), values(static_cast<std::size_t>(s.count())) {}
  double& at(std::initializer_list<index_t> place) { return values[offset(place)]; }
  double at(std::initializer_list<index_t> place) const { return values[offset(place)]; }

 private:
  std::size_t offset(std::initializer_list<index_t> place) const {
    index_t i = 0;
    int axis = 0;
    for (index_t p : place) i = i * sizes[axis++] + p;
    return static_cast<std::size_t>(i);
  }
};

inline tensor random(const shape& s, std::uint64_t seed, double low = -1, double high = 1) {
  splitmix64 bits(seed);
  tensor x(s);
  for (double& v : x.values) v = static_cast<double>(static_cast<float>(low + (high - low) * bits.uniform()));
  return x;
}

inline std::vector<float> floats(const std::vector<double>& x) {
  std::vector<float> y;
  for (double v : x) y.push_back(static_cast<float>(v));
  return y;
}

/// As networks hold it in memory, and back.
inline std::vector<float> in_memory(const tensor& x) {
  const std::vector<float> plain = floats(x.values);
  std::vector<float> y(plain.size());
  nn::copy_strided(x.sizes, plain.data(), row_major_strides(x.sizes), y.data(), nn::memory_strides(x.sizes));
  return y;
}
inline tensor from_memory(const std::vector<float>& x, const shape& s) {
  std::vector<float> plain(x.size());
  nn::copy_strided(s, x.data(), nn::memory_strides(s), plain.data(), row_major_strides(s));
  tensor y(s);
  for (std::size_t i = 0; i < plain.size(); ++i) y.values[i] = static_cast<double>(plain[i]);
  return y;
}

/// f(n, c, row, column, window row, window column, image row, image column) for every place of every window that lies
/// in the image.
template <class F>
void for_each_tap(const nn::window& w, const shape& x, const shape& y, F&& f) {
  for (index_t n = 0; n < y[0]; ++n) {
    for (index_t c = 0; c < y[1]; ++c) {
      for (index_t r = 0; r < y[2]; ++r) {
        for (index_t q = 0; q < y[3]; ++q) {
          for (index_t i = 0; i < w.kernel[0]; ++i) {
            for (index_t j = 0; j < w.kernel[1]; ++j) {
              const index_t v = r * w.strides[0] + i * w.dilations[0] - w.pads[0];
              const index_t u = q * w.strides[1] + j * w.dilations[1] - w.pads[1];
              if (v >= 0 && v < x[2] && u >= 0 && u < x[3]) f(n, c, r, q, i, j, v, u);
            }
          }
        }
      }
    }
  }
}

inline tensor conv(const tensor& x, const tensor& w, const tensor& bias, const nn::window& window, index_t groups,
                   const shape& to) {
  tensor y(to);
  const index_t per_group = w.sizes[0] / groups, inputs = w.sizes[1], pixels = to[2] * to[3];
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    y.values[i] = bias.values[i / static_cast<std::size_t>(pixels) % static_cast<std::size_t>(to[1])];
  }
  for_each_tap(window, x.sizes, to,
               [&](index_t n, index_t o, index_t r, index_t q, index_t i, index_t j, index_t v, index_t u) {
                 for (index_t k = 0; k < inputs; ++k) {
                   y.at({n, o, r, q}) += w.at({o, k, i, j}) * x.at({n, o / per_group * inputs + k, v, u});
                 }
               });
  return y;
}

inline tensor max_pool(const tensor& x, const nn::window& window, const shape& to) {
  tensor y(to);
  for (double& v : y.values) v = -1e30;
  for_each_tap(window, x.sizes, to,
               [&](index_t n, index_t c, index_t r, index_t q, index_t, index_t, index_t v, index_t u) {
                 y.at({n, c, r, q}) = std::max(y.at({n, c, r, q}), x.at({n, c, v, u}));
               });
  return y;
}

/// Counting padding, a window is divided by its places on image and padding, not by those beyond (ONNX's ceil_mode).
inline tensor average_pool(const tensor& x, const nn::window& window, bool count_padding, const shape& to) {
  tensor sum(to), inside(to);
  for_each_tap(window, x.sizes, to,
               [&](index_t n, index_t c, index_t r, index_t q, index_t, index_t, index_t v, index_t u) {
                 sum.at({n, c, r, q}) += x.at({n, c, v, u});
                 inside.at({n, c, r, q}) += 1;
               });
  if (count_padding) {
    nn::window on_padding = window;
    on_padding.pads = {0, 0, 0, 0};
    const shape padded{x.sizes[0], x.sizes[1], x.sizes[2] + window.pads[0] + window.pads[2],
                       x.sizes[3] + window.pads[1] + window.pads[3]};
    inside = tensor(to);
    for_each_tap(on_padding, padded, to,
                 [&](index_t n, index_t c, index_t r, index_t q, index_t, index_t, index_t, index_t) {
                   inside.at({n, c, r, q}) += 1;
                 });
  }
  for (std::size_t i = 0; i < sum.values.size(); ++i) sum.values[i] /= inside.values[i];
  return sum;
}

/// With the statistics of the batch itself: x N x C x H x W or N x C.
inline tensor batch_norm(const tensor& x, const tensor& scale, const tensor& shift, double epsilon) {
  tensor y(x.sizes);
  const auto channels = static_cast<std::size_t>(x.sizes[1]);
  const std::size_t pixels = x.values.size() / static_cast<std::size_t>(x.sizes[0]) / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    double sum = 0, square = 0, count = 0;
    const auto mine = [&](std::size_t i) { return i / pixels % channels == c; };
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      if (mine(i)) sum += x.values[i], count += 1;
    }
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      if (mine(i)) square += (x.values[i] - sum / count) * (x.values[i] - sum / count);
    }
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      if (mine(i)) {
        y.values[i] =
            scale.values[c] * (x.values[i] - sum / count) / std::sqrt(square / count + epsilon) + shift.values[c];
      }
    }
  }
  return y;
}

/// Where element i of a tensor of sizes `to` is in one of sizes `from` that is stretched to it.
inline std::size_t stretched(std::size_t i, const shape& to, const shape& from) {
  index_t rest = static_cast<index_t>(i), offset = 0, step = 1;
  for (int a = to.rank - 1, b = from.rank - 1; a >= 0; --a, --b) {
    const index_t at = rest % to[a];
    rest /= to[a];
    if (b < 0) continue;
    if (from[b] != 1) offset += at * step;
    step *= from[b];
  }
  return static_cast<std::size_t>(offset);
}

template <class F>
tensor binary(const tensor& a, const tensor& b, const shape& to, F&& f) {
  tensor y(to);
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    y.values[i] = f(a.values[stretched(i, to, a.sizes)], b.values[stretched(i, to, b.sizes)]);
  }
  return y;
}

inline tensor concat(const tensor& a, const tensor& b, int axis, const shape& to) {
  tensor y(to);
  const auto inner = [&](const tensor& x) {
    std::size_t n = 1;
    for (int i = axis; i < to.rank; ++i) n *= static_cast<std::size_t>(x.sizes[i]);
    return n;
  };
  const std::size_t p = inner(a), q = inner(b);
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    const std::size_t block = i / (p + q), at = i % (p + q);
    y.values[i] = at < p ? a.values[block * p + at] : b.values[block * q + at - p];
  }
  return y;
}

}  // namespace naive
