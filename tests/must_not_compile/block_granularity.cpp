// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/quantize.hpp>

auto q = equant::quantize<equant::mxfp4>(Eigen::MatrixXf(4, 64), equant::per_axis{0});
