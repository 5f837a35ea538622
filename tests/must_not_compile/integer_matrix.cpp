// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/equant.hpp>

using namespace equant;

auto refused(const Eigen::MatrixXi& w) { return quantize<int8>(w); }
