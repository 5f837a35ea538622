// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/formats/e8m0.hpp>
#include <equant/formats/integer.hpp>
#include <equant/formats/iq4.hpp>
#include <equant/formats/nf4.hpp>
#include <equant/storage/block.hpp>

/// The block schemes by the names they are known by, each with its bits per value where no block is ragged.
namespace equant::inline EQUANT_ABI {

// OCP Microscaling 1.0 (2023).
using mxfp8_e4m3 = block<fp8_e4m3, cast<e8m0>, 32, no_offset, rules::power_of_two>;     // 8.25
using mxfp8_e5m2 = block<fp8_e5m2, cast<e8m0>, 32, no_offset, rules::power_of_two>;     // 8.25
using mxfp6_e3m2 = block<fp6_e3m2, cast<e8m0>, 32, no_offset, rules::power_of_two>;     // 6.25
using mxfp6_e2m3 = block<fp6_e2m3, cast<e8m0>, 32, no_offset, rules::power_of_two>;     // 6.25
using mxfp4 = block<fp4_e2m1, cast<e8m0>, 32, no_offset, rules::power_of_two_ggml>;     // 4.25
/// Its scales are 2^-6 times those of the specification, whose elements are fractions; code -128 is not used.
using mxint8 = block<narrow_int8, cast<e8m0>, 32, no_offset, rules::power_of_two>;      // 8.25

// NVIDIA, 2025: one float per tensor over the scales.
using nvfp4 = block<fp4_e2m1, block<fp8_e4m3, raw<>, whole>, 16>;                       // 4.5

// QLoRA (Dettmers et al., 2023); the scales in 16 bits, or quantized once more.
using nf4_blocks = block<nf4, cast<fp16>, 64>;                                          // 4.25
using nf4_double = block<nf4, block<uint8, raw<>, 256, raw<>>, 64>;                     // 4.13

// ggml.
using q4_0 = block<int4, cast<fp16>, 32, no_offset, rules::signed_ggml>;                // 4.5
using q4_1 = block<uint4, cast<fp16>, 32, cast<fp16>, rules::range_ggml>;               // 5
using q5_0 = block<int5, cast<fp16>, 32, no_offset, rules::signed_ggml>;                // 5.5
using q5_1 = block<uint5, cast<fp16>, 32, cast<fp16>, rules::range_ggml>;               // 6
using q8_0 = block<int8, cast<fp16>, 32, no_offset, rules::magnitude_ggml>;             // 8.5
using iq4_nl = block<iq4, cast<fp16>, 32, no_offset, rules::weighted_ggml>;             // 4.5
using iq4_xs = block<iq4, block<int6, cast<fp16>, 8>, 32, no_offset, rules::least_error>;             // 4.25
using tq2_0 = block<narrow_integer<2>, cast<fp16>, 256, no_offset, rules::magnitude_ggml>;            // 2.06

// Two levels; all of ggml's encoders search, and so do these.
using q2_k = block<uint2, block<uint4, cast<fp16>, 16>, 16, block<uint4, cast<fp16>, 16>, rules::least_error>;  // 2.625
using q3_k = block<int3, block<int6, cast<fp16>, 16>, 16, no_offset, rules::least_error>;                       // 3.44
using q4_k = block<uint4, block<uint6, cast<fp16>, 8>, 32, block<uint6, cast<fp16>, 8>, rules::least_error>;    // 4.5
using q5_k = block<uint5, block<uint6, cast<fp16>, 8>, 32, block<uint6, cast<fp16>, 8>, rules::least_error>;    // 5.5
using q6_k = block<int6, block<int8, cast<fp16>, 16>, 16, no_offset, rules::least_error>;                       // 6.56

}  // namespace equant::inline EQUANT_ABI
