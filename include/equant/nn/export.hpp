// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/version.hpp>
#include <equant/io/onnx_write.hpp>
#include <equant/nn/export_builder.hpp>
#include <equant/nn/shapes.hpp>

#include <algorithm>

/// Networks to ONNX files. Quantized ones become QDQ models: a QuantizeLinear and DequantizeLinear after each value
/// with a grid, constant codes with a DequantizeLinear for weights and biases, which ONNX Runtime fuses into its
/// integer kernels.
namespace equant::inline EQUANT_ABI::nn {

namespace exporting {

/// Whether a value on the grid lies within the clip anyway.
inline bool implied(const clip& c, const grid& g) {
  const float low = static_cast<float>(g.range.lowest - g.zero_point) * g.scale;
  const float high = static_cast<float>(g.range.highest - g.zero_point) * g.scale;
  return low >= c.low && high <= c.high;
}

class exporter : builder {
 public:
  exporter(const graph& g, io::onnx::model& m) : builder(m.graph), g_(g) {
    sizes_ = sizes_for(1);
    for (const value& v : g.values) names_.push_back(fresh(v.name.empty() ? "value" : v.name));
    for (std::size_t v = 0; v < g.values.size(); ++v) {
      const bool on_grid = g.values[v].grid.has_value();
      read_.push_back(on_grid && is_input(static_cast<int>(v)) ? fresh(names_[v] + "/dequantized") : names_[v]);
      written_.push_back(on_grid ? fresh(names_[v] + "/float") : names_[v]);
    }
  }

  void run() {
    for (const graph_input& i : g_.inputs) {
      out_.inputs.push_back(
          {name(i.value), data_type::float32, true, {i.sizes.values.begin(), i.sizes.values.begin() + i.sizes.rank}});
      quantize(i.value, name(i.value));
    }
    for (const node& n : g_.nodes) write(n);
    for (int v : g_.outputs) out_.outputs.push_back({read(v), data_type::float32, true, open_sizes(v)});
  }

 private:
  const std::string& name(int v) const { return names_[static_cast<std::size_t>(v)]; }
  bool is_input(int v) const {
    return std::any_of(g_.inputs.begin(), g_.inputs.end(), [v](const graph_input& i) { return i.value == v; });
  }
  /// What readers of a value read, and what its node writes.
  const std::string& read(int v) const { return read_[static_cast<std::size_t>(v)]; }
  const std::string& written(int v) const { return written_[static_cast<std::size_t>(v)]; }

  /// The sizes of all values where those that runs decide have this size.
  std::vector<shape> sizes_for(index_t open) const {
    std::vector<shape> in;
    for (const graph_input& i : g_.inputs) {
      in.push_back(i.sizes);
      for (int a = 0; a < i.sizes.rank; ++a) in.back()[a] = i.sizes[a] < 0 ? open : i.sizes[a];
    }
    return infer_shapes(g_, in);
  }
  /// A value's sizes, -1 where a run decides.
  std::vector<std::int64_t> open_sizes(int v) {
    if (twice_.empty()) twice_ = sizes_for(2);
    const shape &one = sizes_[static_cast<std::size_t>(v)], &two = twice_[static_cast<std::size_t>(v)];
    std::vector<std::int64_t> sizes = dims(one);
    for (int a = 0; a < one.rank; ++a) {
      if (one[a] != two[a]) sizes[static_cast<std::size_t>(a)] = -1;
    }
    return sizes;
  }

  void quantize(int v, const std::string& from) {
    if (!g_.at(v).grid) return;
    const grid& to = *g_.at(v).grid;
    const std::string base = name(v) + "/grid",
                      scale = store(base + "/scale", data_type::float32, {}, std::vector<float>{to.scale});
    std::string zero;
    if (to.is_signed()) {
      zero = store(base + "/zero_point", data_type::int8, {},
                   std::vector<std::int8_t>{static_cast<std::int8_t>(to.zero_point)});
    } else {
      zero = store(base + "/zero_point", data_type::uint8, {},
                   std::vector<std::uint8_t>{static_cast<std::uint8_t>(to.zero_point)});
    }
    std::string x = from;
    const std::int32_t lowest = to.is_signed() ? -128 : 0;
    if (to.range.lowest != lowest || to.range.highest != lowest + 255) {  // fewer bits: what goes in stays within them
      const float low = static_cast<float>(to.range.lowest - to.zero_point) * to.scale;
      const float high = static_cast<float>(to.range.highest - to.zero_point) * to.scale;
      x = clipped(base + "/limits", x, {low, high});
    }
    const std::string codes = fresh(base + "/codes");
    emit("QuantizeLinear", base + "/quantize", {x, scale, zero}, codes);
    emit("DequantizeLinear", base + "/dequantize", {codes, scale, zero}, read(v));
  }

  /// Weights as floats, or as codes and their DequantizeLinear; `across`: as I x O, which those in groups have to be,
  /// for ONNX Runtime makes a MatMulNBits of such codes, in blocks along axis 0, and the MatMul that reads them.
  std::string write(const weights& w, const std::string& base, bool across) {
    std::vector<std::int64_t> sizes = dims(w.values.sizes);
    const auto turned = [&](const auto& values) {
      if (!across || values.empty()) return values;
      auto t = values;
      const auto o = static_cast<std::size_t>(sizes[0]), in = static_cast<std::size_t>(sizes[1]);
      for (std::size_t r = 0; r < o; ++r) {
        for (std::size_t c = 0; c < in; ++c) t[c * o + r] = values[r * in + c];
      }
      return t;
    };
    const auto codes = turned(w.codes);
    const auto values = turned(w.values.values);
    if (across) std::swap(sizes[0], sizes[1]);
    if (!w.quantized()) return store(base + "/weights", data_type::float32, sizes, values);
    const data_type type = w.bits <= 4 ? data_type::int4 : data_type::int8;
    std::vector<std::int64_t> many;
    std::vector<attribute> with;
    if (w.group > 0) {
      many = {w.groups(), w.outputs()};
      with = {integer("axis", 0), integer("block_size", w.group)};
    } else if (w.scales.size() > 1 || w.zero_points.size() > 1) {
      many = {w.outputs()};
      with = {integer("axis", across ? 1 : 0)};
    }
    std::vector<float> scales;
    std::vector<std::int8_t> zeros;
    for (index_t g = 0; g < w.groups(); ++g) {
      for (index_t o = 0; o < (many.empty() ? 1 : w.outputs()); ++o) {
        scales.push_back(w.scale(o, g * w.group));
        zeros.push_back(static_cast<std::int8_t>(w.zero_point(o, g * w.group)));
      }
    }
    const std::string name = fresh(base + "/weights");
    names in{store(name + "/codes", type, sizes, codes), store(name + "/scale", data_type::float32, many, scales)};
    if (w.group == 0 || !w.zero_points.empty()) in.push_back(store(name + "/zero_point", type, many, zeros));
    emit("DequantizeLinear", name + "/dequantize", in, name, with);
    return name;
  }

  std::string write(const bias& b, const weights& w, int input, const std::string& base) {
    const std::vector<std::int64_t> size{static_cast<std::int64_t>(b.values.size())};
    if (b.codes.empty() || !g_.at(input).grid) return store(base + "/bias", data_type::float32, size, b.values);
    const std::string name = fresh(base + "/bias");
    std::vector<float> scales;
    for (float s : w.scales) scales.push_back(s * g_.at(input).grid->scale);
    const bool each = scales.size() > 1;
    const std::vector<std::int64_t> many =
        each ? std::vector<std::int64_t>{static_cast<std::int64_t>(scales.size())} : std::vector<std::int64_t>{};
    emit("DequantizeLinear", name + "/dequantize",
         {store(name + "/codes", data_type::int32, size, b.codes),
          store(name + "/scale", data_type::float32, many, scales),
          store(name + "/zero_point", data_type::int32, many, std::vector<std::int32_t>(scales.size(), 0))},
         name, each ? std::vector<attribute>{integer("axis", 0)} : std::vector<attribute>{});
    return name;
  }

  void write(const node& n) {
    const std::string called = unique(used_by_nodes_, n.name.empty() ? "node" : n.name), out = written(n.output);
    std::vector<std::string> in;
    for (int v : n.inputs) in.push_back(read(v));
    bool done = false;
    if (const auto* c = std::get_if<clip>(&n.layer);
        c != nullptr && g_.at(n.output).grid && implied(*c, *g_.at(n.output).grid)) {
      quantize(n.output, in[0]);  // the grid clips
      done = true;
    } else if (std::holds_alternative<copy>(n.layer) && g_.at(n.output).grid) {
      quantize(n.output, in[0]);
      done = true;
    } else {
      std::visit([&](const auto& l) { layer_to(l, n, called, in, out); }, n.layer);
    }
    if (!done) quantize(n.output, out);
  }

  using names = std::vector<std::string>;

  static std::vector<attribute> window_attributes(const window& w, bool pool) {
    std::vector<attribute> a{integers("kernel_shape", w.kernel), integers("strides", w.strides),
                             integers("pads", w.pads)};
    if (!pool || w.dilations != std::array<index_t, 2>{1, 1}) a.push_back(integers("dilations", w.dilations));
    if (pool && w.ceil_mode) a.push_back(integer("ceil_mode", 1));
    return a;
  }

  void layer_to(const conv& c, const node& n, const std::string& called, names in, const std::string& out) {
    in.push_back(write(c.weights, called, false));
    if (!c.bias.values.empty()) in.push_back(write(c.bias, c.weights, n.inputs[0], called));
    auto with = window_attributes(c.window, false);
    with.push_back(integer("group", c.groups));
    emit("Conv", called, in, out, with);
  }
  void layer_to(const dense& d, const node& n, const std::string& called, names in, const std::string& out) {
    const bool flat = sizes_[static_cast<std::size_t>(n.inputs[0])].rank == 2 && d.weights.group == 0;
    in.push_back(write(d.weights, called, !flat));
    if (flat) {
      if (!d.bias.values.empty()) in.push_back(write(d.bias, d.weights, n.inputs[0], called));
      emit("Gemm", called, in, out, {integer("transB", 1)});
    } else if (d.bias.values.empty()) {
      emit("MatMul", called, in, out);
    } else {
      const std::string product = fresh(out + "/product");
      const std::vector<std::int64_t> size{static_cast<std::int64_t>(d.bias.values.size())};
      emit("MatMul", called, in, product);
      emit("Add", called + "/add", {product, store(called + "/bias", data_type::float32, size, d.bias.values)}, out);
    }
  }
  void layer_to(const batch_norm& b, const node&, const std::string& called, names in, const std::string& out) {
    const std::vector<std::int64_t> size{static_cast<std::int64_t>(b.scale.size())};
    in.push_back(store(called + "/scale", data_type::float32, size, b.scale));
    in.push_back(store(called + "/shift", data_type::float32, size, b.shift));
    in.push_back(store(called + "/mean", data_type::float32, size, b.mean));
    in.push_back(store(called + "/variance", data_type::float32, size, b.variance));
    emit("BatchNormalization", called, in, out, {real("epsilon", b.epsilon)});
  }
  void layer_to(const clip& c, const node&, const std::string& called, names in, const std::string& out) {
    if (c.low == 0 && c.high == std::numeric_limits<float>::infinity()) return emit("Relu", called, in, out);
    in.push_back(store(called + "/min", data_type::float32, {}, std::vector<float>{c.low}));
    in.push_back(store(called + "/max", data_type::float32, {}, std::vector<float>{c.high}));
    emit("Clip", called, in, out);
  }
  void layer_to(const binary& b, const node&, const std::string& called, const names& in, const std::string& out) {
    constexpr const char* ops[] = {"Add", "Sub", "Mul", "Div"};
    emit(ops[static_cast<int>(b.kind)], called, in, out);
  }
  void layer_to(const unary& u, const node&, const std::string& called, const names& in, const std::string& out) {
    constexpr const char* ops[] = {"Exp", "Sigmoid", "Neg", "Sqrt", "Tanh"};
    emit(ops[static_cast<int>(u.kind)], called, in, out);
  }
  void layer_to(const matmul&, const node&, const std::string& called, const names& in, const std::string& out) {
    emit("MatMul", called, in, out);
  }
  void layer_to(const max_pool& p, const node&, const std::string& called, const names& in, const std::string& out) {
    emit("MaxPool", called, in, out, window_attributes(p.window, true));
  }
  void layer_to(const average_pool& p, const node&, const std::string& called, const names& in,
                const std::string& out) {
    auto with = window_attributes(p.window, true);
    if (p.count_padding) with.push_back(integer("count_include_pad", 1));
    emit("AveragePool", called, in, out, with);
  }
  void layer_to(const global_average_pool&, const node&, const std::string& called, const names& in,
                const std::string& out) {
    emit("GlobalAveragePool", called, in, out);
  }
  void layer_to(const reshape& r, const node&, const std::string& called, names in, const std::string& out) {
    if (r.sizes == std::vector<index_t>{0, -1}) return emit("Flatten", called, in, out);
    in.push_back(
        store(called + "/sizes", data_type::int64, {static_cast<std::int64_t>(r.sizes.size())}, as_int64(r.sizes)));
    emit("Reshape", called, in, out);
  }
  void layer_to(const transpose& t, const node&, const std::string& called, const names& in, const std::string& out) {
    emit("Transpose", called, in, out, {integers("perm", t.axes)});
  }
  void layer_to(const concat& c, const node&, const std::string& called, const names& in, const std::string& out) {
    emit("Concat", called, in, out, {integer("axis", c.axis)});
  }
  void layer_to(const slice& s, const node&, const std::string& called, names in, const std::string& out) {
    const auto part = [&](const char* what, const auto& values) {
      in.push_back(
          store(called + what, data_type::int64, {static_cast<std::int64_t>(values.size())}, as_int64(values)));
    };
    part("/starts", s.starts);
    part("/ends", s.ends);
    part("/axes", s.axes);
    part("/steps", s.steps);
    emit("Slice", called, in, out);
  }
  void layer_to(const pad& p, const node&, const std::string& called, names in, const std::string& out) {
    std::vector<std::int64_t> amounts = as_int64(p.before);
    for (index_t a : p.after) amounts.push_back(a);
    in.push_back(store(called + "/pads", data_type::int64, {static_cast<std::int64_t>(amounts.size())}, amounts));
    in.push_back(store(called + "/value", data_type::float32, {}, std::vector<float>{p.value}));
    emit("Pad", called, in, out);
  }
  void layer_to(const softmax& s, const node&, const std::string& called, const names& in, const std::string& out) {
    emit("Softmax", called, in, out, {integer("axis", s.axis)});
  }
  void layer_to(const copy&, const node&, const std::string& called, const names& in, const std::string& out) {
    emit("Identity", called, in, out);
  }
  void layer_to(const constant& c, const node&, const std::string& called, const names&, const std::string& out) {
    emit("Identity", called, {store(called + "/value", data_type::float32, dims(c.value.sizes), c.value.values)}, out);
  }

  template <class Range>
  static std::vector<std::int64_t> as_int64(const Range& values) {
    return {values.begin(), values.end()};
  }

  const graph& g_;
  std::vector<shape> sizes_, twice_;
  std::vector<std::string> names_, read_, written_;
  std::set<std::string> used_by_nodes_;
};

}  // namespace exporting

/// A network as an ONNX model: opset 13, or 21 where weights of at most 4 bits are stored as int4, or any in blocks.
/// Weights on levels of their own are written as floats: ONNX knows no codebooks.
inline io::onnx::model to_onnx(const graph& g) {
  const bool small = std::any_of(g.nodes.begin(), g.nodes.end(), [](const node& n) {
    const weights* w = weights_of(n.layer);
    return w != nullptr && w->quantized() && (w->bits <= 4 || w->group > 0);
  });
  io::onnx::model m;
  m.ir_version = small ? 10 : 8;
  m.opsets.push_back({"", small ? 21 : 13});
  m.producer_name =
      contract::joined("equant ", EQUANT_VERSION_MAJOR, ".", EQUANT_VERSION_MINOR, ".", EQUANT_VERSION_PATCH);
  m.graph.name = g.name.empty() ? "network" : g.name;
  exporting::exporter(g, m).run();
  return m;
}

/// Writes a network as an ONNX file, whole or not at all.
inline void save_onnx(const graph& g, const std::string& path) { io::onnx::save(path, to_onnx(g)); }

}  // namespace equant::inline EQUANT_ABI::nn
