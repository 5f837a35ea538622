// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 01. From float32 to int8 and back, watching what is lost.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/01_float_to_int8.cpp -o 01 && ./01
//
// Teaches: a float becomes an integer by a scale (how far apart two neighbouring integers are) and a zero point (the
// integer that stands for 0), and comes back as the nearest multiple of the scale. What lies closer together than one
// scale becomes one value; what is smaller than half a scale becomes 0.
//
// To experiment: add 100.0f to x and run again. One large value makes the scale 0.396, and almost everything else
// vanishes. Then try int4 in place of int8, or int16.
#include <equant/equant.hpp>

#include <bit>
#include <bitset>
#include <cstdio>

int main() {
  using namespace equant;

  const std::vector<float> x = {-1.0f, -0.304f, -0.3f, 0.0f, 0.003f, 0.004999f, 0.3f, 0.777f, 1.55f};

  const auto q = quantize<int8>(x);                       // looks for the smallest and largest value by itself
  const auto back = dequantize<std::vector<float>>(q);    // scale * (code - zero point)

  const float scale = q.scales()[0];
  const int zero_point = q.zero_points()[0];
  std::printf("The values span 2.55, int8 has 256 codes: scale = 2.55 / 255 = %.4f\n", scale);
  std::printf("Zero must be exact, so it gets a code of its own:  zero point = %d\n\n", zero_point);

  std::printf("   float32   its 32 bits: sign, exponent, fraction      int8  its 8 bits       back     error\n");
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::string f = std::bitset<32>(std::bit_cast<std::uint32_t>(x[i])).to_string();
    const int code = q.codes()(static_cast<int>(i), 0);
    const std::string c = std::bitset<8>(q.bytes()[i]).to_string();
    const bool vanished = back[i] == 0 && x[i] != 0, same = i > 0 && back[i] == back[i - 1];
    std::printf("%10.6f   %s %s %s   %7d    %s  %9.6f %9.6f%s\n", x[i], f.substr(0, 1).c_str(), f.substr(1, 8).c_str(),
                f.substr(9).c_str(), code, c.c_str(), back[i], back[i] - x[i],
                vanished ? "  vanished" : same ? "  as the one before" : "");
  }

  const auto e = compare(x, q);
  std::printf("\nNo error is larger than half a scale, %.4f: the largest is %.6f.\n", scale / 2, e.max_abs);
  std::printf("%zu bytes of floats became %zu bytes of codes and 8 of parameters.\n", x.size() * 4, q.bytes().size());
}
