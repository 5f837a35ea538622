// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/quantize.hpp>

using namespace equant;

auto refused(const Eigen::MatrixXf& w) { return quantize<fp8_e4m3>(w, asymmetric); }
