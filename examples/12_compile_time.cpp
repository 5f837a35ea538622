// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 12. Quantization at compile time, for firmware.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/12_compile_time.cpp -o 12 && ./12
//
// Teaches: everything about a table that is known beforehand can be done by the compiler. The floats, the search for
// the range and the rounding leave no trace in the program; only codes remain, in read-only memory (flash), and what
// the firmware does with them is integer arithmetic. static_assert holds the table to its promise before anything runs.
//
// To experiment: make the table int4 (half the bytes) and see which static_assert refuses. Look for the table by
// objdump -s -j .rodata 12.
#include <equant/equant.hpp>

#include <array>
#include <cstdio>

using namespace equant;

// A low-pass filter, as its designer wrote it down.
constexpr std::array taps = {-0.011f, 0.0f, 0.085f, 0.25f, 0.352f, 0.25f, 0.085f, 0.0f, -0.011f};

// What is flashed: 9 codes and one scale. Symmetric: the zero point is 0, so that no product has to correct for it.
constexpr auto table = quantize<int8>(taps, symmetric);

static_assert(sizeof(table) < sizeof(taps), "the point of it all");
static_assert(table.zero_point() == 0);
static_assert(table.code(4) == 127, "the largest tap uses the whole range");
static_assert(table.code(0) == table.code(8), "still a symmetric filter: no phase is distorted");

constexpr bool every_error_below(float limit) {
  const auto back = dequantize(table);
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const float error = back[i] - taps[i];
    if (error > limit || error < -limit) return false;
  }
  return true;
}
static_assert(every_error_below(0.0015f), "half a step of 0.352 / 127");

// A tap as an integer; codes are kept as bytes, in two's complement.
constexpr int tap(int i) { return int8::value(table.code(i)); }

// What the firmware runs on samples of its converter: integers alone. One multiplication by the scale, somewhere later,
// gives physical units; where no float is wanted at all, a multiplier and a shift do (example 09).
constexpr int filter(const std::array<int, 9>& samples) {
  int sum = 0;
  for (int i = 0; i < 9; ++i) sum += tap(i) * samples[static_cast<std::size_t>(i)];
  return sum;
}
static_assert(filter({100, 100, 100, 100, 100, 100, 100, 100, 100}) > 0, "it can even be tried at compile time");

int main() {
  std::printf("tap      float   code  means\n");
  const auto back = dequantize(table);
  for (int i = 0; i < table.count(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    std::printf("%3d  %9.4f  %5d  %9.4f\n", i, taps[at], tap(i), back[at]);
  }
  std::printf("%zu bytes in flash instead of %zu.\n\n", table.size_bytes(), sizeof(taps));

  const std::array<int, 9> samples = {10, 12, 9, 55, 11, 10, 8, 12, 10};  // one is disturbed
  float exact = 0;
  for (std::size_t i = 0; i < 9; ++i) exact += taps[i] * static_cast<float>(samples[i]);
  std::printf("A filtered sample: %.3f by integers, %.3f by floats.\n",
              table.scale() * static_cast<float>(filter(samples)), exact);
}
