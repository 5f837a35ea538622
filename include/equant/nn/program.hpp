// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/executor_ref.hpp>
#include <equant/nn/memory_plan.hpp>

#include <functional>
#include <span>

/// A network as an engine runs it: steps over planned memory.
namespace equant::inline EQUANT_ABI::nn::compiling {

/// What a step sees: memory, the outside, threads.
struct running {
  std::uint8_t* memory;
  const lifetime* pieces;
  std::span<const std::span<const float>> inputs;
  std::span<const std::span<float>> outputs;
  executor_ref threads;

  template <class T>
  T* at(int piece) const {
    return reinterpret_cast<T*>(memory + pieces[piece].offset);
  }
};

using step = std::function<void(const running&)>;

struct program {
  std::vector<step> once, steps;  ///< constants; what every run does
  std::vector<lifetime> pieces;
  std::vector<shape> inputs, outputs;
  int threads = 1;
};

}  // namespace equant::inline EQUANT_ABI::nn::compiling
