// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace program {

/// How a network is trained at few bits.
struct training_options {
  std::string model, train;
  std::string labels;                ///< .npy of class numbers; empty: it learns the float network's answers
  std::string test, test_labels;     ///< what accuracy is measured on; empty: not measured
  float divide = 1;                  ///< what inputs are divided by
  int epochs = 10, batch = 32;
  double rate = 0.02;                ///< in steps of the weights' quantization
  std::uint64_t seed = 1;
  std::string method = "lsq_plus";   ///< how grids learn, or fbgemm: PyTorch's default configuration
  std::vector<std::string> keep_float;
};

/// `equant finetune`: a network trained at few bits, the best of its epochs kept in a file.
struct finetune_options : training_options {
  std::string output;
  int weight_bits = 8, activation_bits = 8;
};
void finetune(const finetune_options& options);

/// `equant compare-training`: float, quantized after training and trained at few bits, side by side.
struct compare_training_options : training_options {
  std::vector<int> bits{8, 4, 3, 2};
  int activation_bits = 0;           ///< 0: as many as the weights
  std::string csv, svg, png;         ///< empty: none
};
void compare_training(const compare_training_options& options);

/// One network of that comparison.
struct trained_network {
  std::string method;                ///< "float", "after training", "in training"
  int bits = 32;
  double file_bytes = 0;
  double weight_bytes = 0;           ///< weights, scales and biases, codes packed at their width
  double accuracy = 0, milliseconds = 0;
};

/// Accuracy, size and time against bits, through gnuplot; `terminal`: "svg" or "pngcairo".
void plot_training(const std::vector<trained_network>& rows, const std::string& title, const std::string& terminal,
                   const std::string& path);

}  // namespace program
