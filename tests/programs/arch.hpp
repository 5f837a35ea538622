// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

// Two translation units of one program, compiled for different machines: codes and floats cross as spans and pointers.
namespace baseline {
const char* isa();
void quantize(std::span<const float> x, float scale, std::int32_t zero_point, std::span<std::uint8_t> codes);
void dequantize(const std::uint8_t* codes, std::size_t count, float scale, std::int32_t zero_point, float* x);
}  // namespace baseline
namespace v3 {
const char* isa();
void quantize(std::span<const float> x, float scale, std::int32_t zero_point, std::span<std::uint8_t> codes);
void dequantize(const std::uint8_t* codes, std::size_t count, float scale, std::int32_t zero_point, float* x);
}  // namespace v3
