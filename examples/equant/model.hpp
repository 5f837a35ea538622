// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace program {

/// `equant quantize`: a network on integer grids.
struct quantize_options {
  std::string model, output;
  std::string calibration;                ///< .npy; empty: weights only
  float divide = 1;                       ///< what inputs are divided by, pixels by 255 say
  std::string activation_bits = "8";      ///< a number, or "float"
  int weight_bits = 8;
  std::optional<double> average_bits;     ///< at most one of these four: a width for each layer's weights, so that
  std::optional<std::size_t> bytes;       ///< bits on average, or weights and scales, stay within a budget,
  std::optional<double> sqnr;             ///< or the output's SQNR in dB,
  std::optional<double> same_answers;     ///< or the answers as in float, in percent, reach a target
  std::string csv, svg, png;              ///< of the curve of size against error; empty: none
  long group = 0;                         ///< inputs of dense layers that share a scale; 0: a scale per output
  bool codebooks = false;                 ///< weights on levels of each channel's own, not on integers
  std::string calibrator = "automatic";
  std::string method = "gptq";            ///< how weights are rounded
  std::string equalize = "automatic";
  bool per_tensor = false, symmetric = false, no_bias_correction = false;
  std::vector<std::string> keep_float;
  std::string html;                       ///< a report; empty: none
};
void quantize(const quantize_options& options);

/// `equant run`: a network on equant's own kernels.
struct run_options {
  std::string model, input, output;
  float divide = 1;
  std::string output_name;                ///< empty: the first
  int repeat = 1, threads = 1;
};
void run(const run_options& options);

/// `equant inspect`: what a network is made of.
void inspect(const std::string& model);

/// `equant compare`: a float network and a quantized one, layer by layer.
struct compare_options {
  std::string first, second, input;
  float divide = 1;
  std::string labels;                     ///< .npy of class numbers; empty: none
  std::string html;                       ///< empty: none
  long limit = 64;                        ///< inputs for the report by layers
  std::vector<std::pair<std::string, std::string>> chosen{};  ///< what the quantizer chose, and why
};
void compare(const compare_options& options);

}  // namespace program
