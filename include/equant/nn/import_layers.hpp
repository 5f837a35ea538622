// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/import_moves.hpp>

/// ONNX nodes that become layers.
namespace equant::inline EQUANT_ABI::nn::importing {

/// Kernel, strides, dilations and pads of a convolution or pool on x.
inline window read_window(const context& c, int x, const std::vector<std::int64_t>& kernel) {
  const io::onnx::node& n = c.current();
  const shape& from = c.sizes(x);
  if (from.rank != 4) c.fail("an input of ", to_string(from), " is no batch of images");
  const auto two = [&](const char* name, std::int64_t otherwise) {
    const auto given = n.integers(name);
    if (!given.empty() && given.size() != 2) c.fail(name, " of ", given.size(), " numbers");
    return given.empty() ? std::array<index_t, 2>{otherwise, otherwise} : std::array<index_t, 2>{given[0], given[1]};
  };
  if (kernel.size() != 2) c.fail("a kernel of ", kernel.size(), " axes");
  window w;
  w.kernel = {kernel[0], kernel[1]};
  w.strides = two("strides", 1);
  w.dilations = two("dilations", 1);
  w.ceil_mode = n.integer("ceil_mode", 0) != 0;
  const auto pads = n.integers("pads");
  if (!pads.empty() && pads.size() != 4) c.fail("pads of ", pads.size(), " numbers");
  if (!pads.empty()) w.pads = {pads[0], pads[1], pads[2], pads[3]};
  const auto* how = n.find("auto_pad");
  if (how == nullptr || how->s == "NOTSET" || how->s.empty()) return w;
  w.pads = {0, 0, 0, 0};
  if (how->s == "VALID") return w;
  if (how->s != "SAME_UPPER" && how->s != "SAME_LOWER") c.fail("auto_pad '", how->s, "'");
  for (std::size_t a = 0; a < 2; ++a) {
    const index_t size = c.open_sizes(x)[a + 2];
    if (size < 0) c.fail("auto_pad '", how->s, "' on images of unknown size");
    for (index_t given : {w.strides[a], w.kernel[a], w.dilations[a]}) {
      if (given < 1 || given > (index_t{1} << 24)) c.fail("a kernel, stride or dilation of ", given);
    }
    const index_t places = (size + w.strides[a] - 1) / w.strides[a];
    const index_t all =
        std::max<index_t>(0, (places - 1) * w.strides[a] + (w.kernel[a] - 1) * w.dilations[a] + 1 - size);
    w.pads[a] = how->s == "SAME_UPPER" ? all / 2 : all - all / 2;
    w.pads[a + 2] = all - w.pads[a];
  }
  return w;
}

/// Weights of an input that is known, O x I x ..., from I x O where `transposed`.
inline weights read_weights(context& c, std::size_t i, bool transposed_in_file) {
  const known& k = c.numbers(i);
  const std::shared_ptr<const coded> q = c.input(i).codes;
  if (k.sizes.size() < 2) c.fail("weights of ", k.sizes.size(), " axes");
  weights w;
  std::vector<index_t> sizes = k.sizes;
  const index_t rows = sizes[0], columns = sizes[1];
  if (transposed_in_file) std::swap(sizes[0], sizes[1]);
  const auto at = [&](std::size_t place) {
    if (!transposed_in_file) return place;
    const auto o = static_cast<index_t>(place) / rows, in = static_cast<index_t>(place) % rows;
    return static_cast<std::size_t>(in * columns + o);
  };
  w.values = tensor(to_shape(sizes));
  for (std::size_t p = 0; p < w.values.values.size(); ++p) {
    w.values.values[p] = static_cast<float>(transposed_in_file ? k.values[at(p)] : k.values[p]);
    if (!std::isfinite(w.values.values[p])) c.fail("a weight of ", w.values.values[p], " at ", p);
  }
  c.release(i);
  if (!q || q->bits > 8) return w;
  const index_t axis = transposed_in_file ? 1 : 0;
  const bool each = q->block == 0 && q->axis == axis && static_cast<index_t>(q->scales.size()) == sizes[0];
  const bool grouped = q->block != 0 && q->axis == 1 - axis && sizes.size() == 2;
  if (!each && !grouped && q->scales.size() != 1) return w;
  w.bits = q->bits;
  w.group = grouped ? q->block : 0;
  const auto in_order = [&](const auto& numbers) {  // outputs x groups
    auto turned = numbers;
    if (!grouped || !transposed_in_file) return turned;
    const auto outputs = static_cast<std::size_t>(sizes[0]), groups = numbers.size() / outputs;
    for (std::size_t p = 0; p < numbers.size(); ++p) turned[p] = numbers[p % groups * outputs + p / groups];
    return turned;
  };
  w.scales = in_order(q->scales);
  const std::int32_t lower = q->is_unsigned ? 1 << (q->bits - 1) : 0;
  bool any = false;
  for (std::int32_t z : in_order(q->zero_points)) {
    w.zero_points.push_back(z - lower);
    any = any || z != lower;
  }
  if (!any && !q->is_unsigned) w.zero_points.clear();
  for (std::size_t p = 0; p < w.values.values.size(); ++p) {
    w.codes.push_back(static_cast<std::int8_t>(q->codes[at(p)] - lower));
  }
  return w;
}

inline bias read_bias(context& c, std::size_t i, std::int64_t outputs) {
  bias b;
  if (!c.has(i)) return b;
  b.values = c.reals(i);
  if (b.values.size() == 1 && outputs != 1) b.values.assign(static_cast<std::size_t>(outputs), b.values[0]);
  if (static_cast<std::int64_t>(b.values.size()) != outputs) {
    c.fail("a bias of ", b.values.size(), " values for ", outputs, " outputs");
  }
  if (const auto& q = c.input(i).codes; q && q->bits == 32 && q->codes.size() == b.values.size()) b.codes = q->codes;
  return b;
}

inline void read_conv(context& c) {
  const int x = c.value(0);
  conv k;
  k.weights = read_weights(c, 1, false);
  const shape& s = k.weights.values.sizes;
  if (s.rank != 4) c.fail("weights of ", to_string(s), "; convolutions of images are read");
  k.window = read_window(c, x, {s[2], s[3]});
  const auto kernel = c.current().integers("kernel_shape");
  if (!kernel.empty() && kernel != std::vector<std::int64_t>{s[2], s[3]})
    c.fail("kernel_shape is not that of the weights");
  k.groups = c.current().integer("group", 1);
  k.bias = read_bias(c, 2, s[0]);
  c.add(std::move(k), {x});
}

/// y = alpha A B + beta C.
inline void read_gemm(context& c) {
  const io::onnx::node& n = c.current();
  if (n.integer("transA", 0) != 0) c.fail("transA is not supported");
  const int x = c.value(0);
  dense d;
  d.weights = read_weights(c, 1, n.integer("transB", 0) == 0);
  if (d.weights.values.sizes.rank != 2) c.fail("weights of ", to_string(d.weights.values.sizes));
  d.bias = read_bias(c, 2, d.weights.values.sizes[0]);
  const float alpha = n.real("alpha", 1), beta = n.real("beta", 1);
  if (alpha != 1) {
    if (!(alpha > 0)) d.weights = {d.weights.values, {}, {}, {}, 8};
    for (float& w : d.weights.values.values) w *= alpha;
    for (float& s : d.weights.scales) s *= alpha;
  }
  if (beta != 1) {
    for (float& b : d.bias.values) b *= beta;
    d.bias.codes.clear();
  }
  const auto finite = [](const std::vector<float>& values) {
    return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
  };
  if (!finite(d.weights.values.values) || !finite(d.weights.scales) || !finite(d.bias.values)) {
    c.fail("alpha of ", alpha, " and beta of ", beta, " make weights or biases that are not finite");
  }
  c.add(std::move(d), {x});
}

/// A dense layer on values of any rank.
inline void add_product(context& c, int x, dense d) {
  const index_t outputs = d.weights.outputs();
  if (c.sizes(x).rank != 4) return static_cast<void>(c.add(std::move(d), {x}));
  std::vector<index_t> sizes = c.open_sizes(x);
  const int rows = c.add_hidden(reshape{{0, -1, sizes[3]}}, {x}, c.output() + "/rows");
  c.graph.at(rows).grid = c.graph.at(x).grid;
  const int product = c.add_hidden(std::move(d), {rows}, c.output() + "/product");
  sizes[3] = outputs;
  c.add(reshape{as_reshape(c, c.open_sizes(x), sizes)}, {product});
}

inline void read_matmul(context& c) {
  const int x = c.value(0);
  if (c.is_known(1) && c.numbers(1).sizes.size() == 2 && c.sizes(x).rank >= 2) {
    dense d;
    d.weights = read_weights(c, 1, true);
    add_product(c, x, std::move(d));
  } else {
    c.add(matmul{}, {x, c.value(1)});
  }
}

/// An addition of a constant per channel to what a convolution or product computed, which nobody else reads, is its
/// bias.
inline bool becomes_bias(context& c, std::size_t sum, std::size_t added) {
  const entry& e = c.input(sum);
  if (!c.is_known(added) || e.value < 0 || e.quantized || c.uses(c.current().inputs[sum]) != 1) return false;
  node* made_by = c.producer(e.value);
  bias* b = made_by == nullptr ? nullptr : bias_of(made_by->layer);
  if (b == nullptr || !b->values.empty()) return false;
  const layer& made = made_by->layer;
  const known& k = c.numbers(added);
  const index_t outputs = weights_of(made)->outputs();
  const shape& result = c.sizes(e.value);
  const std::size_t axis = std::holds_alternative<conv>(made) ? 1 : static_cast<std::size_t>(result.rank - 1);
  if (k.sizes.size() > static_cast<std::size_t>(result.rank) || k.count() != outputs) return false;
  const std::size_t skipped = static_cast<std::size_t>(result.rank) - k.sizes.size();
  if (axis < skipped || (outputs > 1 && k.sizes[axis - skipped] != outputs)) return false;
  b->values = c.reals(added);
  c.graph.at(e.value).name = c.output();
  c.set(c.output(), entry(e));
  return true;
}

inline void read_binary(context& c, binary_kind kind) {
  if (kind == binary_kind::add && (becomes_bias(c, 0, 1) || becomes_bias(c, 1, 0))) return;
  const int a = c.value(0), b = c.value(1);
  c.add(binary{kind}, {a, b});
}

inline void read_clip(context& c) {
  const io::onnx::node& n = c.current();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  clip k{-infinity, infinity};
  if (c.opset() < 11) {
    k = {n.real("min", -infinity), n.real("max", infinity)};
  } else {
    if (c.has(1)) k.low = c.real(1);
    if (c.has(2)) k.high = c.real(2);
  }
  if (!(k.low <= k.high)) c.fail("clips to [", k.low, ", ", k.high, "]");
  c.add(k, {c.value(0)});
}

/// Max and Min with one number are a clip.
inline void read_extreme(context& c, bool largest) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (c.current().inputs.size() != 2 || c.is_known(0) == c.is_known(1)) c.fail("only with one number is it computed");
  const std::size_t bound = c.is_known(0) ? 0 : 1;
  const float at = c.real(bound);
  c.add(largest ? clip{at, infinity} : clip{-infinity, at}, {c.value(1 - bound)});
}

inline void read_sum(context& c) {
  const std::size_t n = c.current().inputs.size();
  if (n == 0) c.fail("no inputs");
  int all = c.value(0);
  for (std::size_t i = 1; i + 1 < n; ++i) {
    all = c.add_hidden(binary{}, {all, c.value(i)}, c.output() + "/" + std::to_string(i));
  }
  if (n == 1) return c.set(c.output(), entry(c.input(0)));
  c.add(binary{}, {all, c.value(n - 1)});
}

inline void read_pool(context& c, bool largest) {
  const int x = c.value(0);
  const window w = read_window(c, x, c.current().integers("kernel_shape"));
  if (c.current().outputs.size() > 1 && !c.current().outputs[1].empty())
    c.fail("the places of the maxima are not computed");
  if (largest) {
    c.add(max_pool{w}, {x});
  } else {
    c.add(average_pool{w, c.current().integer("count_include_pad", 0) != 0}, {x});
  }
}

inline void read_batch_norm(context& c) {
  for (std::size_t i = 1; i < c.current().outputs.size(); ++i) {
    if (!c.current().outputs[i].empty() && c.uses(c.current().outputs[i]) > 0)
      c.fail("only its first output is computed");
  }
  if (c.current().integer("training_mode", 0) != 0) c.fail("training mode is not supported");
  c.add(batch_norm{c.reals(1), c.reals(2), c.reals(3), c.reals(4), c.current().real("epsilon", 1e-5f)}, {c.value(0)});
}

inline void read_softmax(context& c) {
  const int x = c.value(0);
  const int rank = c.sizes(x).rank;
  const bool old = c.opset() < 13;  // then all axes from `axis` on are one
  const auto axis =
      static_cast<int>(axis_in(c.current().integer("axis", old ? 1 : -1), static_cast<std::size_t>(rank), c.failing()));
  for (int a = axis + 1; old && a < rank; ++a) {
    if (c.sizes(x)[a] != 1) c.fail("over several axes of ", to_string(c.sizes(x)));
  }
  c.add(softmax{axis}, {x});
}

}  // namespace equant::inline EQUANT_ABI::nn::importing
