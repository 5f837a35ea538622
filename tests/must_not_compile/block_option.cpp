// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/quantize.hpp>

auto q = equant::quantize<equant::q4_0>(Eigen::MatrixXf(4, 64), equant::asymmetric);
