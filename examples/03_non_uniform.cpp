// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 03. Non-uniform quantization: the same 4 bits, the levels elsewhere.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/03_non_uniform.cpp -o 03 && ./03
//
// Teaches: 16 levels need not be equally far apart. Values that crowd around zero, as weights do, are served better by
// levels that crowd there too. Lloyd-Max finds the best levels for the data at hand; NF4 has them ready for a bell
// curve; powers of two turn every multiplication into a shift. Which one wins depends on the distribution: look first.
//
// The pitfall: the distribution ignored. A quantizer that is best on one kind of data may be the worst on another.
//
// To experiment: add a kind of data of your own to main, or a row to the table, with quantize<fp4_e2m1>(x) or
// quantize<mxfp4>(x).
#include <equant/equant.hpp>

#include <cmath>
#include <cstdio>

using namespace equant;

// One row: what is left of three kinds of data.
void show_row(const char* name, const auto& quantizer, const auto&... data) {
  std::printf("%-36s", name);
  (std::printf(" %9.2f", compare(data, quantizer(data)).sqnr_db), ...);
  std::printf("\n");
}

// Where levels lie between -3.2 and 3.2, on a line of 65 places.
void draw(const char* name, const Eigen::VectorXf& levels) {
  std::string line(65, '.');
  for (float level : levels) {
    const auto at = std::lround((level + 3.2f) * 10);
    if (at >= 0 && at < 65) line[static_cast<std::size_t>(at)] = '|';
  }
  std::printf("%-16s %s\n", name, line.c_str());
}

int main() {
  const int n = 20000;
  splitmix64 random(3);  // random bits that are the same on every machine
  Eigen::VectorXf even(n), bell(n), peaked(n);
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform(), v = random.uniform();
    even[i] = static_cast<float>(2 * u - 1);                                                   // uniform
    bell[i] = static_cast<float>(std::sqrt(-2 * std::log(1 - u)) * std::cos(6.28318531 * v));  // Gauss: as weights
    peaked[i] = static_cast<float>((v < 0.5 ? 1 : -1) * std::log(1 - u));                      // Laplace: as gradients
  }

  std::printf("SQNR in dB at 4 bits (more is better)         even      bell    peaked\n");
  const auto uniform = [](const auto& x) { return quantize<int4>(x); };
  const auto powers = [](const auto& x) { return quantize<power_of_two<4>>(x); };
  const auto normal = [](const auto& x) { return quantize<nf4>(x); };
  const auto normal_64 = [](const auto& x) { return quantize<nf4>(x, per_group{0, 64}); };
  const auto made = [](const auto& x) { return lloyd_max<4>(x).quantize(x); };
  show_row("uniform: one step", uniform, even, bell, peaked);
  show_row("powers of two", powers, even, bell, peaked);
  show_row("NF4, one scale", normal, even, bell, peaked);
  show_row("NF4, a scale for each 64 values", normal_64, even, bell, peaked);
  show_row("Lloyd-Max: made for the data", made, even, bell, peaked);

  std::printf("\nThe levels on the bell, whose middle is where the values are:\n\n");
  draw("uniform", dequantize<Eigen::VectorXf>(uniform(bell)));
  draw("powers of two", dequantize<Eigen::VectorXf>(powers(bell)));
  draw("NF4", dequantize<Eigen::VectorXf>(normal(bell)));
  draw("Lloyd-Max", dequantize<Eigen::VectorXf>(made(bell)));
  std::printf("\nOn even data equal steps are as good as any. On the bell, levels made to measure bring 4 dB for\n"
              "the same bytes, and on peaked data 7 dB: there a few large values set the step of all the others.\n");
}
