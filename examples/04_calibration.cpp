// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 04. Calibration: choosing the range that codes stand for.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/04_calibration.cpp -o 04 && ./04
//
// Teaches: what flows through a network is not known beforehand, so one looks at samples and chooses a range. Too
// narrow, and values are clipped; too wide, and the step is coarse for all. Calibrators differ in how they weigh the
// two.
//
// The pitfalls: no calibration (a guessed range), calibration on too little, the largest value believed blindly, and
// judging a range by the very data it was made from: here every row is tried on a batch that no calibrator has seen.
//
// To experiment: make the outliers rarer or larger; use int4 for int8, where clipping pays more; drop the outliers and
// see min_max win.
#include <equant/calibration/aciq.hpp>
#include <equant/calibration/entropy.hpp>
#include <equant/equant.hpp>

#include <cmath>
#include <cstdio>

using namespace equant;

// What a layer puts out: mostly between -4 and 4, and one value in 2000 is ten times as large.
Eigen::MatrixXf next_batch(splitmix64& random, int rows = 64) {
  return Eigen::MatrixXf::NullaryExpr(rows, 128, [&] {
    const double u = random.uniform(), v = random.uniform(), outlier = random.uniform() < 0.0005 ? 10 : 1;
    return static_cast<float>(outlier * std::sqrt(-2 * std::log(1 - u)) * std::cos(6.28318531 * v));
  });
}

void show_row(const char* name, const parameters<affine>& chosen, const Eigen::MatrixXf& unseen) {
  const auto e = compare(unseen, uniform_quantizer<int8>(chosen).quantize(unseen));
  std::printf("%-30s %8.4f %9.1f %10.3f %% %11.2f %10.4f\n", name, chosen.scales()[0],
              255 * chosen.scales()[0], 100 * e.clipped, e.sqnr_db, e.mae);
}

template <class Calibrator>
void try_out(const char* name, Calibrator calibrator, const std::vector<Eigen::MatrixXf>& batches,
             const Eigen::MatrixXf& unseen) {
  for (const auto& batch : batches) calibrator.observe(batch);  // it streams: memory does not grow with the data
  show_row(name, calibrator.template params<int8>(symmetric), unseen);
}

int main() {
  splitmix64 random(4);
  std::vector<Eigen::MatrixXf> batches(20);
  for (auto& batch : batches) batch = next_batch(random);
  const Eigen::MatrixXf unseen = next_batch(random, 1000);

  std::printf("int8, on a batch nobody has seen    step     range     clipped     SQNR dB  mean |error|\n");
  show_row("no calibration: \"-1 to 1\"", affine{1 / 127.5f, 0}, unseen);
  show_row("no calibration: \"-200 to 200\"", affine{200 / 127.5f, 0}, unseen);
  try_out("min_max, on 8 values", min_max{}, {batches[0].topLeftCorner(2, 4)}, unseen);
  try_out("min_max", min_max{}, batches, unseen);
  try_out("moving_average", moving_average{}, batches, unseen);
  try_out("percentile 99", percentile{99}, batches, unseen);
  try_out("percentile 99.99", percentile{99.99}, batches, unseen);
  try_out("mse: least squared error", mse{}, batches, unseen);
  try_out("entropy (TensorRT's way)", entropy{}, batches, unseen);
  try_out("aciq: from a fitted curve", aciq{}, batches, unseen);
  try_out("automatic: the default advice", automatic{}, batches, unseen);

  std::printf(
      "\nA guess clips much or wastes nearly all codes. min_max keeps every outlier and pays with the step; a\n"
      "percentile, entropy and aciq give the many values a finer step and clip the few; mse finds the balance of\n"
      "least squared error on what it saw; on what comes next a neighbour may do as well. Which matter\n"
      "more, the many or the few, only the task can say: validate.\n");
}
