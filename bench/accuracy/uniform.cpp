// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "golden.hpp"
#include "report.hpp"
#include "sources.hpp"

#include <equant/formats/integer.hpp>
#include <equant/quantizers/uniform_quantizer.hpp>

namespace {

using namespace equant;

/// The mid-rise quantizer of integer codes at the step that is optimal for the density, on samples of it.
template <int Bits>
double mid_rise_mse(const Eigen::ArrayXf& x, double step) {
  using map = real_affine<float>;
  const uniform_quantizer<integer<Bits>, convention::standard, map> q(map{static_cast<float>(step), -0.5f});
  const Eigen::ArrayXf error = q.fake_quantize(x) - x;
  return error.cast<double>().square().mean();
}

const accuracy::group uniform("uniform", [](accuracy::report& out) {
  const auto laplace = [](sources::source& s) { return s.laplace() / std::sqrt(2.0); };
  const auto samples = [](auto draw) {
    const auto x = sources::sample<float>(1000000, draw);
    return Eigen::ArrayXf(Eigen::Map<const Eigen::ArrayXf>(x.data(), 1000000));
  };
  const Eigen::ArrayXf gaussian_x = samples(sources::gauss), laplacian_x = samples(laplace);
  for (const golden::row& wanted : golden::csv("scalar_quantizers.csv")) {
    const bool gaussian = wanted.text("case").starts_with("gauss");
    const int bits = wanted.text("case").back() - '0';
    const double step = wanted.number("opt_step");
    [&]<int... I>(std::integer_sequence<int, I...>) {
      const auto at = [&]<int Bits>() {
        if (bits != Bits) return;
        out.add({std::string(gaussian ? "Gaussian" : "Laplace") + " at the optimal step", Bits,
                 mid_rise_mse<Bits>(gaussian ? gaussian_x : laplacian_x, step), wanted.number("opt_uniform"),
                 gaussian ? std::exp2(-2.0 * Bits) : accuracy::none, "mse"});
      };
      (at.template operator()<I + 1>(), ...);
    }(std::make_integer_sequence<int, 8>{});
  }
});

}  // namespace
