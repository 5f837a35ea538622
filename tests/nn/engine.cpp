// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "nn/networks.hpp"

#include <equant/nn/engine.hpp>
#include <equant/nn/evaluate.hpp>
#include <equant/nn/quantize_weights.hpp>

#include <cstdlib>
#include <new>

namespace {

std::size_t allocations = 0;

}  // namespace

// Kept out of line: g++ 12 takes a free() that it sees inside a delete for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t n) {
  ++allocations;
  if (void* p = std::malloc(n)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t n, const std::nothrow_t&) noexcept {  // the sanitizers have their own
  ++allocations;
  return std::malloc(n);
}
[[gnu::noinline]] void* operator new(std::size_t n, std::align_val_t alignment) {
  ++allocations;
  const auto a = static_cast<std::size_t>(alignment);
  if (void* p = std::aligned_alloc(a, (n + a - 1) / a * a)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace {

using namespace equant;

/// Random codes, a scale for each output.
void round(nn::weights& w, nn::bias& b, std::uint64_t seed, float input_scale) {
  splitmix64 next(seed);
  const index_t each = w.values.count() / w.outputs();
  for (index_t o = 0; o < w.outputs(); ++o) {
    w.scales.push_back(.004f + .004f * static_cast<float>(next.uniform()));
    for (index_t i = 0; i < each; ++i) {
      w.codes.push_back(static_cast<std::int8_t>(next() % 255 - 127));
      w.values.values[static_cast<std::size_t>(o * each + i)] = w.scales.back() * w.codes.back();
    }
    b.codes.push_back(static_cast<std::int32_t>(next() % 2001) - 1000);
    b.values[static_cast<std::size_t>(o)] = input_scale * w.scales.back() * static_cast<float>(b.codes.back());
  }
}

/// Every kind of integer layer, on grids of all kinds.
nn::graph quantized() {
  nn::graph g;
  g.name = "quantized";
  const nn::grid image{.02f, 128, {0, 255}}, positive{.03f, 0, {0, 255}}, any{.04f, 110, {0, 255}}, with_sign{.05f, -7, {-128, 127}};
  const auto on = [&](int v, const nn::grid& to) {
    g.at(v).grid = to;
    return v;
  };
  const auto conv = [&](const char* name, int x, nn::conv c, std::uint64_t seed) {
    round(c.weights, c.bias, seed, g.at(x).grid->scale);
    return g.add(name, c, {x});
  };
  int x = on(g.add_input("x", {-1, 3, 12, 11}), image);
  int v = conv("conv1", x, networks::conv(16, 3, 3, 1, 1), 50);
  const int first = on(g.add("relu1", nn::clip{}, {v}), positive);
  nn::conv depthwise = networks::conv(16, 1, 3, 3, 1);
  depthwise.groups = 16;
  v = conv("depthwise", first, depthwise, 51);
  v = on(g.add("relu6", nn::clip{0, 6}, {v}), positive);
  v = on(conv("conv2", v, networks::conv(16, 16, 1, 5), 52), with_sign);
  v = g.add("add", nn::binary{}, {v, first});
  const int sum = on(g.add("relu2", nn::clip{}, {v}), any);
  nn::max_pool pool;
  pool.window = {{3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}};
  const int pooled = on(g.add("max", pool, {sum}), any);
  nn::conv grouped = networks::conv(20, 4, 3, 7, 1);
  grouped.groups = 4;
  grouped.window.strides = {2, 2};
  v = on(conv("grouped", sum, grouped, 53), with_sign);
  v = on(g.add("join", nn::concat{1}, {v, pooled}), positive);
  nn::average_pool average;
  average.window = {{2, 3}, {1, 2}, {1, 1}, {1, 0, 0, 1}};
  v = on(g.add("average", average, {v}), any);
  v = on(g.add("pad", nn::pad{{0, 0, 1, 0}, {0, 0, 0, 2}, 1.5f}, {v}), any);
  v = on(g.add("mean", nn::global_average_pool{}, {v}), any);
  v = on(g.add("flatten", nn::reshape{{0, -1}}, {v}), any);
  nn::dense d = networks::dense(5, 36, 9);
  round(d.weights, d.bias, 54, any.scale);
  v = g.add("dense", d, {v});
  g.outputs = {v, sum};
  return g;
}

/// The integer arithmetic, place by place: codes in their logical order.
struct plain {
  const nn::graph& g;
  std::vector<shape> sizes;
  std::vector<std::vector<int>> codes;
  std::vector<float> last;  // the dense layer's sums, as floats

  static int put(float real, const nn::grid& to, float low, float high) {
    const auto edge = [&](float x) {
      return std::nearbyint(std::clamp(x / to.scale, float(to.range.lowest - to.zero_point), float(to.range.highest - to.zero_point)));
    };
    return static_cast<int>(std::nearbyint(std::clamp(real, edge(low), edge(high)))) + to.zero_point;
  }
  const nn::grid& grid(int v) const { return *g.at(v).grid; }
  std::vector<int>& of(int v) { return codes[static_cast<std::size_t>(v)]; }
  const shape& size(int v) const { return sizes[static_cast<std::size_t>(v)]; }

  /// f(channel, row, column of each tap inside, weight's place) for output channel o at (r, c).
  template <class F>
  static void taps(const nn::window& w, const shape& s, index_t r, index_t c, F&& f) {
    for (index_t i = 0; i < w.kernel[0]; ++i) {
      for (index_t j = 0; j < w.kernel[1]; ++j) {
        const index_t y = r * w.strides[0] + i - w.pads[0], x = c * w.strides[1] + j - w.pads[1];
        if (y >= 0 && y < s[2] && x >= 0 && x < s[3]) f(y * s[3] + x, i * w.kernel[1] + j);
      }
    }
  }

  void run(const nn::tensor& x) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    sizes = nn::infer_shapes(g, {x.sizes});
    codes.resize(g.values.size());
    for (float v : x.values) of(0).push_back(put(v / grid(0).scale, grid(0), -infinity, infinity));
    for (std::size_t k = 0; k < g.nodes.size(); ++k) {
      const nn::node& n = g.nodes[k];
      if (std::holds_alternative<nn::clip>(n.layer)) continue;
      nn::clip limits{-infinity, infinity};
      int out = n.output;
      if (k + 1 < g.nodes.size() && std::holds_alternative<nn::clip>(g.nodes[k + 1].layer)) {
        limits = std::get<nn::clip>(g.nodes[k + 1].layer);
        out = g.nodes[k + 1].output;
      }
      node(n, out, limits);
    }
  }

  void node(const nn::node& n, int out, const nn::clip& limits) {
    const int x = n.inputs[0];
    const shape &s = size(x), &t = size(out);
    const auto emit = [&](float real) { of(out).push_back(put(real, grid(out), limits.low, limits.high)); };
    const auto each = [&](auto&& f) {
      for (index_t b = 0; b < t[0]; ++b) {
        for (index_t c = 0; c < t[1]; ++c) {
          for (index_t i = 0; i < t[2]; ++i) {
            for (index_t j = 0; j < t[3]; ++j) f(b, c, i, j);
          }
        }
      }
    };
    const auto at = [&](int v, index_t plane, index_t place) { return of(v)[static_cast<std::size_t>(plane * size(v)[2] * size(v)[3] + place)]; };
    if (const auto* by = std::get_if<nn::conv>(&n.layer)) {
      const index_t inputs = by->weights.values.sizes[1], per_group = t[1] / by->groups, area = by->window.kernel[0] * by->window.kernel[1];
      each([&](index_t b, index_t o, index_t i, index_t j) {
        int sum = by->bias.codes[static_cast<std::size_t>(o)];
        for (index_t k = 0; k < inputs; ++k) {
          const index_t plane = b * s[1] + o / per_group * inputs + k;
          taps(by->window, s, i, j, [&](index_t place, index_t tap) {
            sum += (at(x, plane, place) - grid(x).zero_point) * by->weights.codes[static_cast<std::size_t>((o * inputs + k) * area + tap)];
          });
        }
        emit(static_cast<float>(sum) * (grid(x).scale * by->weights.scale(o) / grid(out).scale));
      });
    } else if (const auto* d = std::get_if<nn::dense>(&n.layer)) {
      for (index_t b = 0; b < t[0]; ++b) {
        for (index_t o = 0; o < t[1]; ++o) {
          int sum = d->bias.codes[static_cast<std::size_t>(o)];
          for (index_t k = 0; k < s[1]; ++k) {
            sum += (of(x)[static_cast<std::size_t>(b * s[1] + k)] - grid(x).zero_point) * d->weights.codes[static_cast<std::size_t>(o * s[1] + k)];
          }
          last.push_back(static_cast<float>(sum) * (grid(x).scale * d->weights.scale(o)));
        }
      }
    } else if (std::holds_alternative<nn::binary>(n.layer)) {
      const int y = n.inputs[1];
      for (std::size_t i = 0; i < of(x).size(); ++i) {
        const float a = static_cast<float>(of(x)[i] - grid(x).zero_point) * (grid(x).scale / grid(out).scale);
        emit(std::fma(static_cast<float>(of(y)[i] - grid(y).zero_point), grid(y).scale / grid(out).scale, a));
      }
    } else if (const auto* m = std::get_if<nn::max_pool>(&n.layer)) {
      each([&](index_t b, index_t c, index_t i, index_t j) {
        int most = -1000;
        taps(m->window, s, i, j, [&](index_t place, index_t) { most = std::max(most, at(x, b * s[1] + c, place)); });
        of(out).push_back(most);
      });
    } else if (const auto* a = std::get_if<nn::average_pool>(&n.layer)) {
      average(a->window, x, out, each, emit);
    } else if (std::holds_alternative<nn::global_average_pool>(n.layer)) {
      average({{s[2], s[3]}}, x, out, each, emit);
    } else if (std::holds_alternative<nn::concat>(n.layer)) {
      each([&](index_t b, index_t c, index_t i, index_t j) {
        const int y = c < s[1] ? x : n.inputs[1];
        const int code = at(y, b * size(y)[1] + (c < s[1] ? c : c - s[1]), i * t[3] + j);
        emit(static_cast<float>(code - grid(y).zero_point) * (grid(y).scale / grid(out).scale));
      });
    } else if (const auto* p = std::get_if<nn::pad>(&n.layer)) {
      each([&](index_t b, index_t c, index_t i, index_t j) {
        const index_t row = i - p->before[2], column = j - p->before[3];
        const bool inside = row >= 0 && row < s[2] && column >= 0 && column < s[3];
        inside ? of(out).push_back(at(x, b * s[1] + c, row * s[3] + column)) : emit(p->value / grid(out).scale);
      });
    } else {
      of(out) = of(x);
    }
  }

  template <class Each, class Emit>
  void average(const nn::window& w, int x, int out, Each&& each, Emit&& emit) {
    const shape& s = size(x);
    each([&](index_t b, index_t c, index_t i, index_t j) {
      int sum = 0, count = 0;
      taps(w, s, i, j, [&](index_t place, index_t) {
        sum += of(x)[static_cast<std::size_t>((b * s[1] + c) * s[2] * s[3] + place)] - grid(x).zero_point;
        ++count;
      });
      emit(static_cast<float>(sum) * (grid(x).scale / grid(out).scale / static_cast<float>(count)));
    });
  }
};

template <class... Isa, class F>
void for_each(isa::list<Isa...>, F f) {
  (f(Isa{}), ...);
}

struct backwards {
  int count;
  int threads() const { return count; }
  template <class F>
  void operator()(index_t tasks, F&& f) const {
    while (tasks-- > 0) f(tasks);
  }
};

}  // namespace

TEST_CASE("engine: integer networks give what plain loops over codes give on every instruction set") {
  const nn::graph g = quantized();
  const nn::tensor x = networks::noise({2, 3, 12, 11}, 100, 3);
  plain right{g, {}, {}, {}};
  right.run(x);
  const int sum = g.outputs[1];
  for_each(isa::compiled{}, [&]<class Isa>(Isa) {
    for (int threads : {1, 3}) {
      INFO(Isa::name << ", " << threads << " threads");
      nn::basic_engine<Isa> engine(g, {x.sizes}, 3);
      const auto y = engine.run(std::span<const nn::tensor>(&x, 1), backwards{threads});
      REQUIRE(y.size() == 2);
      CHECK(y[0].values == right.last);
      std::vector<float> wanted;
      for (int code : right.of(sum)) wanted.push_back(static_cast<float>(code - right.grid(sum).zero_point) * right.grid(sum).scale);
      CHECK(y[1].values == wanted);
    }
  });
}

TEST_CASE("engine: integers are close to the same network in float") {
  const nn::graph g = quantized();
  const nn::tensor x = networks::noise({2, 3, 12, 11}, 100, 3);
  const auto real = nn::evaluate(g, std::span<const nn::tensor>(&x, 1)), got = nn::engine(g, {x.sizes}).run(x);
  for (std::size_t i = 0; i < got[1].values.size(); ++i) CHECK(std::abs(got[1].values[i] - real[1].values[i]) < .09f);
}

TEST_CASE("engine: nothing is allocated while an integer network runs, and copies run alike") {
  const nn::graph g = quantized();
  const nn::tensor x = networks::noise({2, 3, 12, 11}, 101, 3);
  nn::engine engine(g, {x.sizes});
  const auto wanted = engine.run(x);
  std::vector<float> first(wanted[0].values.size()), second(wanted[1].values.size());
  const std::span<const float> in[] = {x.values};
  const std::span<float> out[] = {first, second};
  const std::size_t before = allocations;
  engine.run(std::span<const std::span<const float>>(in), std::span<const std::span<float>>(out));
  CHECK(allocations == before);
  CHECK(first == wanted[0].values);
  nn::engine copy = engine;
  CHECK(copy.run(x)[0] == wanted[0]);
  CHECK(engine.memory_bytes() < 40000);
}

TEST_CASE("engine: float networks give what evaluate gives") {
  for (const nn::graph& g : {networks::classifier(), networks::residual()}) {
    shape s = g.inputs[0].sizes;
    s[0] = 3;
    const nn::tensor x = networks::noise(s, 7);
    const auto wanted = nn::evaluate(g, std::span<const nn::tensor>(&x, 1));
    const auto got = nn::engine(g, {s}).run(x);
    REQUIRE(got.size() == wanted.size());
    for (std::size_t i = 0; i < got[0].values.size(); ++i) CHECK(std::abs(got[0].values[i] - wanted[0].values[i]) < 1e-5f);
  }
}

TEST_CASE("engine: layers in float between layers on codes, and constants") {
  nn::graph g;
  const int x = g.add_input("x", {-1, 4});
  g.at(x).grid = nn::grid{.1f, 100, {0, 255}};
  int v = g.add("tanh", nn::unary{nn::unary_kind::tanh}, {x});
  const int two = g.add("two", nn::constant{nn::tensor({1, 4}, {2, -1, 1, .5f})}, {});
  v = g.add("times", nn::binary{nn::binary_kind::multiply}, {v, two});
  g.at(v).grid = nn::grid{.01f, -3, {-128, 127}};
  nn::dense d = networks::dense(3, 4, 9);
  round(d.weights, d.bias, 54, .01f);
  v = g.add("dense", d, {v});
  v = g.add("softmax", nn::softmax{}, {v});
  g.outputs = {v};
  const nn::tensor in = networks::noise({5, 4}, 3, 4);
  const auto wanted = nn::evaluate(g, std::span<const nn::tensor>(&in, 1)), got = nn::engine(g, {in.sizes}).run(in);
  for (std::size_t i = 0; i < got[0].values.size(); ++i) CHECK(std::abs(got[0].values[i] - wanted[0].values[i]) < 1e-5f);
}

TEST_CASE("engine: weights in groups are computed in float, also on codes") {
  nn::graph g;
  const int x = g.add_input("x", {-1, 40});
  g.at(x).grid = nn::grid{.02f, 100, {0, 255}};
  nn::dense d = networks::dense(6, 40, 9);
  nn::quantize_weights_in_groups(d.weights, 4, 16);
  g.outputs = {g.add("dense", d, {x})};
  const nn::tensor in = networks::noise({5, 40}, 3, 2);
  const auto wanted = nn::evaluate(g, std::span<const nn::tensor>(&in, 1)), got = nn::engine(g, {in.sizes}).run(in);
  for (std::size_t i = 0; i < got[0].values.size(); ++i) CHECK(std::abs(got[0].values[i] - wanted[0].values[i]) < 1e-5f);
}

TEST_CASE("engine: what does not fit is refused") {
  const nn::graph g = networks::classifier();
  CHECK_THROWS_WITH(nn::engine(g, {shape{1, 3, 8, 8}}), says("input 'x' wants"));
  nn::engine engine(g, {shape{1, 2, 8, 8}});
  CHECK_THROWS_WITH(engine.run(nn::tensor({2, 2, 8, 8})), says("2 x 2 x 8 x 8 in an engine made for 1 x 2 x 8 x 8"));
  std::vector<float> in(128), out(4);
  CHECK_THROWS_WITH(engine.run(std::span<const float>(in), std::span<float>(out)), says("4 values as number 0 of the outputs"));
  out.resize(5);
  CHECK_THROWS_WITH(engine.run(std::span<const float>(in), std::span<float>(out), backwards{2}), says("made for 1 threads run by 2"));
}
