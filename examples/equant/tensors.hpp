// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/graph.hpp>

#include <string>
#include <vector>

/// What the commands on networks share.
namespace program {

/// A .npy file of numbers, as float, divided by a number.
equant::nn::tensor load_tensor(const std::string& path, float divisor = 1);
void save_tensor(const std::string& path, const equant::nn::tensor& x);

/// Class numbers.
std::vector<long> load_labels(const std::string& path);

/// The place of the largest value in each row.
std::vector<long> top1(const equant::nn::tensor& logits);
/// The part of places where a and b agree.
double agreement(const std::vector<long>& a, const std::vector<long>& b);

/// A bar that grows on the terminal's last line, on stderr; nothing where that is no terminal.
void show_progress(const char* what, long done, long all);

/// "12.3 KB".
std::string in_bytes(std::size_t n);

}  // namespace program
