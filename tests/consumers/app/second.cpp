// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "second.hpp"

#include <equant/core/tensor.hpp>
#include <equant/equant.hpp>
#include <equant/io/npy.hpp>
#include <equant/metrics/theory.hpp>
#include <equant/sweep/table.hpp>

double second_opinion(const float* x, long rows, long cols) {
  const Eigen::Map<const Eigen::MatrixXf> m(x, rows, cols);
  return equant::compare(m, equant::quantize<equant::int8>(m)).sqnr_db;
}
