// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "nn/naive.hpp"

#include "catch.hpp"

#include <equant/nn/gradients.hpp>
#include <equant/nn/shapes.hpp>

#include <functional>

using namespace equant;

namespace {

/// d sum(weight * f) / d x by central differences, in double.
naive::tensor differences(naive::tensor x, const naive::tensor& weight,
                          const std::function<naive::tensor(const naive::tensor&)>& f) {
  naive::tensor slope(x.sizes);
  const auto sum = [&] {
    const naive::tensor y = f(x);
    double s = 0;
    for (std::size_t i = 0; i < y.values.size(); ++i) s += y.values[i] * weight.values[i];
    return s;
  };
  constexpr double step = 1e-5;
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    const double at = x.values[i];
    x.values[i] = at + step;
    const double above = sum();
    x.values[i] = at - step;
    slope.values[i] = (above - sum()) / (2 * step);
    x.values[i] = at;
  }
  return slope;
}

void check_close(const std::vector<double>& got, const std::vector<double>& wanted) {
  REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    INFO("element " << i);
    REQUIRE(got[i] == Approx(wanted[i]).margin(5e-5).epsilon(5e-5));
  }
}
void check_close(const std::vector<float>& got, const std::vector<double>& wanted) {
  check_close(std::vector<double>(got.begin(), got.end()), wanted);
}

struct gradients_of {
  std::vector<naive::tensor> inputs;
  nn::layer_gradient parameters;
};

/// What the library computes backward from `upstream`; each gradient starts at 1 and must be added to.
gradients_of computed(const nn::layer& l, const std::vector<naive::tensor>& x, const naive::tensor& y,
                      const naive::tensor& upstream, std::size_t weights = 0, std::size_t biases = 0) {
  std::vector<std::vector<float>> in, back;
  std::vector<nn::float_input> from;
  std::vector<nn::float_output> to;
  for (const naive::tensor& t : x) {
    in.push_back(naive::in_memory(t));
    back.emplace_back(t.values.size(), 1.0f);
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    from.push_back({in[i].data(), x[i].sizes});
    to.push_back({back[i].data(), x[i].sizes});
  }
  const std::vector<float> result = naive::in_memory(y), above = naive::in_memory(upstream);
  gradients_of found;
  found.parameters = {std::vector<float>(weights, 1), std::vector<float>(biases, 1)};
  nn::run_backward(l, from, {result.data(), y.sizes}, {above.data(), y.sizes}, to, found.parameters);
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (float& v : back[i]) v -= 1;
    found.inputs.push_back(naive::from_memory(back[i], x[i].sizes));
  }
  for (float& v : found.parameters.weights) v -= 1;
  for (float& v : found.parameters.bias) v -= 1;
  return found;
}

shape result_of(const nn::layer& l, std::vector<shape> in) { return nn::infer_shape({"layer", l, {}, 0}, in); }

}  // namespace

TEST_CASE("conv gradient: numeric differentiation over strides pads dilations and groups") {
  struct scenario {
    index_t inputs, outputs, groups;
    nn::window window;
  };
  const scenario scenarios[] = {
      {2, 3, 1, {{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, false}},
      {3, 2, 1, {{3, 2}, {2, 1}, {1, 2}, {0, 1, 2, 3}, false}},
      {4, 3, 1, {{1, 1}, {2, 2}, {1, 1}, {0, 0, 0, 0}, false}},
      {4, 4, 2, {{2, 3}, {1, 2}, {1, 1}, {2, 0, 1, 1}, false}},
      {3, 3, 3, {{3, 3}, {2, 1}, {1, 1}, {0, 1, 1, 0}, false}},
      {2, 4, 2, {{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, false}},
  };
  std::uint64_t seed = 1;
  for (const scenario& s : scenarios) {
    const shape sizes{s.outputs, s.inputs / s.groups, s.window.kernel[0], s.window.kernel[1]};
    const naive::tensor x = naive::random({2, s.inputs, 5, 4}, seed++), w = naive::random(sizes, seed++);
    const naive::tensor b = naive::random({s.outputs}, seed++);
    nn::conv c;
    c.weights.values = {sizes, naive::floats(w.values)};
    c.bias.values = naive::floats(b.values);
    c.window = s.window;
    c.groups = s.groups;
    const shape to = result_of(c, {x.sizes});
    const auto forward = [&](const naive::tensor& p, const naive::tensor& q, const naive::tensor& r) {
      return naive::conv(p, q, r, s.window, s.groups, to);
    };
    const naive::tensor y = forward(x, w, b), up = naive::random(to, seed++);
    const gradients_of found = computed(c, {x}, y, up, w.values.size(), b.values.size());
    INFO("scenario " << seed / 4);
    check_close(found.inputs[0].values, differences(x, up, [&](const auto& v) { return forward(v, w, b); }).values);
    check_close(found.parameters.weights, differences(w, up, [&](const auto& v) { return forward(x, v, b); }).values);
    check_close(found.parameters.bias, differences(b, up, [&](const auto& v) { return forward(x, w, v); }).values);
  }
}

TEST_CASE("dense gradient: numeric differentiation") {
  const naive::tensor x = naive::random({3, 5}, 1), w = naive::random({4, 5}, 2), b = naive::random({4}, 3);
  nn::dense d;
  d.weights.values = {w.sizes, naive::floats(w.values)};
  d.bias.values = naive::floats(b.values);
  const auto forward = [](const naive::tensor& p, const naive::tensor& q, const naive::tensor& r) {
    naive::tensor y(shape{3, 4});
    for (index_t n = 0; n < 3; ++n) {
      for (index_t o = 0; o < 4; ++o) {
        y.at({n, o}) = r.at({o});
        for (index_t i = 0; i < 5; ++i) y.at({n, o}) += p.at({n, i}) * q.at({o, i});
      }
    }
    return y;
  };
  const naive::tensor y = forward(x, w, b), up = naive::random({3, 4}, 4);
  const gradients_of found = computed(d, {x}, y, up, 20, 4);
  check_close(found.inputs[0].values, differences(x, up, [&](const auto& v) { return forward(v, w, b); }).values);
  check_close(found.parameters.weights, differences(w, up, [&](const auto& v) { return forward(x, v, b); }).values);
  check_close(found.parameters.bias, differences(b, up, [&](const auto& v) { return forward(x, w, v); }).values);
}

TEST_CASE("batch norm gradient: with the batch's statistics and with frozen ones") {
  for (const shape& sizes : {shape{3, 4, 2, 3}, shape{6, 4}}) {
    const naive::tensor x = naive::random(sizes, 1), scale = naive::random({4}, 2), shift = naive::random({4}, 3);
    const naive::tensor up = naive::random(sizes, 4);
    const std::vector<float> from = naive::in_memory(x), above = naive::in_memory(up);
    nn::batch_norm b{
        naive::floats(scale.values), naive::floats(shift.values), {0.25f, 0, 1, -1}, {1, 2, 0.5f, 4}, 1e-3f};
    const auto epsilon = static_cast<double>(b.epsilon);

    const nn::batch_norm used = nn::with_statistics_of({from.data(), sizes}, b);
    std::vector<float> back(from.size(), 0);
    nn::layer_gradient sum{std::vector<float>(4), std::vector<float>(4)};
    nn::in_reverse::normalize(used, true, {from.data(), sizes}, {above.data(), sizes}, {back.data(), sizes}, sum);
    check_close(naive::from_memory(back, sizes).values,
                differences(x, up, [&](const auto& v) { return naive::batch_norm(v, scale, shift, epsilon); }).values);
    check_close(sum.weights,
                differences(scale, up, [&](const auto& v) { return naive::batch_norm(x, v, shift, epsilon); }).values);
    check_close(sum.bias,
                differences(shift, up, [&](const auto& v) { return naive::batch_norm(x, scale, v, epsilon); }).values);

    const std::size_t pixels = x.values.size() / static_cast<std::size_t>(sizes[0] * 4);
    const auto frozen = [&](const naive::tensor& p, const naive::tensor& q, const naive::tensor& r) {
      naive::tensor y(sizes);
      for (std::size_t i = 0; i < y.values.size(); ++i) {
        const std::size_t c = i / pixels % 4;
        y.values[i] = q.values[c] * (p.values[i] - static_cast<double>(b.mean[c])) /
                          std::sqrt(static_cast<double>(b.variance[c]) + epsilon) + r.values[c];
      }
      return y;
    };
    const gradients_of found = computed(b, {x}, frozen(x, scale, shift), up, 4, 4);
    check_close(found.inputs[0].values,
                differences(x, up, [&](const auto& v) { return frozen(v, scale, shift); }).values);
    check_close(found.parameters.weights,
                differences(scale, up, [&](const auto& v) { return frozen(x, v, shift); }).values);
    check_close(found.parameters.bias,
                differences(shift, up, [&](const auto& v) { return frozen(x, scale, v); }).values);
  }
}

TEST_CASE("binary gradient: sums over what was stretched") {
  const std::pair<shape, shape> pairs[] = {
      {{2, 3, 4, 2}, {2, 3, 4, 2}}, {{2, 3, 4, 2}, {3, 1, 1}}, {{1, 3, 1, 2}, {2, 1, 4, 1}}, {{4, 3}, {3}}};
  const std::function<double(double, double)> operations[] = {std::plus<>(), std::minus<>(), std::multiplies<>(),
                                                              std::divides<>()};
  for (const auto& [p, q] : pairs) {
    const naive::tensor a = naive::random(p, 3), b = naive::random(q, 4, 0.5, 1.5);
    for (int kind = 0; kind < 4; ++kind) {
      const nn::binary l{static_cast<nn::binary_kind>(kind)};
      const shape to = result_of(l, {p, q});
      const auto forward = [&](const naive::tensor& x, const naive::tensor& y) {
        return naive::binary(x, y, to, operations[kind]);
      };
      const naive::tensor up = naive::random(to, 5);
      const gradients_of found = computed(l, {a, b}, forward(a, b), up);
      check_close(found.inputs[0].values, differences(a, up, [&](const auto& v) { return forward(v, b); }).values);
      check_close(found.inputs[1].values, differences(b, up, [&](const auto& v) { return forward(a, v); }).values);
    }
  }
}

TEST_CASE("pool gradients: numeric differentiation") {
  const nn::window windows[] = {{{2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, false},
                                {{3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, false},
                                {{3, 3}, {2, 2}, {1, 1}, {0, 0, 1, 1}, true},
                                {{2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, true},
                                {{2, 2}, {1, 2}, {2, 1}, {1, 0, 1, 1}, false}};
  const naive::tensor x = naive::random({2, 3, 5, 4}, 77);
  for (const nn::window& w : windows) {
    const shape to = result_of(nn::max_pool{w}, {x.sizes});
    const naive::tensor up = naive::random(to, 78);
    const auto most = [&](const naive::tensor& v) { return naive::max_pool(v, w, to); };
    check_close(computed(nn::max_pool{w}, {x}, most(x), up).inputs[0].values, differences(x, up, most).values);
    for (bool padding : {false, true}) {
      const auto mean = [&](const naive::tensor& v) { return naive::average_pool(v, w, padding, to); };
      check_close(computed(nn::average_pool{w, padding}, {x}, mean(x), up).inputs[0].values,
                  differences(x, up, mean).values);
    }
  }
  const nn::window all{{5, 4}, {1, 1}, {1, 1}, {0, 0, 0, 0}, false};
  const naive::tensor up = naive::random({2, 3, 1, 1}, 79);
  const auto mean = [&](const naive::tensor& v) { return naive::average_pool(v, all, false, up.sizes); };
  check_close(computed(nn::global_average_pool{}, {x}, mean(x), up).inputs[0].values, differences(x, up, mean).values);
}

TEST_CASE("max pool gradient: of equal values the first takes all") {
  naive::tensor x(shape{1, 1, 2, 2}), y(shape{1, 1, 1, 1}), up = y;
  up.values[0] = 3;
  const nn::window w{{2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, false};
  check_close(computed(nn::max_pool{w}, {x}, y, up).inputs[0].values, {3, 0, 0, 0});
}

TEST_CASE("move gradients: what comes out leads back to where it was taken from") {
  // These layers are linear: their gradient is the transposed matrix, and <f(x), up> = <x, gradient>.
  const naive::tensor x = naive::random({2, 3, 4, 5}, 10), z = naive::random({2, 2, 4, 5}, 11);
  const nn::layer layers[] = {nn::reshape{{0, -1}},
                              nn::reshape{{0, 6, 2, -1}},
                              nn::transpose{{0, 2, 3, 1}},
                              nn::slice{{1, -2, 1}, {2, 1000, -1}, {1, 1, 2}, {1, 2, 3}},
                              nn::pad{{0, 0, 2, 1}, {0, 0, 0, 2}, 0},
                              nn::copy{},
                              nn::concat{1}};
  for (const nn::layer& l : layers) {
    std::vector<naive::tensor> in{x};
    std::vector<shape> sizes{x.sizes};
    if (std::holds_alternative<nn::concat>(l)) in.push_back(z), sizes.push_back(z.sizes);
    const shape to = result_of(l, sizes);
    const naive::tensor up = naive::random(to, 12);
    const gradients_of found = computed(l, in, up, up);
    // Element by element: the gradient of x[i] is what of `up` stands where x[i] went.
    for (std::size_t k = 0; k < in.size(); ++k) {
      std::vector<naive::tensor> marked = in;
      for (naive::tensor& t : marked) std::fill(t.values.begin(), t.values.end(), -1.0);
      for (std::size_t i = 0; i < in[k].values.size(); ++i) marked[k].values[i] = static_cast<double>(i);
      std::vector<std::vector<float>> held;
      std::vector<nn::moving::source<float>> from;
      for (const naive::tensor& t : marked) held.push_back(naive::in_memory(t));
      for (std::size_t j = 0; j < held.size(); ++j) from.push_back({held[j].data(), sizes[j]});
      std::vector<float> y(static_cast<std::size_t>(to.count()), -1);
      const std::span<const nn::moving::source<float>> sources(from);
      std::visit(
          [&]<class L>(const L& what) {
            if constexpr (std::same_as<L, nn::pad>) nn::moving::run(what, sources, y.data(), to, -1.0f);
            else if constexpr (requires { nn::moving::run(what, sources, y.data(), to); })
              nn::moving::run(what, sources, y.data(), to);
            else y = held[0];
          },
          l);
      std::vector<double> wanted(in[k].values.size(), 0);
      const naive::tensor went = naive::from_memory(y, to);
      for (std::size_t i = 0; i < went.values.size(); ++i) {
        if (went.values[i] >= 0) wanted[static_cast<std::size_t>(went.values[i])] += up.values[i];
      }
      check_close(found.inputs[k].values, wanted);
    }
  }
}

TEST_CASE("clip unary and softmax gradients: numeric differentiation") {
  const naive::tensor x = naive::random({2, 3, 2, 2}, 20, 0.1, 2), up = naive::random(x.sizes, 21);
  const auto check = [&](const nn::layer& l, const std::function<double(double)>& f) {
    const auto forward = [&](naive::tensor v) {
      for (double& e : v.values) e = f(e);
      return v;
    };
    check_close(computed(l, {x}, forward(x), up).inputs[0].values, differences(x, up, forward).values);
  };
  check(nn::clip{0.5f, 1.5f}, [](double v) { return std::min(std::max(v, 0.5), 1.5); });
  check(nn::unary{nn::unary_kind::exponential}, [](double v) { return std::exp(v); });
  check(nn::unary{nn::unary_kind::sigmoid}, [](double v) { return 1 / (1 + std::exp(-v)); });
  check(nn::unary{nn::unary_kind::negate}, [](double v) { return -v; });
  check(nn::unary{nn::unary_kind::square_root}, [](double v) { return std::sqrt(v); });
  check(nn::unary{nn::unary_kind::tanh}, [](double v) { return std::tanh(v); });
  const auto share = [](naive::tensor v) {
    for (index_t n = 0; n < 2; ++n) {
      for (index_t p = 0; p < 4; ++p) {
        double sum = 0;
        for (index_t c = 0; c < 3; ++c) sum += std::exp(v.at({n, c, p / 2, p % 2}));
        for (index_t c = 0; c < 3; ++c) v.at({n, c, p / 2, p % 2}) = std::exp(v.at({n, c, p / 2, p % 2})) / sum;
      }
    }
    return v;
  };
  check_close(computed(nn::softmax{1}, {x}, share(x), up).inputs[0].values, differences(x, up, share).values);
}
