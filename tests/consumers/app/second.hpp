// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

/// The SQNR in dB of int8 on a column-major matrix, computed in the other translation unit.
double second_opinion(const float* x, long rows, long cols);
