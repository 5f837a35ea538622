// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/formats/minifloat.hpp>

constexpr int refused = equant::minifloat<1, 2>::bits;
