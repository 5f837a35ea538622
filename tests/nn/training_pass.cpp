// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "golden.hpp"
#include "nn/naive.hpp"

#include <equant/nn/loss.hpp>
#include <equant/nn/training_pass.hpp>

using namespace equant;

namespace {

/// Two normalized convolutions, a sum, a pool and a product, once as a graph and once in double, with what rounding did
/// to the weights added as constants: the function whose slope straight-through training takes for its own.
struct small_net {
  static constexpr nn::window window{{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, false}, pool{{2, 2}, {2, 2}};
  naive::tensor x = naive::random({3, 2, 4, 4}, 1);
  std::vector<index_t> labels{0, 2, 1};
  std::vector<naive::tensor> weights{naive::random({3, 2, 3, 3}, 2), naive::random({3, 1, 3, 3}, 3),
                                     naive::random({3, 12}, 4)};
  std::vector<naive::tensor> scale{naive::random({3}, 5, .5, 1.5), naive::random({3}, 6, -1.5, -.5)};
  std::vector<naive::tensor> shift{naive::random({3}, 7), naive::random({3}, 8), naive::random({3}, 9)};
  std::vector<naive::tensor> mean{naive::random({3}, 10), naive::random({3}, 11)};
  std::vector<naive::tensor> variance{naive::random({3}, 12, .5, 2), naive::random({3}, 13, .5, 2)};
  std::vector<naive::tensor> rounding{naive::tensor({3, 2, 3, 3}), naive::tensor({3, 1, 3, 3}), naive::tensor({3, 12})};
  double epsilon = static_cast<double>(1e-2f);

  nn::graph graph() const {
    const auto held = [](const naive::tensor& w) {
      return nn::weights{{w.sizes, naive::floats(w.values)}, {}, {}, {}};
    };
    const auto norm = [&](std::size_t i) {
      return nn::batch_norm{naive::floats(scale[i].values), naive::floats(shift[i].values),
                            naive::floats(mean[i].values), naive::floats(variance[i].values), 1e-2f};
    };
    nn::graph g;
    int v = g.add_input("x", {-1, 2, 4, 4});
    v = g.add("conv", nn::conv{held(weights[0]), {}, window, 1}, {v});
    v = g.add("relu", nn::clip{}, {g.add("norm", norm(0), {v})});
    int branch = g.add("depthwise", nn::conv{held(weights[1]), {{.5f, 0, -.5f}, {}}, window, 3}, {v});
    branch = g.add("norm of depthwise", norm(1), {branch});
    v = g.add("sum", nn::binary{nn::binary_kind::add}, {v, branch});
    v = g.add("pool", nn::max_pool{pool}, {v});
    v = g.add("flat", nn::reshape{{0, -1}}, {v});
    g.outputs = {g.add("dense", nn::dense{held(weights[2]), {naive::floats(shift[2].values), {}}}, {v})};
    return g;
  }

  naive::tensor normalized(const naive::tensor& from, std::size_t i, index_t groups, bool of_batch) const {
    naive::tensor w = weights[i], none({3});
    std::vector<double> k;
    for (std::size_t c = 0; c < 3; ++c) k.push_back(scale[i].values[c] / std::sqrt(variance[i].values[c] + epsilon));
    for (std::size_t j = 0; j < w.values.size(); ++j) {
      w.values[j] = w.values[j] * k[j / (w.values.size() / 3)] + rounding[i].values[j];
    }
    naive::tensor y = naive::conv(from, w, none, window, groups, {3, 3, 4, 4});
    const double own = i == 1 ? 0.5 : 0;
    for (std::size_t j = 0; j < y.values.size(); ++j) {
      const std::size_t c = j / 16 % 3;
      const double bias = own - own * static_cast<double>(c);
      if (of_batch) y.values[j] = y.values[j] / k[c] + bias;
      else y.values[j] += shift[i].values[c] + (bias - mean[i].values[c]) * k[c];
    }
    return of_batch ? naive::batch_norm(y, scale[i], shift[i], epsilon) : y;
  }

  double loss(bool of_batch) const {
    naive::tensor v = normalized(x, 0, 1, of_batch);
    for (double& e : v.values) e = std::max(e, 0.0);
    const naive::tensor branch = normalized(v, 1, 3, of_batch);
    for (std::size_t j = 0; j < v.values.size(); ++j) v.values[j] += branch.values[j];
    v = naive::max_pool(v, pool, {3, 3, 2, 2});
    double sum = 0;
    for (std::size_t n = 0; n < 3; ++n) {
      std::array<double, 3> logits{};
      double all = 0;
      for (std::size_t o = 0; o < 3; ++o) {
        logits[o] = shift[2].values[o];
        for (std::size_t i = 0; i < 12; ++i) {
          logits[o] += v.values[n * 12 + i] * (weights[2].values[o * 12 + i] + rounding[2].values[o * 12 + i]);
        }
        all += std::exp(logits[o]);
      }
      sum += std::log(all) - logits[static_cast<std::size_t>(labels[n])];
    }
    return sum / 3;
  }

  std::vector<naive::tensor*> parameters() {
    return {&weights[0], &scale[0], &shift[0], &weights[1], &scale[1], &shift[1], &weights[2], &shift[2]};
  }
};

}  // namespace

TEST_CASE("training pass: gradients of a whole network with trained normalizations by numeric differentiation") {
  for (const bool rounded : {false, true}) {
    for (const bool of_batch : {true, false}) {
      INFO("rounded " << rounded << " statistics of the batch " << of_batch);
      small_net reference;
      const nn::tensor x{reference.x.sizes, naive::floats(reference.x.values)};
      nn::trainee t = nn::prepare(reference.graph(), x,
                                  {.method = nn::grid_learning::straight_through,
                                   .keep_float = {"conv", "depthwise", "sum", "dense"}, .train_norms = true});
      REQUIRE(t.net.nodes.size() == 7);
      for (std::size_t i = 0, layer = 0; i < t.net.nodes.size() && rounded; ++i) {
        const nn::weights* w = nn::weights_of(t.net.nodes[i].layer);
        if (w == nullptr) continue;
        t.current.at(t.net.nodes[i].inputs[0]).grid = nn::grid{1e-6f, 0, {0, 255}};  // of the biases
        for (std::size_t c = 0, each = w->values.values.size() / 3; c < 3; ++c) {
          const auto from = w->values.values.begin() + static_cast<std::ptrdiff_t>(c * each);
          const auto [low, high] = std::minmax_element(from, from + static_cast<std::ptrdiff_t>(each));
          t.weights[i].scales.push_back(std::max(-*low, *high) / 3);
        }
        t.weights[i].range = {-4, 3};
        nn::refresh(t);
        const auto& now = nn::weights_of(t.current.nodes[i].layer)->values.values;
        for (std::size_t j = 0; j < now.size(); ++j) {
          reference.rounding[layer].values[j] = static_cast<double>(now[j]) - static_cast<double>(w->values.values[j]);
        }
        ++layer;
      }
      nn::training_pass pass(t);
      pass.forward(std::span(&x, 1), false, of_batch);
      CHECK(nn::cross_entropy(pass.output(), reference.labels, 1, pass.output_gradient()) ==
            Approx(reference.loss(of_batch)).epsilon(1e-5));
      pass.backward();
      const auto wanted = reference.parameters();
      REQUIRE(pass.parameters().size() == wanted.size());
      for (std::size_t p = 0; p < wanted.size(); ++p) {
        for (std::size_t i = 0; i < wanted[p]->values.size(); ++i) {
          double& v = wanted[p]->values[i];
          const double at = v, step = 1e-5;
          v = at + step;
          const double above = reference.loss(of_batch);
          v = at - step;
          const double slope = (above - reference.loss(of_batch)) / (2 * step);
          v = at;
          INFO("parameter " << p << " element " << i);
          REQUIRE(pass.parameters()[p].gradient[i] == Approx(slope).margin(2e-5).epsilon(1e-4));
        }
      }
    }
  }
}

TEST_CASE("training pass: a convolution and its normalization as PyTorch trains them") {
  const auto rows = golden::csv("torch_conv_bn.csv");
  const auto of = [&](const std::string& name) {
    std::istringstream text(golden::named(rows, name).text("values"));
    return std::vector<float>{std::istream_iterator<float>(text), {}};
  };
  const auto as_torch = [](std::span<const float> x, const shape& s) {  // from N x H x W x C
    std::vector<float> y(x.size());
    nn::copy_strided(s, x.data(), nn::memory_strides(s), y.data(), row_major_strides(s));
    return y;
  };
  const auto check = [](std::span<const float> got, const std::vector<float>& wanted) {
    REQUIRE(got.size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) CHECK(got[i] == Approx(wanted[i]).epsilon(1e-5).margin(5e-6));
  };
  const shape in{2, 2, 4, 4}, out{2, 3, 4, 4};
  const nn::tensor x{in, of("x")};
  constexpr float infinity = std::numeric_limits<float>::infinity();
  nn::graph g;
  int v = g.add_input("x", {-1, 2, 4, 4});
  const int before = v = g.add("as it is", nn::clip{-infinity, infinity}, {v});
  v = g.add("conv", nn::conv{{{{3, 2, 3, 3}, of("weight")}, {}, {}, {}}, {of("bias"), {}}, small_net::window, 1}, {v});
  g.outputs = {g.add("norm", nn::batch_norm{of("gamma"), of("beta"), of("mean"), of("variance"), 1e-3f}, {v})};
  for (const std::string statistics : {"batch_", "frozen_"}) {
    INFO(statistics);
    nn::trainee t = nn::prepare(
        g, x,
        {.method = nn::grid_learning::straight_through, .keep_float = {"as it is", "conv"}, .train_norms = true});
    t.current.at(before).grid = nn::grid{1e-6f, 0, {0, 255}};  // of the bias
    t.options.weight_bits = 4;
    t.weights[1] = {of("scale"), {-8, 7}};
    nn::refresh(t);
    nn::training_pass pass(t);
    pass.forward(std::span(&x, 1), false, statistics == "batch_");
    check(as_torch(pass.output(), out), of(statistics + "y"));
    const std::vector<float> dy = of("dy");
    nn::copy_strided(out, dy.data(), row_major_strides(out), pass.output_gradient().data(), nn::memory_strides(out));
    pass.backward();
    check(pass.parameters()[0].gradient, of(statistics + "dweight"));
    check(pass.parameters()[1].gradient, of(statistics + "dgamma"));
    check(pass.parameters()[2].gradient, of(statistics + "dbeta"));
    check(as_torch(pass.gradient(before), in), of(statistics + "dx"));
    std::vector<float> mean = t.norms[1]->norm.mean;
    for (std::size_t c = 0; c < mean.size(); ++c) mean[c] += of("bias")[c];
    check(mean, of(statistics + "mean"));
    check(t.norms[1]->norm.variance, of(statistics + "variance"));
  }
}
