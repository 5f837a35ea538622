// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/float_layers.hpp>
#include <equant/nn/integer_layers.hpp>
#include <equant/nn/moves.hpp>
#include <equant/nn/placement.hpp>
#include <equant/nn/program.hpp>
#include <equant/nn/shapes.hpp>

#include <memory>
#include <optional>

/// From a graph to the steps of an engine.
namespace equant::inline EQUANT_ABI::nn::compiling {

/// Builds a program node by node. A value with a grid lies in memory as codes, all others as floats; who wants the
/// other form, or another grid, gets it converted once.
template <class Isa>
class compiler {
 public:
  compiler(const graph& g, const std::vector<shape>& inputs, int threads)
      : g_(g), sizes_(infer_shapes(g, inputs)), at_(g.values.size(), -1) {
    made_.threads = threads;
    made_.inputs = inputs;
    for (std::size_t i = 0; i < g.inputs.size(); ++i) read_input(i);
    std::vector<bool> fused(g.nodes.size(), false);
    for (std::size_t i = 0; i < g.nodes.size(); ++i) {
      if (!fused[i]) build(g.nodes[i], fused);
    }
    for (std::size_t i = 0; i < g.outputs.size(); ++i) write_output(i);
  }

  program take() && { return std::move(made_); }

 private:
  using operand = kernels::code_operand<std::uint8_t>;

  const shape& sizes(int v) const { return sizes_[static_cast<std::size_t>(v)]; }
  index_t count(int v) const { return sizes(v).count(); }
  int& at(int v) { return at_[static_cast<std::size_t>(v)]; }
  std::optional<grid> grid_of(int v) const {
    const auto& own = g_.at(v).grid;
    return own ? std::optional<grid>(in_integers::unsigned_grid(*own)) : std::nullopt;
  }

  // Memory. A piece lives from the step that is pushed next to the last one it is used by.
  int make(index_t bytes) {
    const int now = static_cast<int>(made_.steps.size());
    made_.pieces.push_back(
        {static_cast<std::size_t>(bytes), constant_ ? 0 : now, constant_ ? std::numeric_limits<int>::max() : now});
    return static_cast<int>(made_.pieces.size()) - 1;
  }
  int make_value(int v) { return at(v) = make(count(v) * (g_.at(v).grid ? 1 : 4)); }
  int use(int piece) {
    int& last = made_.pieces[static_cast<std::size_t>(piece)].last;
    last = std::max(last, static_cast<int>(made_.steps.size()));
    return piece;
  }
  void push(step s) { (constant_ ? made_.once : made_.steps).push_back(std::move(s)); }

  // Conversions.
  void push_quantize(int from, index_t n, const grid& to, int piece) {
    use(from);
    use(piece);
    push([=](const running& r) {
      const float* x = r.at<const float>(from);
      auto* y = r.at<std::uint8_t>(piece);
      const index_t parts = parts_for(r.threads, n);
      r.threads(parts, [&](index_t part) {
        const index_t first = part_begin(n, parts, part), last = part_begin(n, parts, part + 1);
        quantize_codes(x + first, last - first, to, y + first);
      });
    });
  }
  static void quantize_codes(const float* x, index_t n, const grid& to, std::uint8_t* y) {
    const affine map{to.scale, to.zero_point};
    kernels::quantize<Isa>(arithmetic<>{}, x, n, run_parameters<affine>{&map.scale, &map.zero_point}, to.range, y);
  }
  int floats_of(int v) {
    const auto own = grid_of(v);
    if (!own) return at(v);
    return converted(v, std::nullopt, [&](int from, int piece) {
      push([from, piece, n = count(v), g = *own](const running& r) {
        const operand x{r.at<const std::uint8_t>(from), g.zero_point, g.scale};
        kernels::real_values<Isa>(x, n, r.at<float>(piece));
      });
    });
  }
  int codes_of(int v, const grid& wanted) {
    const auto own = grid_of(v);
    if (own && *own == wanted) return at(v);
    return converted(v, wanted, [&](int from, int piece) {
      own ? push_requantize(from, *own, count(v), {wanted.zero_point, wanted.range}, wanted.scale, piece)
          : push_quantize(from, count(v), wanted, piece);
    });
  }
  void push_requantize(int from, const grid& own, index_t n, const kernels::code_target& to, float scale, int piece) {
    push([=](const running& r) {
      const operand x{r.at<const std::uint8_t>(from), own.zero_point, own.scale / scale};
      kernels::requantize<Isa>(x, n, to, r.at<std::uint8_t>(piece));
    });
  }
  template <class F>
  int converted(int v, const std::optional<grid>& to, F&& convert) {
    for (const conversion& c : conversions_) {
      if (c.value == v && c.to == to) return c.piece;
    }
    const int from = use(at(v)), piece = make(count(v) * (to ? 1 : 4));
    convert(from, piece);
    conversions_.push_back({v, to, piece});
    return piece;
  }

  // The outside.
  void read_input(std::size_t i) {
    const int v = g_.inputs[i].value;
    const shape s = sizes(v);
    const index_t n = count(v), images = s.rank == 4 ? s[0] : 1, planes = s.rank == 4 ? s[1] : 1;
    const index_t pixels = s.rank == 4 ? s[2] * s[3] : n, each = planes * pixels;
    const int y = make_value(v);
    if (const auto own = grid_of(v)) {
      const int flat = make(n);
      push([=, to = *own](const running& r) {
        auto* codes = r.at<std::uint8_t>(planes == 1 ? y : flat);
        quantize_codes(r.inputs[i].data(), n, to, codes);
        for (index_t k = 0; planes > 1 && k < images; ++k) {
          in_integers::planes_to_pixels<std::uint8_t>(codes + k * each, planes, pixels,
                                                      r.at<std::uint8_t>(y) + k * each);
        }
      });
    } else {
      push([=](const running& r) {
        for (index_t k = 0; k < images; ++k) {
          in_integers::planes_to_pixels(r.inputs[i].data() + k * each, planes, pixels, r.at<float>(y) + k * each);
        }
      });
    }
  }
  void write_output(std::size_t i) {
    const int v = g_.outputs[i], x = use(floats_of(v));
    made_.outputs.push_back(sizes(v));
    push([x, i, s = sizes(v)](const running& r) {
      copy_strided(s, r.at<const float>(x), memory_strides(s), r.outputs[i].data(), row_major_strides(s));
    });
  }

  // Nodes.
  void build(const node& n, std::vector<bool>& fused) {
    const clip all{-std::numeric_limits<float>::infinity(), std::numeric_limits<float>::infinity()};
    const int out = fuses(n.layer) && !g_.at(n.output).grid ? fused_output(g_, n) : n.output;
    if (out != n.output) {
      const std::size_t next = g_.readers(n.output)[0];
      const clip& limits = std::get<clip>(g_.nodes[next].layer);
      fused[next] = build_integers(n, out, limits) || build_conv(n, out, limits);
      if (fused[next]) return;
    }
    constant_ = std::holds_alternative<constant>(n.layer);
    if (!build_integers(n, n.output, all) && !build_conv(n, n.output, all)) build_floats(n);
    constant_ = false;
  }
  static bool fuses(const layer& l) {
    const auto* b = std::get_if<binary>(&l);
    return std::holds_alternative<conv>(l) || std::holds_alternative<dense>(l) ||
           (b != nullptr && b->kind == binary_kind::add);
  }

  /// Whether the node is computed on codes, into value `out` within limits.
  bool build_integers(const node& n, int out, const clip& limits) {
    const auto to = grid_of(out);
    if (const weights* w = weights_of(n.layer)) return build_product(n, *w, out, to, limits);
    if (!to) return false;
    bool on_grids = !n.inputs.empty();
    for (int v : n.inputs) on_grids = on_grids && g_.at(v).grid.has_value();
    if (!on_grids) return false;
    const int x = n.inputs[0];
    const grid own = *grid_of(x);
    return std::visit(
        [&]<class L>(const L& what) {
          if constexpr (std::same_as<L, binary>) {
            return what.kind == binary_kind::add && build_add(n, out, *to, limits);
          } else if constexpr (std::same_as<L, clip> || std::same_as<L, copy>) {
            clip bounds = limits;
            if constexpr (std::same_as<L, clip>) bounds = what;
            const int from = use(at(x)), y = make_value(out);
            push_requantize(from, own, count(x), in_integers::target_of(*to, bounds), to->scale, y);
            return true;
          } else if constexpr (std::same_as<L, average_pool> || std::same_as<L, global_average_pool>) {
            average_pool pool;
            if constexpr (std::same_as<L, average_pool>) {
              pool = what;
            } else {
              pool.window.kernel = {sizes(x)[2], sizes(x)[3]};
            }
            const int from = use(at(x)), y = make_value(out);
            push([=, s = sizes(x), t = sizes(out), g = *to](const running& r) {
              in_integers::run<Isa>(pool, r.at<const std::uint8_t>(from), s, r.at<std::uint8_t>(y), t, own, g);
            });
            return true;
          } else if constexpr (std::same_as<L, max_pool>) {
            const int from = use(codes_of(x, *to)), y = make_value(out);
            push([=, s = sizes(x), t = sizes(out), g = *to](const running& r) {
              in_integers::run<Isa>(what, r.at<const std::uint8_t>(from), s, r.at<std::uint8_t>(y), t, g);
            });
            return true;
          } else {
            return build_move<std::uint8_t>(what, n, out, [&](int v) { return codes_of(v, *to); });
          }
        },
        n.layer);
  }

  bool build_product(const node& n, const weights& w, int out, const std::optional<grid>& to, const clip& limits) {
    const int x = n.inputs[0];
    const auto in = grid_of(x);
    if (!w.quantized() || w.group != 0 || !in ||
        w.values.count() / std::max<index_t>(1, w.outputs()) > in_integers::deepest) {
      return false;
    }
    const auto bias = in_integers::bias_codes(*bias_of(n.layer), w, in->scale);
    if (!bias) return false;
    const auto* c = std::get_if<conv>(&n.layer);
    const shape& s = sizes(x);
    if (c == nullptr && s.rank == 4) return false;  // its last axis is not the fastest
    const auto ready = std::make_shared<const in_integers::integer_conv<Isa>>(
        w, *bias, c != nullptr ? c->window : window{}, c != nullptr ? c->groups : 1, *in, to, limits);
    const shape images = c != nullptr ? shape{s[0], s[2], s[3], s[1]}
                                      : shape{s.count() / std::max<index_t>(1, s[s.rank - 1]), 1, 1, s[s.rank - 1]};
    const auto bytes = static_cast<index_t>(ready->scratch_bytes(images, made_.threads));
    const int from = use(at(x)), y = make_value(out), scratch = make(bytes);
    push([=](const running& r) {
      ready->run(r.at<const std::uint8_t>(from), images, r.at<std::uint8_t>(y),
                 {r.at<std::uint8_t>(scratch), static_cast<std::size_t>(bytes)}, r.threads);
    });
    return true;
  }

  bool build_add(const node& n, int out, const grid& to, const clip& limits) {
    const int a = n.inputs[0], b = n.inputs[1];
    if (sizes(a) != sizes(out) || sizes(b) != sizes(out)) return false;
    const int first = use(at(a)), second = use(at(b)), y = make_value(out);
    push([=, n = count(out), ga = *grid_of(a), gb = *grid_of(b),
          target = in_integers::target_of(to, limits)](const running& r) {
      const index_t parts = parts_for(r.threads, n);
      r.threads(parts, [&](index_t part) {
        const index_t i = part_begin(n, parts, part), end = part_begin(n, parts, part + 1);
        const operand x{r.at<const std::uint8_t>(first) + i, ga.zero_point, ga.scale / to.scale};
        const operand more{r.at<const std::uint8_t>(second) + i, gb.zero_point, gb.scale / to.scale};
        kernels::add_codes<Isa>(x, more, end - i, target, r.at<std::uint8_t>(y) + i);
      });
    });
    return true;
  }

  template <class T, class L>
  static constexpr bool moves = std::same_as<L, pad> ||
      requires(const L& l, std::span<const moving::source<T>> x, T* y) { moving::run(l, x, y, shape{}); };
  /// Layers that move values of type T; `form(v)` gives a value in that form.
  template <class T, class L, class Form>
  bool build_move(const L& what, const node& n, int out, Form&& form) {
    constexpr bool pads = std::same_as<L, pad>;
    if constexpr (moves<T, L>) {
      std::vector<int> pieces;
      for (int v : n.inputs) pieces.push_back(form(v));
      std::vector<moving::source<T>> from;
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        use(pieces[i]);
        from.push_back({nullptr, sizes(n.inputs[i])});
      }
      const int y = sizeof(T) == 1 ? make_value(out) : float_result(out);
      T filling{};
      if constexpr (pads) {
        filling = sizeof(T) == 1 ? static_cast<T>(in_integers::code_of(what.value, *grid_of(out)))
                                 : static_cast<T>(what.value);
      }
      push([=, to = sizes(out)](const running& r) mutable {
        for (std::size_t i = 0; i < from.size(); ++i) from[i].data = r.at<const T>(pieces[i]);
        if constexpr (pads) {
          moving::run(what, std::span<const moving::source<T>>(from), r.at<T>(y), to, filling);
        } else {
          moving::run(what, std::span<const moving::source<T>>(from), r.at<T>(y), to);
        }
      });
      if (sizeof(T) > 1) finish_floats(out, y);
      return true;
    } else {
      return false;
    }
  }

  // Layers in float. A result with a grid is computed beside it, then quantized.
  int float_result(int v) { return g_.at(v).grid ? make(4 * count(v)) : make_value(v); }
  void finish_floats(int v, int piece) {
    if (const auto to = grid_of(v)) push_quantize(piece, count(v), *to, make_value(v));
  }

  bool build_conv(const node& n, int out, const clip& limits) {
    const auto* c = std::get_if<conv>(&n.layer);
    if (c == nullptr) return false;
    const auto ready = std::make_shared<const float_conv>(*c);
    const int from = use(floats_of(n.inputs[0])), y = float_result(out), scratch = make(4 * ready->scratch());
    push([=, s = sizes(n.inputs[0]), t = sizes(out)](const running& r) {
      ready->run(r.at<const float>(from), s, r.at<float>(y), t, r.at<float>(scratch), limits);
    });
    finish_floats(out, y);
    return true;
  }

  void build_floats(const node& n) {
    std::visit(
        [&]<class L>(const L& what) {
          if (build_move<float>(what, n, n.output, [&](int v) { return floats_of(v); })) return;
          std::vector<int> pieces;
          for (int v : n.inputs) pieces.push_back(floats_of(v));
          std::vector<float_input> from;
          for (std::size_t i = 0; i < pieces.size(); ++i) {
            use(pieces[i]);
            from.push_back({nullptr, sizes(n.inputs[i])});
          }
          const int y = float_result(n.output);
          // The graph may be gone when the step runs: it owns its layer.
          push([=, to = sizes(n.output), own = std::make_shared<const L>(what)](const running& r) mutable {
            for (std::size_t i = 0; i < from.size(); ++i) from[i].data = r.at<const float>(pieces[i]);
            if constexpr (std::same_as<L, constant>) {
              copy_strided(to, own->value.values.data(), row_major_strides(to), r.at<float>(y), memory_strides(to));
            } else if constexpr (!moves<float, L> && !std::same_as<L, conv>) {
              in_float::run(*own, std::span<const float_input>(from), float_output{r.at<float>(y), to});
            }
          });
          finish_floats(n.output, y);
        },
        n.layer);
  }

  struct conversion {
    int value;
    std::optional<grid> to;
    int piece;
  };

  const graph& g_;
  std::vector<shape> sizes_;
  std::vector<int> at_;  // per value, the piece it lies in
  std::vector<conversion> conversions_;
  bool constant_ = false;
  program made_;
};

}  // namespace equant::inline EQUANT_ABI::nn::compiling
