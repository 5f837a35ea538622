// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Built with -fno-exceptions: every header but those of io and nn compiles, and a failure goes to the program's
// handler, with the message an exception would carry. Where the handler returns, the program ends by std::abort.
#include <no_exceptions.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

int main() {
  using namespace equant;
  static bool told = false;
  Eigen::MatrixXf w = Eigen::MatrixXf::Random(8, 8);
  if (compare(w, quantize<int8>(w)).sqnr_db < 30) return 1;
  set_failure_handler([](failure kind, const char* message) {
    told = kind == failure::invalid_argument && std::strstr(message, "row 2, column 3") != nullptr;
    std::fprintf(stderr, "%s\n", message);
  });
  std::signal(SIGABRT, [](int) { std::_Exit(told ? 0 : 1); });
  w(2, 3) = std::numeric_limits<float>::quiet_NaN();
  quantize<int8>(w);
  return 1;  // not reached
}
