// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/quantize.hpp>

#include "model.hpp"

namespace program {

/// The width of each layer's weights for the budget or target that was given, `o` being how the network will be
/// quantized. Prints what each layer gets and costs, and what other sizes would; writes and draws the curve of size
/// against error where files are named.
std::vector<equant::nn::layer_width> chosen_widths(const quantize_options& given, const equant::nn::graph& net,
                                                   const equant::nn::tensor& inputs,
                                                   const equant::nn::quantize_options& o);

}  // namespace program
