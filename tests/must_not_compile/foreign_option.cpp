// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/equant.hpp>

using namespace equant;

auto refused(const Eigen::MatrixXf& w) { return quantize<int8>(w, 3); }
