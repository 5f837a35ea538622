// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/core/random.hpp>
#include <equant/nn/gradients.hpp>
#include <equant/nn/loss.hpp>
#include <equant/nn/optimizer.hpp>

#include <cstring>
#include <functional>
#include <vector>

using namespace equant;

namespace {

/// Numbers that lie `offset` floats behind a line of the cache.
class placed {
 public:
  placed(std::size_t n, std::size_t offset, std::uint64_t seed, double low = -2, double high = 2)
      : memory_(n + 32), n_(n) {
    while (reinterpret_cast<std::uintptr_t>(memory_.data() + from_) % 64 != 4 * offset) ++from_;
    splitmix64 bits(seed);
    for (float& x : span()) x = static_cast<float>(low + (high - low) * bits.uniform());
  }
  float* data() { return memory_.data() + from_; }
  std::span<float> span() { return {data(), n_}; }
  std::vector<float> values() { return {data(), data() + n_}; }

 private:
  std::vector<float> memory_;
  std::size_t n_, from_ = 0;
};

/// f of memory at every offset within a line gives what it gives at a line's begin.
void check(const char* what, const std::function<std::vector<float>(std::size_t offset)>& f) {
  INFO(what);
  const std::vector<float> wanted = f(0);
  REQUIRE(!wanted.empty());
  for (std::size_t offset = 1; offset < 16; ++offset) {
    const std::vector<float> found = f(offset);
    INFO("offset " << offset);
    REQUIRE(found.size() == wanted.size());
    CHECK(std::memcmp(found.data(), wanted.data(), 4 * wanted.size()) == 0);
  }
}

std::vector<float> loss(std::size_t offset, bool distilled) {
  placed y(5 * 37, offset, 1), teacher(5 * 37, offset, 2), gradient(5 * 37, offset, 3, 0, 0);
  const index_t labels[] = {3, 0, 36, 7, 7};
  const double value = distilled ? nn::distillation(y.span(), teacher.span(), 5, 2, 0.7f, gradient.span())
                                 : nn::cross_entropy(y.span(), labels, 0.7f, gradient.span());
  std::vector<float> all = gradient.values();
  all.push_back(static_cast<float>(value));
  return all;
}

std::vector<float> step(std::size_t offset, nn::optimizer_kind kind) {
  placed values(203, offset, 4, -1e-3, 1e-3), gradient(203, offset, 5);  // small: a step shows in the last bit
  nn::parameter p(values.span(), {0.3f});
  p.gradient = gradient.values();
  for (index_t i = 0; i < 3; ++i) nn::update(p, {.kind = kind}, 0.01, i);
  return values.values();
}

std::vector<float> unary(std::size_t offset, nn::unary_kind kind) {
  placed x(203, offset, 6, 0.1, 3), y(203, offset, 7);
  const nn::float_input in{x.data(), {1, 203}};
  nn::in_float::run(nn::unary{kind}, std::span(&in, 1), nn::float_output{y.data(), {1, 203}});
  return y.values();
}

/// A dense layer of `rows` samples forth and back.
std::vector<float> dense(std::size_t offset, index_t rows, index_t inputs, index_t outputs) {
  nn::dense d;
  placed w(static_cast<std::size_t>(inputs * outputs), 0, 8), b(static_cast<std::size_t>(outputs), 0, 9);
  d.weights.values = {{outputs, inputs}, w.values()};
  d.bias.values = b.values();
  const auto ins = static_cast<std::size_t>(rows * inputs), outs = static_cast<std::size_t>(rows * outputs);
  placed x(ins, offset, 10), y(outs, offset, 11), dy(outs, offset, 12), dx(ins, offset, 13);
  const nn::float_input in{x.data(), {rows, inputs}}, upstream{dy.data(), {rows, outputs}};
  nn::in_float::run(d, std::span(&in, 1), nn::float_output{y.data(), {rows, outputs}});
  nn::layer_gradient sum{std::vector<float>(static_cast<std::size_t>(inputs * outputs), 0.5f),
                         std::vector<float>(static_cast<std::size_t>(outputs), 0.5f)};
  const nn::float_output back{dx.data(), {rows, inputs}};
  nn::in_reverse::run(d, std::span(&in, 1), in, upstream, std::span(&back, 1), sum);
  std::vector<float> all = y.values();
  for (const std::vector<float>& more : {dx.values(), sum.weights, sum.bias}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

/// Where the layers' own vectors lie nobody chooses; what they are computed by writes to a place that is chosen here.
template <class F>
std::vector<float> of_columns(std::size_t offset, F f) {
  placed from(31 * 21, 0, 14), to(21, offset, 15);
  Eigen::Map<Eigen::RowVectorXf>(to.data(), 21) =
      nn::in_own_memory(f(Eigen::Map<const nn::row_matrix>(from.data(), 31, 21)));
  return to.values();
}

}  // namespace

TEST_CASE("Values do not depend on where in a line of the cache their memory lies") {
  check("cross entropy", [](std::size_t offset) { return loss(offset, false); });
  check("distillation", [](std::size_t offset) { return loss(offset, true); });
  check("momentum", [](std::size_t offset) { return step(offset, nn::optimizer_kind::sgd); });
  check("Adam", [](std::size_t offset) { return step(offset, nn::optimizer_kind::adam); });
  check("exp", [](std::size_t offset) { return unary(offset, nn::unary_kind::exponential); });
  check("sigmoid", [](std::size_t offset) { return unary(offset, nn::unary_kind::sigmoid); });
  check("sqrt", [](std::size_t offset) { return unary(offset, nn::unary_kind::square_root); });
  check("tanh", [](std::size_t offset) { return unary(offset, nn::unary_kind::tanh); });
  check("a small product", [](std::size_t offset) { return dense(offset, 3, 5, 9); });
  check("a product", [](std::size_t offset) { return dense(offset, 17, 23, 19); });
  check("one row", [](std::size_t offset) { return dense(offset, 1, 40, 33); });
  check("one output", [](std::size_t offset) { return dense(offset, 17, 23, 1); });
  check("sums of columns", [](std::size_t offset) {
    return of_columns(offset, [](const auto& rows) { return rows.colwise().sum(); });
  });
  check("means of columns", [](std::size_t offset) {
    return of_columns(offset, [](const auto& rows) { return rows.colwise().mean(); });
  });
}
