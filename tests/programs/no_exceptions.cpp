// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Built with -fno-exceptions: a failure goes to the program's handler, with the message an exception would carry.
#include <equant/equant.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>

int main() {
  using namespace equant;
  Eigen::MatrixXf w = Eigen::MatrixXf::Random(8, 8);
  if (compare(w, quantize<int8>(w)).sqnr_db < 30) return 1;
  set_failure_handler([](failure kind, const char* message) {
    const bool expected = kind == failure::invalid_argument && std::strstr(message, "row 2, column 3") != nullptr;
    std::printf("%s\n", message);
    std::exit(expected ? 0 : 1);
  });
  w(2, 3) = std::numeric_limits<float>::quiet_NaN();
  quantize<int8>(w);
  return 1;  // not reached: the handler does not return
}
