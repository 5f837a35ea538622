// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 11. Bit depths compared on a tensor of your own.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/11_your_tensor.cpp -o 11 && ./11
//
// Takes a .npy file (numpy.save writes it), ./11 yours.npy, else the first layer of examples/data/digits_mlp.onnx.
// Draws bit_depths.svg where gnuplot is found (Debian's gnuplot-nox); any browser shows it.
//
// Teaches: how many bits are enough is a question to your data, and it has a measurable answer. Count all bits that are
// stored, scales and tables included: only points at the same bits per value can be compared. The line to look for is
// the one that is furthest up and to the left.
//
// To experiment: take an embedding, a picture, a recording; put one value of 1000 into it; add a line of your own, say
// per_group{0, 128}. `equant bits yours.npy --png yours.png` compares many more quantizers.
#include <equant/equant.hpp>
#include <equant/io/npy.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace equant;

constexpr double enough = 30;  // dB: an error of about 3 % of the values

// What one way of quantizing makes of x at each width.
struct line {
  const char* name;
  std::ostringstream points = {};  // for gnuplot: bits per value, dB
  double cheapest = 0;             // bits per value at the first width that is good enough

  void add(int bits, const quantization_report& e) {
    std::printf("%4d  %-26s %6.2f %8.2f  %s\n", bits, name, e.bits_per_value, e.sqnr_db,
                std::string(static_cast<std::size_t>(std::clamp(e.sqnr_db, 0.0, 60.0)), '#').c_str());
    points << e.bits_per_value << ' ' << e.sqnr_db << '\n';
    if (cheapest == 0 && e.sqnr_db >= enough) cheapest = e.bits_per_value;
  }
};

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "examples/data/digits_mlp_w1.npy";
  const auto x = io::load_npy(path).to<std::vector<float>>();
  std::printf("%s: %zu values\n\nbits  quantizer                bits/value  SQNR dB\n", path.c_str(), x.size());

  line lines[] = {{"uniform, one scale"}, {"uniform, 32 to a scale"}, {"Lloyd-Max, one table"}};
  const auto at = [&]<int Bits>(std::integral_constant<int, Bits>) {
    lines[0].add(Bits, compare(x, quantize<unsigned_integer<Bits>>(x)));
    lines[1].add(Bits, compare(x, quantize<integer<Bits>>(x, symmetric, per_group{0, 32})));
    lines[2].add(Bits, compare(x, lloyd_max<Bits>(x).quantize(x)));
  };
  [&]<int... I>(std::integer_sequence<int, I...>) {
    (at(std::integral_constant<int, I + 2>{}), ...);  // 2 to 8 bits
  }(std::make_integer_sequence<int, 7>{});

  std::printf("\nFor %.0f dB, bits per value:\n", enough);
  for (const line& l : lines) std::printf("  %-26s %6.2f\n", l.name, l.cheapest);  // 0: none of these widths

  std::ofstream script("bit_depths.gp");
  script << "set terminal svg size 800,500 background 'white'\nset output 'bit_depths.svg'\nset grid\n"
         << "set key left top Left reverse\nset xlabel 'bits per value, scales and tables included'\nset ylabel 'SQNR "
            "in dB'\n";
  for (int i = 0; i < 3; ++i) script << "$line" << i << " << END\n" << lines[i].points.str() << "END\n";
  script << "plot " << enough << " title 'enough' with lines dashtype 2";
  for (int i = 0; i < 3; ++i)
    script << ", $line" << i << " title '" << lines[i].name << "' with linespoints lw 2 pt " << 2 * i + 5;
  script << '\n';
  script.close();
  const bool drawn = std::system("gnuplot bit_depths.gp") == 0;
  std::printf("\n%s\n", drawn ? "drawn: bit_depths.svg" : "no gnuplot here: the bars above are the picture");
}
