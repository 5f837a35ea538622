// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/affine.hpp>
#include <equant/nn/tensor.hpp>

#include <array>
#include <limits>
#include <string>
#include <variant>

/// What a network is made of. Layers are plain values that say what is computed; how, in float, in integers or with
/// gradients, is said elsewhere. Axes are ONNX's: N x C x H x W for images.
namespace equant::inline EQUANT_ABI::nn {

/// The integer grid of a value: real = scale * (code - zero_point), codes within `range`. Codes are int8 where the
/// range holds negative ones, else uint8.
struct grid {
  float scale = 1;
  std::int32_t zero_point = 0;
  code_range range{0, 255};

  bool is_signed() const { return range.lowest < 0; }
  bool operator==(const grid&) const = default;
};

/// The width of a grid's codes.
inline int grid_bits(const grid& g) {
  int bits = 1;
  while ((1 << bits) <= g.range.highest - g.range.lowest) ++bits;
  return bits;
}

/// The weights of a layer, axis 0 the output channel. Quantized ones keep their codes, and `values` are then exactly
/// scale * (code - zero_point) in float, so that whoever computes in float sees what the integers mean.
struct weights {
  tensor values{};
  std::vector<std::int8_t> codes{};         ///< empty: not quantized
  std::vector<float> scales{};              ///< one, or one per output channel, or outputs x groups
  std::vector<std::int32_t> zero_points{};  ///< empty: 0; one, or as many as scales
  int bits = 8;                             ///< the width the codes need
  index_t group = 0;                        ///< inputs of a dense layer that share a scale; 0: all
  std::vector<float> levels{};  ///< empty: codes are integers; else they number 2^bits levels of each output

  /// On a grid of integers; or on levels of its own: the layer then computes in float.
  bool quantized() const { return !codes.empty() && levels.empty(); }
  bool on_levels() const { return !levels.empty(); }
  index_t outputs() const { return values.sizes.rank == 0 ? 0 : values.sizes[0]; }
  /// How many scales an output has; the last group may be short.
  index_t groups() const { return group == 0 ? 1 : (values.sizes[1] + group - 1) / group; }
  float scale(index_t output, index_t input = 0) const { return scales[scales.size() == 1 ? 0 : place(output, input)]; }
  std::int32_t zero_point(index_t output, index_t input = 0) const {
    if (zero_points.empty()) return 0;
    return zero_points[zero_points.size() == 1 ? 0 : place(output, input)];
  }

 private:
  std::size_t place(index_t output, index_t input) const {
    return static_cast<std::size_t>(group == 0 ? output : output * groups() + input / group);
  }
};

/// What is added to each output channel. Quantized biases keep codes with scale = input's scale * weights' scale, zero
/// point 0, and `values` are what they mean.
struct bias {
  std::vector<float> values{};        ///< empty: none
  std::vector<std::int32_t> codes{};  ///< empty: not quantized
};

/// How a kernel moves over an image: rows, then columns.
struct window {
  std::array<index_t, 2> kernel{1, 1};
  std::array<index_t, 2> strides{1, 1};
  std::array<index_t, 2> dilations{1, 1};
  std::array<index_t, 4> pads{0, 0, 0, 0};  ///< top, left, bottom, right
  bool ceil_mode = false;                   ///< pooling: a last window may reach beyond the padding

  bool operator==(const window&) const = default;
};

/// y[n][o] = b[o] + sum over i of w[o][i] * x[n][group of o][i]: weights O x I / groups x kernel rows x columns.
struct conv {
  nn::weights weights{};
  nn::bias bias{};
  nn::window window{};
  index_t groups = 1;

  /// Each channel has its own kernel.
  bool depthwise() const { return groups > 1 && groups == weights.outputs() && weights.values.sizes[1] == 1; }
};

/// y = x w^T + b over the last axis: weights O x I. Not on images, whose last axis does not lie together.
struct dense {
  nn::weights weights{};
  nn::bias bias{};
};

/// y = scale (x - mean) / sqrt(variance + epsilon) + shift, per channel (axis 1).
struct batch_norm {
  std::vector<float> scale{}, shift{}, mean{}, variance{};
  float epsilon = 1e-5f;
};

/// y = min(max(x, low), high): Relu is [0, infinity), Relu6 [0, 6].
struct clip {
  float low = 0;
  float high = std::numeric_limits<float>::infinity();
};

/// Elementwise, of two inputs that broadcast as numpy's do.
enum class binary_kind { add, subtract, multiply, divide };
struct binary {
  binary_kind kind = binary_kind::add;
};

enum class unary_kind { exponential, sigmoid, negate, square_root, tanh };
struct unary {
  unary_kind kind = unary_kind::exponential;
};

/// The product of two computed matrices (one of which may be a constant): x y over the last two axes.
struct matmul {};

struct max_pool {
  nn::window window{};
};
struct average_pool {
  nn::window window{};
  bool count_padding = false;
};
struct global_average_pool {};

/// The same values with other sizes: 0 keeps the axis, -1 takes what is left. Flatten(axis 1) is {0, -1}.
struct reshape {
  std::vector<index_t> sizes{};
};
struct transpose {
  std::vector<int> axes{};
};
struct concat {
  int axis = 1;
};
/// Axis by axis [start, end) by step, ends clamped as ONNX says.
struct slice {
  std::vector<index_t> starts{}, ends{}, steps{};
  std::vector<int> axes{};
};
/// Constant padding, axis by axis.
struct pad {
  std::vector<index_t> before{}, after{};
  float value = 0;
};
struct softmax {
  int axis = -1;
};
/// The same value once more: where one that is computed in float is needed on a grid as well.
struct copy {};

/// A value that no input decides.
struct constant {
  tensor value{};
};

using layer = std::variant<conv, dense, batch_norm, clip, binary, unary, matmul, max_pool, average_pool,
                           global_average_pool, reshape, transpose, concat, slice, pad, softmax, copy, constant>;

/// "conv", "dense", ...: for reports and messages.
inline const char* kind_name(const layer& l) {
  constexpr const char* names[] = {"conv",    "dense",     "batch norm", "clip",         "binary",
                                   "unary",   "matmul",    "max pool",   "average pool", "global average pool",
                                   "reshape", "transpose", "concat",     "slice",        "pad",
                                   "softmax", "copy",      "constant"};
  static_assert(std::size(names) == std::variant_size_v<layer>);
  if (const auto* b = std::get_if<binary>(&l)) {
    constexpr const char* kinds[] = {"add", "subtract", "multiply", "divide"};
    return kinds[static_cast<int>(b->kind)];
  }
  if (const auto* u = std::get_if<unary>(&l)) {
    constexpr const char* kinds[] = {"exp", "sigmoid", "negate", "sqrt", "tanh"};
    return kinds[static_cast<int>(u->kind)];
  }
  return names[l.index()];
}

/// The weights and the bias of a layer that has them, or null.
inline weights* weights_of(layer& l) {
  if (auto* c = std::get_if<conv>(&l)) return &c->weights;
  if (auto* d = std::get_if<dense>(&l)) return &d->weights;
  return nullptr;
}
inline const weights* weights_of(const layer& l) { return weights_of(const_cast<layer&>(l)); }
inline bias* bias_of(layer& l) {
  if (auto* c = std::get_if<conv>(&l)) return &c->bias;
  if (auto* d = std::get_if<dense>(&l)) return &d->bias;
  return nullptr;
}
inline const bias* bias_of(const layer& l) { return bias_of(const_cast<layer&>(l)); }

}  // namespace equant::inline EQUANT_ABI::nn
