// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/equant.hpp>
#include <equant/pack_weights.hpp>
#include <memory>

#include "rows.hpp"

namespace comparison {
namespace {

using namespace equant;

/// A triangle's values, the sum of two uniform ones: no outliers, as after a layer and its activation.
matrix noise(long rows, long columns, std::uint64_t seed) {
  splitmix64 random(seed);
  return matrix::NullaryExpr(rows, columns,
                             [&] { return static_cast<float>(random.uniform() + random.uniform() - 1); });
}

}  // namespace

job product_job(long m, long n, long k, int rounds) {
  job j{"product",
        contract::joined("Activations, ", m, " x ", k, ", by weights, ", k, " x ", n, ", on one thread"),
        {{"speed", m == 1 ? "GFLOP/s at one row" : "GFLOP/s"}},
        {}};
  const auto x = std::make_shared<matrix>(noise(m, k, 1)), w = std::make_shared<matrix>(noise(k, n, 2));
  const auto y = std::make_shared<matrix>(m, n);
  const matrix exact = *x * *w;
  const double operations = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  std::vector<timed> times;
  const auto add = [&](const std::string& name, std::size_t bytes, std::function<void()> run) {
    run();
    j.rows.push_back(
        {name, 8.0 * static_cast<double>(bytes) / static_cast<double>(w->size()), bytes, metrics::sqnr_db(exact, *y)});
    times.push_back({j.rows.size() - 1, 0, operations, std::move(run)});
  };
  if (m == 1) {
    add("float32", 4 * static_cast<std::size_t>(w->size()),
        [x, w, y] { y->row(0).transpose().noalias() = w->transpose() * x->row(0).transpose(); });
  } else {
    add("float32", 4 * static_cast<std::size_t>(w->size()), [x, w, y] { y->noalias() = *x * *w; });
  }
  j.rows[0].sqnr_db = std::numeric_limits<double>::infinity();

  const auto packed = [&](const std::string& name, gemm::packed_weights weights) {
    const auto p = std::make_shared<gemm::packed_weights>(std::move(weights));
    const auto run = [x, y, p](auto how) {
      const index_t inner = x->cols(), wide = y->cols();
      gemm::multiply(how, {x->data(), {x->rows(), inner}, {inner, 1}}, *p, {y->data(), {y->rows(), wide}, {wide, 1}});
    };
    add(name + ", int8 activations", p->size_bytes(), [run] { run(gemm::int8_activations{}); });
    add(name + ", float activations", p->size_bytes(), [run] { run(gemm::float_activations{}); });
  };
  packed("int8 weights", pack_weights(quantize<int8>(*w, per_group{0, 128}, symmetric)));
  packed("int4 weights", pack_weights(quantize<int4>(*w, per_group{0, 32}, symmetric, mse{})));
  packed("int2 weights", pack_weights(quantize<int2>(*w, per_group{0, 32}, asymmetric, mse{})));
  measure(j, times, rounds);
  return j;
}

}  // namespace comparison
