// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/graph.hpp>

#include <algorithm>

namespace equant::inline EQUANT_ABI::nn {

namespace shaping {

template <class... Parts>
[[noreturn]] void fail(const node& n, const Parts&... parts) {
  contract::invalid_argument("node '", n.name, "' (", kind_name(n.layer), "): ", parts...);
}

/// How many places a window has along one axis.
inline index_t places(const node& n, const window& w, int axis, index_t size) {
  const auto a = static_cast<std::size_t>(axis);
  if (w.kernel[a] < 1 || w.strides[a] < 1 || w.dilations[a] < 1 || w.pads[a] < 0 || w.pads[a + 2] < 0) {
    fail(n, "a window of ", w.kernel[a], ", stride ", w.strides[a], ", dilation ", w.dilations[a], ", padding ",
         w.pads[a], " and ", w.pads[a + 2]);
  }
  constexpr index_t most = index_t{1} << 31;
  if (w.kernel[a] > most || w.strides[a] > most || w.dilations[a] > most || w.pads[a] > most || w.pads[a + 2] > most) {
    fail(n, "a window of ", w.kernel[a], ", stride ", w.strides[a], ", dilation ", w.dilations[a]);
  }
  const index_t span = (w.kernel[a] - 1) * w.dilations[a] + 1, room = size + w.pads[a] + w.pads[a + 2] - span;
  if (room < 0) fail(n, "a window of ", span, " on ", size, " padded by ", w.pads[a], " and ", w.pads[a + 2]);
  index_t count = room / w.strides[a] + 1;
  if (w.ceil_mode && room % w.strides[a] != 0 && count * w.strides[a] < size + w.pads[a]) ++count;
  return count;
}

inline shape windowed(const node& n, const window& w, const shape& x, index_t channels) {
  if (x.rank != 4) fail(n, "an input of ", to_string(x), " is no batch of images");
  return {x[0], channels, places(n, w, 0, x[2]), places(n, w, 1, x[3])};
}

inline shape broadcast(const node& n, const shape& a, const shape& b) {
  shape out = shape::filled(std::max(a.rank, b.rank), 1);
  for (int i = 0; i < out.rank; ++i) {
    const int p = i - (out.rank - a.rank), q = i - (out.rank - b.rank);
    const index_t s = p < 0 ? 1 : a[p], t = q < 0 ? 1 : b[q];
    if (s != t && s != 1 && t != 1) fail(n, "sizes ", to_string(a), " and ", to_string(b), " do not broadcast");
    out[i] = s == 1 ? t : s;
  }
  return out;
}

/// Throws where codes do not go with their scales.
inline void check_codes(const node& n, const weights& w, const bias& b) {
  const std::string sizes = to_string(w.values.sizes);
  if (w.on_levels() && (w.codes.size() != w.values.values.size() || w.bits < 1 || w.bits > 8 ||
                        static_cast<index_t>(w.levels.size()) != w.outputs() << w.bits)) {
    fail(n, w.codes.size(), " codes and ", w.levels.size(), " levels of ", w.bits, " bits for weights of ", sizes);
  }
  if (!w.quantized()) return;
  if (w.group < 0 || (w.group > 0 && !std::holds_alternative<dense>(n.layer))) {
    fail(n, "weights of ", sizes, " in groups of ", w.group, " inputs");
  }
  const auto codes = static_cast<index_t>(w.codes.size()), scales = static_cast<index_t>(w.scales.size());
  const auto zeros = static_cast<index_t>(w.zero_points.size());
  const index_t most = w.outputs() * w.groups();
  if (codes != w.values.count() || (scales != 1 && scales != most) || (zeros > 1 && zeros != most)) {
    fail(n, codes, " codes, ", scales, " scales and ", zeros, " zero points for weights of ", sizes, " in ", w.groups(),
         " groups of inputs");
  }
  if (w.group > 0 && !b.codes.empty()) fail(n, "a bias in codes beside weights in groups of ", w.group, " inputs");
}

inline shape of(const node& n, const conv& c, const std::vector<shape>& in) {
  const shape& w = c.weights.values.sizes;
  const bool fits = w.rank == 4 && c.groups >= 1 && w[0] % c.groups == 0 && in[0].rank == 4 &&
                    in[0][1] % c.groups == 0 && in[0][1] / c.groups == w[1] && w[2] == c.window.kernel[0] &&
                    w[3] == c.window.kernel[1];
  if (!fits) fail(n, "weights of ", to_string(w), " in ", c.groups, " groups on ", to_string(in[0]));
  const std::size_t biases = c.bias.values.size();
  if (biases != 0 && static_cast<index_t>(biases) != w[0]) fail(n, biases, " biases for ", w[0], " channels");
  check_codes(n, c.weights, c.bias);
  return windowed(n, c.window, in[0], w[0]);
}

inline shape of(const node& n, const dense& d, const std::vector<shape>& in) {
  const shape& w = d.weights.values.sizes;
  if (w.rank != 2 || in[0].rank < 2 || in[0].rank == 4 || in[0][in[0].rank - 1] != w[1]) {
    fail(n, "weights of ", to_string(w), ", output x input, on ", to_string(in[0]));
  }
  const std::size_t biases = d.bias.values.size();
  if (biases != 0 && static_cast<index_t>(biases) != w[0]) fail(n, biases, " biases for ", w[0], " outputs");
  check_codes(n, d.weights, d.bias);
  shape out = in[0];
  out[out.rank - 1] = w[0];
  return out;
}

inline shape of(const node& n, const batch_norm& b, const std::vector<shape>& in) {
  const std::size_t c = in[0].rank < 2 ? 0 : static_cast<std::size_t>(in[0][1]);
  if (in[0].rank < 2 || b.scale.size() != c || b.shift.size() != c || b.mean.size() != c || b.variance.size() != c) {
    fail(n, b.scale.size(), " scales, ", b.shift.size(), " shifts, ", b.mean.size(), " means and ", b.variance.size(),
         " variances on ", to_string(in[0]));
  }
  return in[0];
}

inline shape of(const node&, const clip&, const std::vector<shape>& in) { return in[0]; }
inline shape of(const node&, const unary&, const std::vector<shape>& in) { return in[0]; }
inline shape of(const node&, const copy&, const std::vector<shape>& in) { return in[0]; }
inline shape of(const node& n, const softmax& s, const std::vector<shape>& in) {
  const int axis = s.axis < 0 ? s.axis + in[0].rank : s.axis;
  if (axis < 0 || axis >= in[0].rank) fail(n, "axis ", s.axis, " of ", to_string(in[0]));
  return in[0];
}
inline shape of(const node& n, const binary&, const std::vector<shape>& in) { return broadcast(n, in[0], in[1]); }
inline shape of(const node&, const constant& c, const std::vector<shape>&) { return c.value.sizes; }

inline shape of(const node& n, const matmul&, const std::vector<shape>& in) {
  const shape &a = in[0], &b = in[1];
  if (a.rank < 2 || b.rank < 2 || a[a.rank - 1] != b[b.rank - 2]) {
    fail(n, "a product of ", to_string(a), " and ", to_string(b));
  }
  shape outer_a = a, outer_b = b;
  outer_a.rank -= 2;
  outer_b.rank -= 2;
  shape out = broadcast(n, outer_a, outer_b);
  if (out.rank + 2 > max_rank) fail(n, "too many axes");
  out.rank += 2;
  out[out.rank - 2] = a[a.rank - 2];
  out[out.rank - 1] = b[b.rank - 1];
  return out;
}

inline shape of(const node& n, const max_pool& p, const std::vector<shape>& in) {
  return windowed(n, p.window, in[0], in[0].rank == 4 ? in[0][1] : 0);
}
inline shape of(const node& n, const average_pool& p, const std::vector<shape>& in) {
  return windowed(n, p.window, in[0], in[0].rank == 4 ? in[0][1] : 0);
}
inline shape of(const node& n, const global_average_pool&, const std::vector<shape>& in) {
  if (in[0].rank != 4) fail(n, "an input of ", to_string(in[0]), " is no batch of images");
  return {in[0][0], in[0][1], 1, 1};
}

inline shape of(const node& n, const reshape& r, const std::vector<shape>& in) {
  if (r.sizes.size() > max_rank) fail(n, r.sizes.size(), " axes");
  shape out;
  out.rank = static_cast<int>(r.sizes.size());
  int open = -1;
  index_t known = 1;
  const index_t count = checked_count(in[0]);
  for (int i = 0; i < out.rank; ++i) {
    index_t s = r.sizes[static_cast<std::size_t>(i)];
    if (s == 0 && i >= in[0].rank) fail(n, "axis ", i, " is to be kept of ", to_string(in[0]));
    if (s == 0) s = in[0][i];
    if (s < -1 || (s == -1 && open >= 0)) fail(n, "a size of ", s, " at axis ", i);
    if (s == -1) {
      open = i;
      s = 1;
    }
    if (s != 0 && known > std::max<index_t>(count, 1) / s) {
      fail(n, to_string(in[0]), " does not fill the sizes asked for");
    }
    known *= s;
    out[i] = s;
  }
  if (open >= 0) {
    if (known == 0 || count % known != 0) fail(n, to_string(in[0]), " does not fill the sizes asked for");
    out[open] = count / known;
  } else if (known != count) {
    fail(n, to_string(in[0]), " as ", to_string(out));
  }
  return out;
}

inline shape of(const node& n, const transpose& t, const std::vector<shape>& in) {
  shape out = in[0];
  std::vector<bool> used(static_cast<std::size_t>(out.rank), false);
  if (static_cast<int>(t.axes.size()) != out.rank) fail(n, t.axes.size(), " axes on ", to_string(in[0]));
  for (int i = 0; i < out.rank; ++i) {
    const int a = t.axes[static_cast<std::size_t>(i)];
    if (a < 0 || a >= out.rank || used[static_cast<std::size_t>(a)]) fail(n, "axis ", a, " at ", i);
    used[static_cast<std::size_t>(a)] = true;
    out[i] = in[0][a];
  }
  return out;
}

inline shape of(const node& n, const concat& c, const std::vector<shape>& in) {
  shape out = in[0];
  const int axis = c.axis < 0 ? c.axis + out.rank : c.axis;
  if (axis < 0 || axis >= out.rank) fail(n, "axis ", c.axis, " of ", to_string(out));
  for (std::size_t i = 1; i < in.size(); ++i) {
    bool fits = in[i].rank == out.rank;
    for (int a = 0; fits && a < out.rank; ++a) fits = a == axis || in[i][a] == out[a];
    if (!fits) fail(n, to_string(in[i]), " beside ", to_string(in[0]), " along axis ", axis);
    out[axis] += in[i][axis];
    static_cast<void>(checked_count(out));
  }
  return out;
}

inline shape of(const node& n, const slice& s, const std::vector<shape>& in) {
  shape out = in[0];
  for (std::size_t i = 0; i < s.axes.size(); ++i) {
    const int axis = s.axes[i] < 0 ? s.axes[i] + out.rank : s.axes[i];
    if (axis < 0 || axis >= out.rank) fail(n, "axis ", s.axes[i], " of ", to_string(in[0]));
    if (s.steps[i] < 1) fail(n, "a step of ", s.steps[i]);
    const index_t size = in[0][axis];
    const auto clamped = [size](index_t at) { return std::clamp<index_t>(at < 0 ? at + size : at, 0, size); };
    const index_t from = clamped(s.starts[i]), to = std::max(from, clamped(s.ends[i]));
    out[axis] = to == from ? 0 : (to - from - 1) / s.steps[i] + 1;
  }
  return out;
}

inline shape of(const node& n, const pad& p, const std::vector<shape>& in) {
  shape out = in[0];
  if (static_cast<int>(p.before.size()) != out.rank || p.after.size() != p.before.size()) {
    fail(n, p.before.size(), " amounts of padding on ", to_string(in[0]));
  }
  for (int i = 0; i < out.rank; ++i) {
    const index_t b = p.before[static_cast<std::size_t>(i)], a = p.after[static_cast<std::size_t>(i)];
    if (b < 0 || a < 0 || b > (index_t{1} << 31) || a > (index_t{1} << 31)) fail(n, "padding of ", b, " and ", a);
    out[i] += b + a;
  }
  return out;
}

inline std::size_t arity(const layer& l) {
  if (std::holds_alternative<constant>(l)) return 0;
  return std::holds_alternative<binary>(l) || std::holds_alternative<matmul>(l) ? 2 : 1;
}

}  // namespace shaping

/// The sizes of what a node computes from inputs of these sizes. Throws std::invalid_argument, with the node's name,
/// where they do not fit.
inline shape infer_shape(const node& n, const std::vector<shape>& inputs) {
  const bool many = std::holds_alternative<concat>(n.layer);
  if (many ? inputs.empty() : inputs.size() != shaping::arity(n.layer)) shaping::fail(n, inputs.size(), " inputs");
  const shape out = std::visit([&](const auto& l) { return shaping::of(n, l, inputs); }, n.layer);
  static_cast<void>(checked_count(out));
  return out;
}

/// The sizes of all values, when the inputs have these.
inline std::vector<shape> infer_shapes(const graph& g, const std::vector<shape>& inputs) {
  if (inputs.size() != g.inputs.size()) {
    contract::invalid_argument("network '", g.name, "' has ", g.inputs.size(), " inputs, not ", inputs.size());
  }
  std::vector<shape> sizes(g.values.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const shape& asked = g.inputs[i].sizes;
    bool fits = asked.rank == inputs[i].rank;
    for (int a = 0; fits && a < asked.rank; ++a) fits = asked[a] < 0 || asked[a] == inputs[i][a];
    if (!fits) {
      contract::invalid_argument("input '", g.at(g.inputs[i].value).name, "' wants ", to_string(asked), ", not ",
                                 to_string(inputs[i]));
    }
    static_cast<void>(checked_count(inputs[i]));
    sizes[static_cast<std::size_t>(g.inputs[i].value)] = inputs[i];
  }
  for (const node& n : g.nodes) {
    std::vector<shape> in;
    for (int v : n.inputs) in.push_back(sizes[static_cast<std::size_t>(v)]);
    sizes[static_cast<std::size_t>(n.output)] = infer_shape(n, in);
  }
  return sizes;
}

}  // namespace equant::inline EQUANT_ABI::nn
