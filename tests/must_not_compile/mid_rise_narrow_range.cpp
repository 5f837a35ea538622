// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/equant.hpp>

using namespace equant;

auto refused(const Eigen::MatrixXf& w) { return quantize<narrow_int8>(w, mid_rise); }
