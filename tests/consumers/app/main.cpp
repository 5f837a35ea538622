// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Every public header in two translation units of one program: what is defined in a header is defined once.
#include "second.hpp"

#include <equant/core/tensor.hpp>
#include <equant/core/version.hpp>
#include <equant/equant.hpp>
#include <equant/io/npy.hpp>
#include <equant/metrics/theory.hpp>
#include <equant/sweep/table.hpp>

#include <cstdio>
#include <string>

int main() {
  const std::string version = std::to_string(EQUANT_VERSION_MAJOR) + "." + std::to_string(EQUANT_VERSION_MINOR) +
                              "." + std::to_string(EQUANT_VERSION_PATCH);
  const Eigen::MatrixXf x = Eigen::MatrixXf::Random(40, 30);
  const auto q = equant::quantize<equant::int8>(x);
  const double here = equant::compare(x, q).sqnr_db, there = second_opinion(x.data(), x.rows(), x.cols());
  std::printf("equant %s: %.3f dB here, %.3f dB there\n", version.c_str(), here, there);
  return version == WANTED_VERSION && here == there && here > 40 ? 0 : 1;
}
