// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "report.hpp"
#include "sources.hpp"

#include <equant/compare.hpp>
#include <equant/metrics/theory.hpp>
#include <equant/quantize.hpp>

#include <array>

namespace {

using namespace equant;
using rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Weights of 512 x 4096: Gaussian, Laplace, Student's t of 4 degrees, and a Gaussian of which one in a thousand is
/// moved by 20 sigma.
struct weights {
  const char* name;
  rows w;
};

rows drawn(double (*draw)(sources::source&)) {
  const auto x = sources::sample<float>(512 * 4096, draw);
  return Eigen::Map<const rows>(x.data(), 512, 4096);
}

const std::array<weights, 4>& tensors() {
  static const std::array<weights, 4> all{
      weights{"Gaussian", drawn(sources::gauss)},
      weights{"Laplace", drawn([](sources::source& s) { return s.laplace(); })},
      weights{"t(4)", drawn([](sources::source& s) {
                const double z = s.gauss();
                double chi = 0;
                for (int i = 0; i < 4; ++i) {
                  const double g = s.gauss();
                  chi += g * g;
                }
                return z / std::sqrt(chi / 4);
              })},
      weights{"outliers", drawn([](sources::source& s) {
                const double g = s.gauss();
                return s.uniform() < 0.001 ? g + (s.uniform() < 0.5 ? -20 : 20) : g;
              })}};
  return all;
}

constexpr std::array<double, 4> no_anchor{accuracy::none, accuracy::none, accuracy::none, accuracy::none};

template <class Quantize>
void add(accuracy::report& out, const std::string& name, const std::array<double, 4>& anchor, Quantize quantized) {
  for (std::size_t i = 0; i < 4; ++i) {
    const rows& w = tensors()[i].w;
    const auto report = compare(w, quantized(w));
    const double bound = i == 0 ? 20 * std::log10(2.0) * report.bits_per_value : accuracy::none;
    out.add({name + ", " + tensors()[i].name, report.bits_per_value, report.sqnr_db, anchor[i], bound, "dB"});
  }
}

template <class Scheme>
void by_rule_and_searched(accuracy::report& out, const std::string& name, const std::array<double, 4>& usual,
                          const std::array<double, 4>& best) {
  add(out, name, usual, [](const rows& w) { return quantize<Scheme>(w); });
  add(out, name + " searched", best, [](const rows& w) { return quantize<Scheme>(w, searched{}); });
}

template <class Scheme>
void by_rule_alone(accuracy::report& out, const std::string& name, const std::array<double, 4>& usual) {
  add(out, name, usual, [](const rows& w) { return quantize<Scheme>(w); });
}

const accuracy::group blocks("blocks", [](accuracy::report& out) {
  by_rule_and_searched<q4_0>(out, "q4_0", {21.32, 19.43, 18.74, 18.01}, {21.84, 19.81, 19.09, 18.33});
  by_rule_and_searched<q4_1>(out, "q4_1", {22.13, 20.74, 20.58, 20.90}, {23.14, 21.70, 21.55, 21.87});
  by_rule_and_searched<iq4_nl>(out, "iq4_nl", {22.36, 21.12, 20.60, 20.03}, {22.71, 21.44, 20.89, 20.34});
  by_rule_and_searched<mxfp4>(out, "mxfp4", {18.79, 17.99, 17.65, 16.22}, {19.05, 18.24, 17.90, 16.32});
  by_rule_and_searched<nvfp4>(out, "nvfp4", {20.43, 20.66, 20.74, 20.43}, {21.80, 21.67, 21.64, 21.37});
  by_rule_and_searched<nf4_blocks>(out, "nf4, blocks of 64", {20.72, 19.70, 19.09, 17.86},
                                   {21.66, accuracy::none, 19.73, 18.41});
  by_rule_and_searched<nf4_double>(out, "nf4, scales quantized", no_anchor, no_anchor);
  by_rule_and_searched<mxfp8_e4m3>(out, "mxfp8 e4m3", {30.65, 30.05, 29.88, 30.72}, {31.51, 31.53, 31.54, 31.30});
  by_rule_alone<mxfp8_e5m2>(out, "mxfp8 e5m2", no_anchor);
  by_rule_alone<mxfp6_e2m3>(out, "mxfp6 e2m3", {30.93, 30.29, 30.00, 29.04});
  by_rule_alone<mxfp6_e3m2>(out, "mxfp6 e3m2", no_anchor);
  by_rule_alone<mxint8>(out, "mxint8", {41.66, 40.02, 39.27, 37.86});
  by_rule_alone<q5_0>(out, "q5_0", {27.39, 25.43, 24.74, 23.88});
  by_rule_alone<q5_1>(out, "q5_1", no_anchor);
  by_rule_alone<q8_0>(out, "q8_0", {45.43, 43.43, 42.73, 41.88});
  by_rule_alone<q2_k>(out, "q2_k", {10.57, 9.27, 9.29, 10.89});
  by_rule_alone<q3_k>(out, "q3_k", {16.43, 15.07, 14.73, 15.75});
  by_rule_alone<q4_k>(out, "q4_k", {22.93, 21.45, 21.25, 21.60});
  by_rule_alone<q5_k>(out, "q5_k", no_anchor);
  by_rule_alone<q6_k>(out, "q6_k", {35.02, 33.29, 32.83, 32.37});
  by_rule_alone<iq4_xs>(out, "iq4_xs", no_anchor);
  by_rule_alone<tq2_0>(out, "tq2_0", no_anchor);
  by_rule_alone<fp8_e4m3>(out, "fp8 e4m3 per tensor", {31.6, 31.6, 31.5, 31.7});
  by_rule_alone<fp8_e5m2>(out, "fp8 e5m2 per tensor", {25.6, 25.6, 25.6, 26.0});
});

}  // namespace
