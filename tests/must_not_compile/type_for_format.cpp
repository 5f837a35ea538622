// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/quantize.hpp>

using namespace equant;

auto refused(const Eigen::MatrixXf& w) { return quantize<std::int8_t>(w); }
