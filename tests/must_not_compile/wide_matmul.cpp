// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/matmul.hpp>

using namespace equant;

auto refused(const quantized<integer<12>>& a) { return matmul(a, a); }
