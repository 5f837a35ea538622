// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/formats/integer.hpp>

constexpr int refused = equant::integer<17>::bits;
