// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 09. Integer arithmetic: a matrix product of codes, requantization, and what zero points cost.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/09_integer_arithmetic.cpp -o 09 && ./09
//
// Teaches: with x = sx (a - za) and w = sw (b - zb) a product needs integers only, one multiplication by sx * sw at the
// end apart:
//
//   sum of x w = sx sw ( sum of a b  -  za * sum of b  -  zb * sum of a  +  K za zb )
//
// The sum of b is known beforehand; the sum of a is not, and has to be computed for each row of each input. That is the
// price of a zero point on weights, and why they are quantized symmetrically: zb = 0, and two terms vanish.
//
// To experiment: quantize w asymmetrically (leave out `symmetric`) and see all four terms at work.
#include <equant/equant.hpp>

#include <cmath>
#include <cstdio>

using namespace equant;

int main() {
  Eigen::MatrixXf x(2, 4), w(4, 2);
  x << 0.0f, 0.9f, 2.1f, 0.4f, 1.3f, -0.45f, 0.2f, 0.7f;
  w << 0.50f, -0.21f, -0.33f, 0.62f, 0.08f, 1.27f, -0.95f, 0.11f;

  const auto a = quantize<uint8>(x);             // asymmetric: all 256 codes for -0.45 to 2.1
  const auto b = quantize<int8>(w, symmetric);   // zero point 0
  const int za = a.zero_points()[0], zb = b.zero_points()[0], k = 4;
  const float sa = a.scales()[0], sb = b.scales()[0];

  const Eigen::MatrixXi ia = a.codes().cast<int>(), ib = b.codes().cast<int>();
  std::printf("x = %.4f (a - %d), a's first row:    %4d %4d %4d %4d\n", sa, za, ia(0, 0), ia(0, 1), ia(0, 2),
              ia(0, 3));
  std::printf("w = %.4f (b - %d), b's first column:  %4d %4d %4d %4d\n\n", sb, zb, ib(0, 0), ib(1, 0), ib(2, 0),
              ib(3, 0));

  const int products = ia.row(0).dot(ib.col(0)), sum_a = ia.row(0).sum(), sum_b = ib.col(0).sum();
  const int sum = products - za * sum_b - zb * sum_a + k * za * zb;
  std::printf("%d - %d * %d - %d * %d + %d * %d * %d = %d, all integers, exact in 32 bits\n", products, za, sum_b, zb,
              sum_a, k, za, zb, sum);
  const float y00 = sa * sb * static_cast<float>(sum);
  const Eigen::MatrixXf y = matmul(a, b), in_float = x * w;
  std::printf("times %.4f * %.4f: %.4f; matmul(a, b) gives %.4f, floats all the way %.4f\n\n", sa, sb, y00, y(0, 0),
              in_float(0, 0));

  // The next layer wants codes again. Its scale came from calibration; three scales become one multiplier below 1, and
  // that an integer and a shift: no float is left. (gemm::rounded_once does this in the product, as TensorFlow Lite.)
  min_max calibrated;
  calibrated.observe(in_float);
  const auto next = calibrated.params<int8>(asymmetric);
  const float sy = next.scales()[0];
  const int zy = next.zero_points()[0];
  int exponent = 0;
  const double fraction = std::frexp(static_cast<double>(sa) * sb / sy, &exponent);   // in [1/2, 1)
  const auto multiplier = static_cast<std::int64_t>(std::lround(fraction * 2147483648.0));
  const int shift = 31 - exponent;
  std::printf("requantize: %.4f * %.4f / %.4f = %.6f = %lld / 2^%d\n", sa, sb, sy, std::ldexp(fraction, exponent),
              static_cast<long long>(multiplier), shift);

  std::printf("\n        sum   by multiplier and shift   by floats\n");
  const auto by_floats = uniform_quantizer<int8>(next).quantize(y);
  for (int row = 0; row < 2; ++row) {
    for (int column = 0; column < 2; ++column) {
      const std::int64_t s = (ia.row(row).array() - za).matrix().dot((ib.col(column).array() - zb).matrix());
      const auto code = ((s * multiplier + (std::int64_t{1} << (shift - 1))) >> shift) + zy;
      std::printf("%11d %24d %11d\n", static_cast<int>(s), static_cast<int>(code), int{by_floats.codes()(row, column)});
    }
  }
}
