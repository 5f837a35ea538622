// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Scalar quantizers of Gaussian and Laplace values at 1 to 8 bits, beside the exact tables. "exact" rows are integrals
// of the density; the others are fitted to a million samples, Lloyd-Max's levels then held to the density itself.
#include "golden.hpp"
#include "report.hpp"
#include "sources.hpp"

#include <equant/dequantize.hpp>
#include <equant/quantize.hpp>
#include <equant/quantizers/entropy_coded.hpp>
#include <equant/quantizers/k_means.hpp>

namespace {

using namespace equant;
using Eigen::VectorXf;

double mse(const VectorXf& x, const VectorXf& y) {
  return (x - y).cast<double>().squaredNorm() / static_cast<double>(x.size());
}

template <class D, int Bits>
double population_error(const codebook_quantizer<Bits>& q) {
  return densities::quantization_error<D>(std::vector<double>(q.levels().begin(), q.levels().end()));
}

template <class D, int Bits>
void rows_at(accuracy::report& out, const std::string& name, const std::string& key, double bound_at_0,
             const VectorXf& x, const sorted_values& sorted) {
  const golden::row wanted = golden::named(golden::csv("scalar_quantizers.csv"), key + "_" + std::to_string(Bits));
  const double bound = bound_at_0 * std::exp2(-2.0 * Bits);
  const double lloyd = wanted.number("lloyd"), coded = wanted.number("ecsq");
  const auto add = [&](const char* what, double bits, double error, double anchor) {
    out.add({name + " " + what, bits, error, anchor, bound, "mse"});
  };
  add("Lloyd-Max exact", Bits, densities::quantization_error<D>(lloyd_max_levels<D>(1 << Bits)), lloyd);
  add("Lloyd-Max of 1e6 samples", Bits, population_error<D>(lloyd_max<Bits>(sorted)), lloyd);
  add("k-means of 1e6 samples", Bits, population_error<D>(k_means<Bits>(sorted, 1, 1)), lloyd);
  add("entropy-coded exact", Bits, entropy_coded(densities::located<D>{}, Bits).error(), coded);
  const entropy_coded_quantizer q = entropy_coded(sorted, Bits);
  add("entropy-coded of 1e6 samples", q.rate(), mse(x, q.fake_quantize(x)), coded);
  add("min-max mid-rise of 1e6 samples", Bits, mse(x, dequantize<VectorXf>(quantize<integer<Bits>>(x, mid_rise))),
      accuracy::none);
}

template <class D, class Draw>
void rows_of(accuracy::report& out, const std::string& name, const std::string& key, double bound_at_0, Draw draw) {
  const std::vector<float> sample = sources::sample<float>(1000000, draw);
  const VectorXf x = Eigen::Map<const VectorXf>(sample.data(), 1000000);
  const sorted_values sorted(x);
  [&]<int... I>(std::integer_sequence<int, I...>) {
    (rows_at<D, I + 1>(out, name, key, bound_at_0, x, sorted), ...);
  }(std::make_integer_sequence<int, 8>{});
}

const accuracy::group scalar("scalar", [](accuracy::report& out) {
  rows_of<densities::gaussian>(out, "Gaussian", "gauss", 1, sources::gauss);
  rows_of<densities::laplace>(out, "Laplace", "laplace", sources::e / sources::pi,
                              [](sources::source& s) { return s.laplace() / std::sqrt(2.0); });
});

}  // namespace
