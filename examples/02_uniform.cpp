// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 02. Uniform quantization: levels, step, and how the error falls with every bit.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/02_uniform.cpp -o 02 && ./02
//
// Teaches: "uniform" means that all levels are the same step apart. B bits give 2^B levels, and so a step of
// range / (2^B - 1). The error of a value is then spread evenly over plus or minus half a step: its root mean square is
// step / sqrt(12), and each further bit halves it, which is 6 dB. That is why 8 bits suffice for so much, and why 2
// seldom do.
//
// To experiment: make x anything else, e.g. Eigen::ArrayXf::LinSpaced(10000, 0, 1).square(); the rule still holds from
// about 4 bits on. Then give it a single large value, and see what it costs at every width.
#include <equant/equant.hpp>

#include <cmath>
#include <cstdio>

using namespace equant;

template <int Bits>
void show_row(const Eigen::VectorXf& x) {
  const auto q = quantize<unsigned_integer<Bits>>(x);
  const auto e = compare(x, q);
  const double step = q.scales()[0];
  std::printf("%4d %8d %10.5f %10.5f %14.5f %8.2f dB %9.2f %%\n", Bits, 1 << Bits, step, e.rmse, step / std::sqrt(12.0),
              e.sqnr_db, 100 * e.max_abs / (x.maxCoeff() - x.minCoeff()));
}

int main() {
  // Ten seconds of a tone that slowly fades, 1000 samples a second.
  Eigen::VectorXf x(10000);
  for (int i = 0; i < x.size(); ++i) {
    const double t = i / 1000.0;
    x[i] = static_cast<float>(std::exp(-t / 10) * std::sin(2 * 3.14159265 * 1.37 * t));
  }

  const auto q = quantize<uint3>(x);
  std::printf("With 3 bits there are 8 levels, %.4f apart; every value goes to the nearest:\n\n", q.scales()[0]);
  std::printf("  code   its level   values that went there\n");
  for (int code = 0; code < 8; ++code) {
    const auto n = (q.codes().cast<int>().array() == code).count();
    const float level = q.scales()[0] * static_cast<float>(code - q.zero_points()[0]);
    const std::string bar(static_cast<std::size_t>(n / 60), '#');
    std::printf("%6d %11.4f   %s %d\n", code, level, bar.c_str(), static_cast<int>(n));
  }

  std::printf("\nbits   levels       step  rms error  step/sqrt(12)        SQNR  largest error, of the range\n");
  show_row<1>(x);
  show_row<2>(x);
  show_row<3>(x);
  show_row<4>(x);
  show_row<5>(x);
  show_row<6>(x);
  show_row<7>(x);
  show_row<8>(x);
  show_row<10>(x);
  show_row<12>(x);
  std::printf("\nEach bit halves the step: 6 dB. With 8 bits no value is off by more than 0.2 %% of the range,\n"
              "less than the noise of most sensors; with 2 bits it is a sixth of the range.\n");
}
