// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 05. Granularity: how many values share a scale.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/05_granularity.cpp -o 05 && ./05
//
// Teaches: one scale for a whole matrix must suit its largest row, and then small rows lose everything. A scale per row
// (per channel) costs next to nothing and mends that; a scale per group of neighbours mends large values inside a row
// as well, and costs bits: count them before comparing.
//
// To experiment: try groups of 8 and 128; replace int4 by int8 and see how little is left to mend; replace w by
// a matrix of your own: io::load_npy("w.npy").to<Eigen::MatrixXf>() (equant/io/npy.hpp).
#include <equant/equant.hpp>

#include <cmath>
#include <cstdio>

using namespace equant;

template <class Granularity>
void show_row(const char* name, const Eigen::MatrixXf& w, Granularity shared_by) {
  const auto q = quantize<int4>(w, symmetric, shared_by);
  const Eigen::MatrixXf back = dequantize(q);
  const auto small_row = w.row(0), middle_row = w.row(16), large_row = w.row(31);
  std::printf("%-24s %7d %10.2f %9.2f %10.2f %10.2f %10.2f\n", name, static_cast<int>(q.scales().size()),
              q.bits_per_value(), compare(w, back).sqnr_db, compare(small_row, back.row(0)).sqnr_db,
              compare(middle_row, back.row(16)).sqnr_db, compare(large_row, back.row(31)).sqnr_db);
}

int main() {
  // 32 output channels of 256 weights; from the first to the last their size grows a hundredfold, and every 64th weight
  // of a channel is five times as large as its neighbours.
  splitmix64 random(5);
  const Eigen::MatrixXf w = Eigen::MatrixXf::NullaryExpr(32, 256, [&](Eigen::Index row, Eigen::Index column) {
    const double u = random.uniform(), v = random.uniform(), outlier = column % 64 == 17 ? 5 : 1;
    const double size = 0.01 * std::pow(100.0, static_cast<double>(row) / 31);
    return static_cast<float>(outlier * size * std::sqrt(-2 * std::log(1 - u)) * std::cos(6.28318531 * v));
  });

  std::printf("32 x 256 weights in int4                              SQNR in dB, more is better\n");
  std::printf("one scale per ...         scales  bits/value      all   smallest     middle    largest row\n");
  show_row("matrix", w, per_tensor);
  show_row("column", w, per_axis{1});
  show_row("row (output channel)", w, per_axis{0});
  show_row("64 weights of a row", w, per_group{1, 64});
  show_row("16 weights of a row", w, per_group{1, 16});

  std::printf(
      "\nWith one scale the whole looks bearable, because large rows dominate its figure, while the smallest row is\n"
      "gone: 0 dB means that the error is as large as the weights. A scale per column looks better still, and the\n"
      "smallest row is gone all the same: one figure for everything hides what it loses. A scale per row brings all\n"
      "rows to one level. Groups go further, and a float scale for each 16 weights costs 2 bits per weight, which is\n"
      "why block formats keep theirs in 16 or 8 bits. The same matrix in two of them:\n\n");
  std::printf("q4_0 (groups of 32)  %6.2f bits/value  %6.2f dB\n", quantize<q4_0>(w).bits_per_value(),
              compare(w, quantize<q4_0>(w)).sqnr_db);
  std::printf("mxfp4 (groups of 32) %6.2f bits/value  %6.2f dB\n", quantize<mxfp4>(w).bits_per_value(),
              compare(w, quantize<mxfp4>(w)).sqnr_db);
}
