// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "nn/naive.hpp"

#include "catch.hpp"

#include <equant/nn/evaluate.hpp>

using namespace equant;

namespace {

/// What the library computes for one layer, as a tensor that lies N x C x H x W.
naive::tensor computed(const nn::layer& l, const std::vector<naive::tensor>& inputs) {
  std::vector<std::vector<float>> values;
  std::vector<nn::float_input> in;
  std::vector<shape> sizes;
  for (const naive::tensor& x : inputs) values.push_back(naive::in_memory(x)), sizes.push_back(x.sizes);
  for (std::size_t i = 0; i < inputs.size(); ++i) in.push_back({values[i].data(), sizes[i]});
  const shape to = nn::infer_shape({"layer", l, {}, 0}, sizes);
  std::vector<float> y(static_cast<std::size_t>(to.count()), 1e30f);
  nn::run_layer(l, in, {y.data(), to});
  return naive::from_memory(y, to);
}

void check_equal(const naive::tensor& got, const naive::tensor& wanted) {
  REQUIRE(got.sizes == wanted.sizes);
  for (std::size_t i = 0; i < got.values.size(); ++i) {
    INFO("element " << i);
    REQUIRE(got.values[i] == Approx(wanted.values[i]).margin(2e-5).epsilon(2e-5));
  }
}

nn::window window(std::array<index_t, 2> kernel, std::array<index_t, 2> strides, std::array<index_t, 2> dilations,
                  std::array<index_t, 4> pads, bool ceil_mode = false) {
  return {kernel, strides, dilations, pads, ceil_mode};
}

}  // namespace

TEST_CASE("float conv: kernels strides dilations pads and groups as the definition says") {
  struct scenario {
    index_t inputs, outputs, groups;
    nn::window window;
  };
  const scenario scenarios[] = {
      {3, 8, 1, window({3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1})},
      {3, 5, 1, window({3, 2}, {2, 1}, {1, 2}, {0, 1, 2, 3})},
      {8, 6, 1, window({1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0})},
      {8, 6, 1, window({1, 1}, {2, 2}, {1, 1}, {0, 0, 0, 0})},
      {6, 4, 2, window({3, 3}, {1, 2}, {1, 1}, {4, 1, 5, 1})},
      {6, 6, 3, window({1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0})},
      {37, 37, 37, window({3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1})},
      {5, 5, 5, window({2, 3}, {2, 2}, {2, 1}, {0, 0, 1, 1})},
      {4, 8, 4, window({3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1})},
  };
  std::uint64_t seed = 1;
  for (const scenario& s : scenarios) {
    const shape weights{s.outputs, s.inputs / s.groups, s.window.kernel[0], s.window.kernel[1]};
    const naive::tensor x = naive::random({2, s.inputs, 9, 7}, seed++), w = naive::random(weights, seed++);
    const naive::tensor b = naive::random({s.outputs}, seed++);
    nn::conv c;
    c.weights.values = {weights, naive::floats(w.values)};
    c.bias.values = naive::floats(b.values);
    c.window = s.window;
    c.groups = s.groups;
    const naive::tensor y = computed(c, {x});
    INFO("scenario " << seed / 3);
    check_equal(y, naive::conv(x, w, b, s.window, s.groups, y.sizes));
  }
}

TEST_CASE("float conv: images of more windows than are multiplied at once") {
  const naive::tensor x = naive::random({1, 16, 40, 33}, 5), w = naive::random({4, 16, 5, 5}, 6), b(shape{4});
  nn::conv c;
  c.weights.values = {w.sizes, naive::floats(w.values)};
  c.window = window({5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2});
  check_equal(computed(c, {x}), naive::conv(x, w, b, c.window, 1, {1, 4, 40, 33}));
}

TEST_CASE("float conv: limits clip the result") {
  const naive::tensor x = naive::random({1, 3, 5, 5}, 5), w = naive::random({3, 1, 3, 3}, 6), b(shape{3});
  nn::conv c;
  c.weights.values = {w.sizes, naive::floats(w.values)};
  c.window = window({3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1});
  c.groups = 3;
  naive::tensor wanted = naive::conv(x, w, b, c.window, 3, x.sizes);
  for (double& v : wanted.values) v = std::min(std::max(v, 0.0), 0.25);
  std::vector<float> y(75);
  const std::vector<float> from = naive::in_memory(x);
  nn::float_conv(c).run(from.data(), x.sizes, y.data(), x.sizes, nullptr, {0, 0.25f});
  check_equal(naive::from_memory(y, x.sizes), wanted);
}

TEST_CASE("float pools: windows as the definition says") {
  const nn::window windows[] = {
      window({2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}),       window({3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}),
      window({3, 2}, {2, 1}, {1, 2}, {0, 1, 1, 0}),       window({3, 3}, {2, 2}, {1, 1}, {0, 0, 1, 1}, true),
      window({2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, true),
  };
  const naive::tensor x = naive::random({2, 5, 9, 8}, 77);
  for (const nn::window& w : windows) {
    const naive::tensor y = computed(nn::max_pool{w}, {x});
    check_equal(y, naive::max_pool(x, w, y.sizes));
    check_equal(computed(nn::average_pool{w, false}, {x}), naive::average_pool(x, w, false, y.sizes));
    check_equal(computed(nn::average_pool{w, true}, {x}), naive::average_pool(x, w, true, y.sizes));
  }
  const nn::window all = window({9, 8}, {1, 1}, {1, 1}, {0, 0, 0, 0});
  check_equal(computed(nn::global_average_pool{}, {x}), naive::average_pool(x, all, false, {2, 5, 1, 1}));
}

TEST_CASE("float binary: sizes broadcast as numpy's do") {
  const std::pair<shape, shape> pairs[] = {
      {{2, 3, 4, 5}, {2, 3, 4, 5}}, {{2, 3, 4, 5}, {3, 1, 1}}, {{2, 3, 4, 5}, {5}}, {{1, 3, 1, 5}, {2, 1, 4, 1}},
      {{4, 6}, {6}},                {{4, 1}, {1, 6}},          {{2, 3, 4}, {}},     {{3, 4}, {2, 1, 4}},
  };
  for (const auto& [p, q] : pairs) {
    const naive::tensor a = naive::random(p, 3), b = naive::random(q, 4, 0.5, 1.5);
    const naive::tensor sum = computed(nn::binary{nn::binary_kind::add}, {a, b});
    check_equal(sum, naive::binary(a, b, sum.sizes, [](double x, double y) { return x + y; }));
    check_equal(computed(nn::binary{nn::binary_kind::subtract}, {a, b}),
                naive::binary(a, b, sum.sizes, [](double x, double y) { return x - y; }));
    check_equal(computed(nn::binary{nn::binary_kind::multiply}, {b, a}),
                naive::binary(b, a, sum.sizes, [](double x, double y) { return x * y; }));
    check_equal(computed(nn::binary{nn::binary_kind::divide}, {a, b}),
                naive::binary(a, b, sum.sizes, [](double x, double y) { return x / y; }));
  }
}

TEST_CASE("float concat: along every axis of images and rows") {
  for (int axis = 0; axis < 4; ++axis) {
    shape p{2, 3, 4, 5}, q = p;
    q[axis] = 2;
    const naive::tensor a = naive::random(p, 8), b = naive::random(q, 9), y = computed(nn::concat{axis}, {a, b});
    check_equal(y, naive::concat(a, b, axis, y.sizes));
    check_equal(computed(nn::concat{axis - 4}, {a, b}), y);
  }
}

TEST_CASE("float moves: logical order is kept though images lie with the channel fastest") {
  const naive::tensor x = naive::random({2, 3, 4, 5}, 10);
  naive::tensor flat = x;
  flat.sizes = {2, 60};
  check_equal(computed(nn::reshape{{0, -1}}, {x}), flat);
  check_equal(computed(nn::reshape{{2, 3, 4, 5}}, {flat}), x);
  naive::tensor other = x;
  other.sizes = {2, 6, 2, 5};
  check_equal(computed(nn::reshape{{0, 6, 2, -1}}, {x}), other);

  naive::tensor turned(shape{2, 4, 5, 3}), cut(shape{2, 1, 2, 2}), padded(shape{2, 3, 6, 8});
  for (double& v : padded.values) v = 0.5;
  for (index_t n = 0; n < 2; ++n) {
    for (index_t c = 0; c < 3; ++c) {
      for (index_t i = 0; i < 4; ++i) {
        for (index_t j = 0; j < 5; ++j) {
          const double v = x.at({n, c, i, j});
          turned.at({n, i, j, c}) = v;
          padded.at({n, c, i + 2, j + 1}) = v;
          if (c == 1 && i >= 2 && (j == 1 || j == 3)) cut.at({n, 0, i - 2, (j - 1) / 2}) = v;
        }
      }
    }
  }
  check_equal(computed(nn::transpose{{0, 2, 3, 1}}, {x}), turned);
  check_equal(computed(nn::slice{{1, -2, 1}, {2, 1000, -1}, {1, 1, 2}, {1, 2, 3}}, {x}), cut);
  check_equal(computed(nn::pad{{0, 0, 2, 1}, {0, 0, 0, 2}, 0.5f}, {x}), padded);
}

TEST_CASE("float dense softmax and unary: as the definitions say") {
  const naive::tensor x = naive::random({3, 7}, 11), w = naive::random({4, 7}, 12), b = naive::random({4}, 13);
  nn::dense d;
  d.weights.values = {w.sizes, naive::floats(w.values)};
  d.bias.values = naive::floats(b.values);
  naive::tensor y(shape{3, 4});
  for (index_t r = 0; r < 3; ++r) {
    for (index_t o = 0; o < 4; ++o) {
      y.at({r, o}) = b.at({o});
      for (index_t i = 0; i < 7; ++i) y.at({r, o}) += w.at({o, i}) * x.at({r, i});
    }
  }
  check_equal(computed(d, {x}), y);

  const naive::tensor images = naive::random({2, 3, 4, 2}, 14, -9, 9);
  naive::tensor share(images.sizes);
  for (index_t n = 0; n < 2; ++n) {
    for (index_t i = 0; i < 4; ++i) {
      for (index_t j = 0; j < 2; ++j) {
        double sum = 0;
        for (index_t c = 0; c < 3; ++c) sum += std::exp(images.at({n, c, i, j}));
        for (index_t c = 0; c < 3; ++c) share.at({n, c, i, j}) = std::exp(images.at({n, c, i, j})) / sum;
      }
    }
  }
  check_equal(computed(nn::softmax{1}, {images}), share);

  naive::tensor positive = naive::random({5, 5}, 15, 0.1, 2);
  const auto each = [&](auto f) {
    naive::tensor z = positive;
    for (double& v : z.values) v = f(v);
    return z;
  };
  check_equal(computed(nn::unary{nn::unary_kind::exponential}, {positive}), each([](double v) { return std::exp(v); }));
  check_equal(computed(nn::unary{nn::unary_kind::sigmoid}, {positive}),
              each([](double v) { return 1 / (1 + std::exp(-v)); }));
  check_equal(computed(nn::unary{nn::unary_kind::negate}, {positive}), each([](double v) { return -v; }));
  check_equal(computed(nn::unary{nn::unary_kind::square_root}, {positive}),
              each([](double v) { return std::sqrt(v); }));
  check_equal(computed(nn::unary{nn::unary_kind::tanh}, {positive}), each([](double v) { return std::tanh(v); }));
  check_equal(computed(nn::clip{0.5f, 1}, {positive}), each([](double v) { return std::min(std::max(v, 0.5), 1.0); }));
}

TEST_CASE("float matmul: outer axes broadcast") {
  const naive::tensor a = naive::random({2, 3, 4, 5}, 16), b = naive::random({3, 5, 2}, 17);
  naive::tensor y(shape{2, 3, 4, 2});
  for (index_t n = 0; n < 2; ++n) {
    for (index_t c = 0; c < 3; ++c) {
      for (index_t i = 0; i < 4; ++i) {
        for (index_t j = 0; j < 2; ++j) {
          for (index_t k = 0; k < 5; ++k) y.at({n, c, i, j}) += a.at({n, c, i, k}) * b.at({c, k, j});
        }
      }
    }
  }
  check_equal(computed(nn::matmul{}, {a, b}), y);
}

TEST_CASE("float batch norm: the statistics it holds") {
  const naive::tensor x = naive::random({2, 3, 4, 5}, 18);
  nn::batch_norm b{{1, 2, -1}, {0.5f, 0, 1}, {0.25f, -0.5f, 0}, {1, 4, 0.25f}, 0};
  naive::tensor y(x.sizes);
  const double scale[] = {1, 1, -2}, shift[] = {0.25, 0.5, 1};
  for (std::size_t i = 0; i < y.values.size(); ++i) y.values[i] = x.values[i] * scale[i / 20 % 3] + shift[i / 20 % 3];
  check_equal(computed(b, {x}), y);
}
