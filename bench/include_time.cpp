// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// What `#include <equant/equant.hpp>` costs to compile beside `#include <Eigen/Core>`: user seconds, the best of five,
// for each compiler that is there. Call it alone on the machine.

#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

double user_seconds() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) + 1e-6 * static_cast<double>(usage.ru_utime.tv_usec);
}

/// Best of five, or a negative number where the compiler is missing.
double compile(const std::string& compiler, const std::string& header) {
  const std::string source = "include_time_tmp.cpp";
  std::ofstream(source) << "#include <" << header << ">\n";
  const std::string command = compiler +
                              " -std=c++20 -c -o /dev/null -I" EQUANT_INCLUDE " -isystem " EIGEN_INCLUDE " " + source +
                              " >/dev/null 2>&1";
  double best = -1;
  for (int i = 0; i < 5; ++i) {
    const double before = user_seconds();
    if (std::system(command.c_str()) != 0) return -1;
    const double took = user_seconds() - before;
    best = best < 0 ? took : std::min(best, took);
  }
  std::remove(source.c_str());
  return best;
}

}  // namespace

int main() {
  std::printf("%-10s %14s %14s %8s\n", "compiler", "equant.hpp s", "Eigen/Core s", "ratio");
  for (const char* compiler : {"g++", "clang++"}) {
    const double eigen = compile(compiler, "Eigen/Core");
    const double equant = compile(compiler, "equant/equant.hpp");
    if (eigen < 0 || equant < 0) {
      std::printf("%-10s not here\n", compiler);
      continue;
    }
    std::printf("%-10s %14.2f %14.2f %8.2f\n", compiler, equant, eigen, equant / eigen);
  }
}
